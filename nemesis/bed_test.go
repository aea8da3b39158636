package nemesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bed is a testbed of pretence: it keeps the state that calls lead to, and notes
// calls that make no sense in it.
type bed struct {
	callTime  time.Duration // of every call
	startTime time.Duration // of Start, in addition
	passAfter time.Duration // until an armed failpoint is passed; 0: never
	idle      bool          // no traffic, so no evidence
	fail      func(call, node string) error

	mu     sync.Mutex
	nodes  map[string]*bedNode
	matrix Matrix
	stats  map[Link]LinkStats
	calls  []string
	wrong  []string
}

type bedNode struct {
	up, paused, busy bool
	boot             int
	down             chan struct{}
	settings         map[string]string
	armed            map[string]Action
	counters         map[string]int64
}

func newBed(env Env) *bed {
	b := &bed{nodes: map[string]*bedNode{}, stats: map[Link]LinkStats{}, matrix: Matrix{}}
	for _, name := range env.Nodes {
		b.nodes[name] = &bedNode{
			up: true, boot: 1, down: make(chan struct{}), settings: map[string]string{},
			armed: map[string]Action{}, counters: map[string]int64{},
		}
	}
	for _, l := range everyLink(env.Nodes, env.Clients) {
		b.stats[l] = LinkStats{}
	}
	return b
}

// call does something to one node, alone, in its time.
func (b *bed) call(name, node string, extra time.Duration, do func(n *bedNode) string) error {
	b.mu.Lock()
	n := b.nodes[node]
	b.calls = append(b.calls, name+" "+node)
	if n.busy {
		b.wrong = append(b.wrong, name+" of "+node+" overlaps another call")
	}
	n.busy = true
	boot, up := n.boot, n.up
	b.mu.Unlock()
	time.Sleep(b.callTime + extra)
	var err error
	if b.fail != nil {
		err = b.fail(name, node)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n.busy = false
	if err != nil {
		return err
	}
	if n.boot != boot || n.up != up {
		return errors.New("it died meanwhile") // at a failpoint: nobody's fault
	}
	if wrong := do(n); wrong != "" {
		b.wrong = append(b.wrong, name+" of "+node+": "+wrong)
		return errors.New(wrong)
	}
	return nil
}

func (b *bed) die(n *bedNode) {
	n.up, n.paused = false, false
	clear(n.armed)
	clear(n.settings) // as a testbed may: who wants them sets them again
	close(n.down)
}

func (b *bed) Kill(_ context.Context, node string) (Death, error) {
	var death Death
	err := b.call("kill", node, 0, func(n *bedNode) string {
		if !n.up {
			return "it is down"
		}
		if n.settings[SettingTorn] == tornAlways {
			n.counters[counterTorn]++
		}
		b.die(n)
		death = Death{node, n.boot, 3, 120}
		return ""
	})
	return death, err
}

func (b *bed) Boot(_ context.Context, node string) error {
	return b.call("start", node, b.startTime, func(n *bedNode) string {
		if n.up {
			return "it runs"
		}
		n.up, n.boot, n.down = true, n.boot+1, make(chan struct{})
		return ""
	})
}

func (b *bed) Pause(_ context.Context, node string) error {
	return b.call("pause", node, 0, func(n *bedNode) string {
		if !n.up || n.paused {
			return "it is down or paused"
		}
		n.paused = true
		return ""
	})
}

func (b *bed) Resume(_ context.Context, node string) error {
	return b.call("resume", node, 0, func(n *bedNode) string {
		if !n.paused {
			return "it is not paused"
		}
		n.paused = false
		return ""
	})
}

func (b *bed) Set(_ context.Context, node, name, value string) error {
	return b.call("set", node, 0, func(n *bedNode) string {
		if !n.up || n.paused {
			return "it is down or paused"
		}
		n.settings[name] = value
		if name == SettingRefuseKey && value != "" && !b.idle {
			n.counters[counterRefused] += 2
		}
		if name == SettingSlowDisk && value != "" && !b.idle {
			n.counters[counterSlowDisk] += 3
		}
		return ""
	})
}

func (b *bed) Arm(_ context.Context, node, point string, action Action) error {
	return b.call("arm", node, 0, func(n *bedNode) string {
		if !n.up || n.paused {
			return "it is down or paused"
		}
		n.armed[point] = action
		if action == (Action{}) {
			delete(n.armed, point)
		} else if b.passAfter > 0 {
			boot := n.boot
			time.AfterFunc(b.passAfter, func() { b.pass(n, boot, point) })
		}
		return ""
	})
}

func (b *bed) pass(n *bedNode, boot int, point string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	action, armed := n.armed[point]
	if !armed || n.boot != boot || !n.up || n.paused {
		return
	}
	delete(n.armed, point)
	n.counters[counterFailpoint+point]++
	time.AfterFunc(action.Delay, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if n.up && n.boot == boot {
			b.die(n)
		}
	})
}

