package local

import (
	"maps"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// counterOf is the name of the counter of a failpoint's hits.
func counterOf(point string) string { return "failpoint/" + point }

// failpoints are the armed failpoints of a node's process.
type failpoints struct {
	count func(name string, delta int64)
	die   func() // does not return

	some  atomic.Bool // whether any is armed: all that an idle failpoint reads
	mu    sync.Mutex
	armed map[string]nemesis.Action
}

func newFailpoints(armed map[string]nemesis.Action, count func(string, int64)) *failpoints {
	f := &failpoints{count: count, die: killSelf, armed: map[string]nemesis.Action{}}
	maps.Copy(f.armed, armed)
	f.some.Store(len(f.armed) > 0)
	return f
}

// arm makes the next pass of the point do the action; the zero action disarms.
func (f *failpoints) arm(point string, action nemesis.Action) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if action == (nemesis.Action{}) {
		delete(f.armed, point)
	} else {
		f.armed[point] = action
	}
	f.some.Store(len(f.armed) > 0)
}

// take disarms the point and returns what it was armed with.
func (f *failpoints) take(point string) (action nemesis.Action, hit bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	action, hit = f.armed[point]
	delete(f.armed, point)
	f.some.Store(len(f.armed) > 0)
	return action, hit
}

func (f *failpoints) pass(point string) {
	if f.some.Load() {
		f.passArmed(point)
	}
}

func (f *failpoints) passArmed(point string) {
	action, hit := f.take(point)
	if !hit {
		return
	}
	f.count(counterOf(point), 1)
	time.Sleep(action.Delay)
	if action.Crash {
		f.die()
	}
}

// killSelf ends the process the way that the testbed does.
func killSelf() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}
