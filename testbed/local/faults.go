package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// What a nemesis can do here.
var (
	_ nemesis.Links      = (*Testbed)(nil)
	_ nemesis.Processes  = (*Testbed)(nil)
	_ nemesis.Pauses     = (*Testbed)(nil)
	_ nemesis.Failpoints = (*Testbed)(nil)
	_ nemesis.Settings   = (*Testbed)(nil)
	_ nemesis.Counters   = (*Testbed)(nil)
	_ nemesis.Watch      = (*Testbed)(nil)
)

// Apply makes m the state of all links.
func (t *Testbed) Apply(ctx context.Context, m nemesis.Matrix) error { return t.net.Apply(ctx, m) }

// Reset resets the connections over the links.
func (t *Testbed) Reset(ctx context.Context, links []nemesis.Link) error {
	return t.net.Reset(ctx, links)
}

// LinkStats returns what was done to each link so far.
func (t *Testbed) LinkStats() map[nemesis.Link]nemesis.LinkStats { return t.net.LinkStats() }

// current returns a node's running boot, once it has a process.
func (t *Testbed) current(name string) (*node, *boot, error) {
	n, err := t.node(name)
	if err != nil {
		return nil, nil, err
	}
	n.mu.Lock()
	b, err := n.running()
	n.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	<-b.spawned
	return n, b, nil
}

func (t *Testbed) signal(ctx context.Context, n *node, b *boot, sig string) error {
	k, err := t.supervisor()
	if err != nil {
		return err
	}
	if _, err := k.call(ctx, command{Node: n.name, Boot: b.number, Signal: sig}); err != nil {
		return fmt.Errorf("SIG%s to node %s: %w", sig, n.name, err)
	}
	return nil
}

// Kill ends a node with SIGKILL, paused or not, and returns when it is reaped
// and withdrawn from the network. The error of a node that does not run matches
// [ErrNotRunning].
func (t *Testbed) Kill(ctx context.Context, name string) (nemesis.Death, error) {
	n, b, err := t.current(name)
	if err != nil {
		return nemesis.Death{}, fmt.Errorf("kill: %w", err)
	}
	n.mu.Lock()
	b.killed = true
	n.mu.Unlock()
	err = t.signal(ctx, n, b, "KILL")
	select {
	case <-b.gone: // perhaps it was faster than the signal
	case <-ctx.Done():
		return nemesis.Death{}, errors.Join(err, fmt.Errorf("wait for the death of node %s: %w", name, context.Cause(ctx)))
	}
	return nemesis.Death{
		Node: name, Incarnation: b.number, LostWrites: b.exit.LostWrites, LostBytes: b.exit.LostBytes,
	}, nil
}

// Pause stops a node with SIGSTOP and returns when each of its threads is in
// state T. Pausing a paused node does nothing.
func (t *Testbed) Pause(ctx context.Context, name string) error {
	n, b, err := t.current(name)
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	n.setPaused(b, true)
	if err := t.signal(ctx, n, b, "STOP"); err != nil {
		n.setPaused(b, false)
		return err
	}
	return n.awaitThreads(ctx, b, func(threads, stopped int) bool { return threads > 0 && stopped == threads })
}

// Resume lets a paused node go on and returns when none of its threads stands
// still and what it was told meanwhile is in force. A node that is not paused, or has died meanwhile, needs nothing.
func (t *Testbed) Resume(ctx context.Context, name string) error {
	n, b, err := t.current(name)
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	if err := t.signal(ctx, n, b, "CONT"); err != nil && !b.over() {
		return err
	}
	s := n.setPaused(b, false)
	err = n.awaitThreads(ctx, b, func(_, stopped int) bool { return stopped == 0 })
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	if err == nil && s != nil {
		err = s.allSettled(ctx)
	}
	return err
}

// setPaused returns the boot's session, nil if it has none yet.
func (n *node) setPaused(b *boot, paused bool) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	b.paused = paused
	return b.session
}

// awaitThreads polls the states of a process's threads.
func (n *node) awaitThreads(ctx context.Context, b *boot, enough func(threads, stopped int) bool) error {
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	for {
		threads, stopped, err := threadsStopped(b.pid)
		if b.over() || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("node %s: %w", n.name, ErrNotRunning)
		}
		if err != nil {
			return fmt.Errorf("node %s: %w", n.name, err)
		}
		if enough(threads, stopped) {
			return nil
		}
		select {
		case <-tick.C:
		case <-b.gone:
		case <-ctx.Done():
			return fmt.Errorf("node %s: %d of %d threads stand still: %w", n.name, stopped, threads, context.Cause(ctx))
		}
	}
}

// Set gives a node a setting, "" takes it back. It returns when the node has
// acknowledged it; one that is paused gets it before Resume returns, and one
// that is down before it runs.
func (t *Testbed) Set(ctx context.Context, node, name, value string) error {
	n, err := t.node(node)
	if err != nil {
		return err
	}
	if name == SettingClockOffset {
		if _, err := parseOffset(value); err != nil {
			return err
		}
	}
	n.mu.Lock()
	if value == "" {
		delete(n.settings, name)
	} else {
		n.settings[name] = value
	}
	return n.tell(ctx, change{Setting: name, Value: value})
}

// Arm makes the next passage of a failpoint in the node's present incarnation do
// the action, once. It returns when the node has acknowledged it; one that is
// paused gets it before Resume returns. The error of a node that does not run
// matches [ErrNotRunning].
func (t *Testbed) Arm(ctx context.Context, node, point string, action nemesis.Action) error {
	n, err := t.node(node)
	if err != nil {
		return err
	}
	n.mu.Lock()
	if _, err := n.running(); err != nil {
		n.mu.Unlock()
		return fmt.Errorf("arm %s: %w", point, err)
	}
	if action == (nemesis.Action{}) {
		delete(n.armed, point)
	} else {
		n.armed[point] = action
	}
	if _, known := n.doom[point]; action.Crash && !known {
		n.doom[point] = n.counter(counterOf(point))
	}
	return n.tell(ctx, change{Point: point, Action: &action})
}

// tell passes a change on to the node if it runs. It is called with n.mu held,
// so that changes arrive in the order in which they were recorded, and
// releases it.
func (n *node) tell(ctx context.Context, c change) error {
	b, err := n.running()
	if err != nil || b.session == nil {
		n.mu.Unlock()
		return nil
	}
	s, paused := b.session, b.paused
	done, err := s.send(c)
	n.mu.Unlock()
	if err != nil || paused {
		return nil // dying, or it will be read when the node resumes
	}
	if err := s.settled(ctx, done); err != nil {
		return fmt.Errorf("node %s has not acknowledged the change: %w", n.name, err)
	}
	return nil
}

// Counter returns a counter of a node, 0 if it has counted nothing under that
// name. It can be read after the node's death and after Stop.
func (t *Testbed) Counter(node, name string) int64 {
	n, err := t.node(node)
	if err != nil {
		return 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counter(name)
}

// Down returns a channel that is closed when the node is not running. It is the
// channel of the boot that runs now.
func (t *Testbed) Down(name string) <-chan struct{} {
	if n, err := t.node(name); err == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.boot != nil {
			return n.boot.gone
		}
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}