func (b *bed) Counter(node, name string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.nodes[node].counters[name]
}

func (b *bed) Down(node string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.nodes[node].down
}

func (b *bed) Apply(_ context.Context, m Matrix) error {
	time.Sleep(b.callTime)
	if b.fail != nil {
		if err := b.fail("apply", ""); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.matrix = maps.Clone(m)
	b.calls = append(b.calls, fmt.Sprintf("apply %d", len(m)))
	for l, s := range b.stats {
		if !b.idle {
			b.stats[l] = s.plus(traffic(m[l]))
		}
	}
	return nil
}

// traffic is what happens on a link as soon as it has a condition.
func traffic(c Condition) LinkStats {
	if c.Cut {
		return LinkStats{Withheld: 100, Blocked: 1}
	}
	s := LinkStats{Passed: 50}
	for _, x := range []struct {
		on    bool
		count *int64
	}{
		{c.Delay > 0, &s.Delayed}, {c.Loss > 0, &s.Dropped}, {c.Duplicate > 0, &s.Duplicated},
		{c.Reorder > 0, &s.Reordered}, {c.Split > 0, &s.Split}, {c.Merge > 0, &s.Merged},
	} {
		if x.on {
			*x.count = 1
		}
	}
	return s
}

func (b *bed) Reset(_ context.Context, links []Link) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range links {
		if !b.idle {
			b.stats[l] = b.stats[l].plus(LinkStats{Resets: 1})
		}
	}
	return nil
}

func (b *bed) LinkStats() map[Link]LinkStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.stats)
}

// unhealed says what is not as it was at the start.
func (b *bed) unhealed() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var left []string
	if len(b.matrix) > 0 {
		left = append(left, fmt.Sprintf("network: %v", b.matrix))
	}
	for name, n := range b.nodes {
		if !n.up || n.paused || len(n.armed) > 0 {
			left = append(left, fmt.Sprintf("%s: up %v, paused %v, armed %v", name, n.up, n.paused, n.armed))
		}
		for setting, value := range n.settings {
			if value != "" {
				left = append(left, fmt.Sprintf("%s: %s is %q", name, setting, value))
			}
		}
	}
	return left
}

// diary is a Log that remembers.
type diary struct {
	mu    sync.Mutex
	lines []string
	open  map[string]bool
}

func (d *diary) Begin(s Step) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = map[string]bool{}
	}
	d.open[s.Name] = true
	d.lines = append(d.lines, "begin "+s.Name)
}

func (d *diary) End(s Step, out Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, s.Name)
	d.lines = append(d.lines, fmt.Sprintf("end %s %v", s.Name, out.Effect))
}

// testEnv is an environment in which everything can be done.
func testEnv(nodes, clients int) Env {
	env := Env{
		Failpoints: []string{"between-sends", "before-fsync"}, RefusesKeys: true, KeyPatterns: []string{"k1", "k[0-4]"},
		PeerFrames: true, ClientFrames: true, Abilities: AbilitiesOf(&bed{}),
	}
	for i := range nodes {
		env.Nodes = append(env.Nodes, fmt.Sprintf("n%d", i+1))
	}
	for i := range clients {
		env.Clients = append(env.Clients, fmt.Sprintf("c%d", i+1))
	}
	return env
}
