package local_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// model is what one node should be like.
type model struct {
	bed         *local.Testbed
	up, paused  bool
	incarnation int
	setting     string
	crashes     int64
}

func (m *model) kill(t *rapid.T, ctx context.Context) {
	death, err := m.bed.Kill(ctx, "n1")
	if !m.up {
		require.ErrorIs(t, err, local.ErrNotRunning)
		return
	}
	require.NoError(t, err)
	require.Equal(t, m.incarnation, death.Incarnation)
	m.up, m.paused = false, false
}

func (m *model) boot(t *rapid.T, ctx context.Context) {
	err := m.bed.Boot(ctx, "n1")
	if m.up {
		require.ErrorIs(t, err, local.ErrRunning)
		return
	}
	require.NoError(t, err)
	m.up = true
	m.incarnation++
}

func (m *model) pause(t *rapid.T, ctx context.Context) {
	err := m.bed.Pause(ctx, "n1")
	if !m.up {
		require.ErrorIs(t, err, local.ErrNotRunning)
		return
	}
	require.NoError(t, err)
	m.paused = true
}

func (m *model) resume(t *rapid.T, ctx context.Context) {
	require.NoError(t, m.bed.Resume(ctx, "n1"))
	m.paused = false
}

func (m *model) set(t *rapid.T, ctx context.Context) {
	m.setting = rapid.StringMatching(`[a-z]{0,5}`).Draw(t, "value")
	require.NoError(t, m.bed.Set(ctx, "n1", "colour", m.setting))
}

func (m *model) crash(t *rapid.T, ctx context.Context) {
	err := m.bed.Arm(ctx, "n1", "p", nemesis.Action{Crash: true})
	if !m.up {
		require.ErrorIs(t, err, local.ErrNotRunning)
		return
	}
	require.NoError(t, err)
	if m.paused {
		require.NoError(t, m.bed.Arm(ctx, "n1", "p", nemesis.Action{}))
		return
	}
	_, err = line(ctx, m.bed, "n1", "point p")
	require.Error(t, err)
	<-m.bed.Down("n1")
	m.up = false
	m.crashes++
}

// check compares the node with the model.
func (m *model) check(t *rapid.T, ctx context.Context) {
	require.Equal(t, !m.up, closed(m.bed.Down("n1")))
	require.Equal(t, m.crashes, m.bed.Counter("n1", "failpoint/p"))
	if !m.up || m.paused {
		return
	}
	reply, err := line(ctx, m.bed, "n1", "setting colour")
	require.NoError(t, err)
	require.Equal(t, m.setting, reply)
}

func TestOneNodeByRandom(t *testing.T) {
	m := &model{bed: started(t, "n1"), up: true, incarnation: 1}
	rapid.Check(t, func(t *rapid.T) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		steps := map[string]func(*rapid.T, context.Context){
			"kill": m.kill, "boot": m.boot, "pause": m.pause, "resume": m.resume, "set": m.set, "crash": m.crash,
		}
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"kill", "boot", "pause", "resume", "set", "crash"}), 1, 6)
		for _, name := range names.Draw(t, "steps") {
			steps[name](t, ctx)
			m.check(t, ctx)
		}
	})
	for _, e := range m.bed.Exits() {
		require.True(t, e.Expected, e)
	}
}

// TestConcurrentFaults looks for races and deadlocks: whatever happens at once,
// every call returns, and errors are those of a node that is or is not running.
func TestConcurrentFaults(t *testing.T) {
	bed := started(t, "n1", "n2")
	ctx := limited(t)
	acts := []func(node string, round int) error{
		func(node string, _ int) error { _, err := bed.Kill(ctx, node); return err },
		func(node string, _ int) error { return bed.Boot(ctx, node) },
		func(node string, _ int) error { return errors.Join(bed.Pause(ctx, node), bed.Resume(ctx, node)) },
		func(node string, round int) error { return bed.Set(ctx, node, "colour", fmt.Sprint(round)) },
		func(node string, _ int) error { return bed.Arm(ctx, node, "p", nemesis.Action{Delay: 1}) },
	}
	var work sync.WaitGroup
	for _, node := range []string{"n1", "n2"} {
		for i, act := range acts {
			work.Go(func() {
				for round := range 10 {
					if err := act(node, round); !tolerable(err) {
						t.Errorf("act %d on %s: %v", i, node, err)
					}
				}
			})
		}
	}
	work.Wait()
	for _, e := range bed.Exits() {
		require.True(t, e.Expected, e)
	}
}

func tolerable(err error) bool {
	return err == nil || errors.Is(err, local.ErrRunning) || errors.Is(err, local.ErrNotRunning) ||
		strings.Contains(err.Error(), "ended before it served") || strings.Contains(err.Error(), "the process is gone")
}

// TestStopAtAnyTime stops a testbed while its nodes boot and die.
func TestStopAtAnyTime(t *testing.T) {
	for i := range 5 {
		bed := newBed(t, nil)
		result := make(chan error, 1)
		go func() { result <- bed.Start(limited(t)) }()
		time.Sleep(time.Duration(i) * 3 * time.Millisecond) // any moment will do
		require.NoError(t, bed.Stop(context.Background()))
		<-result
	}
}
