package nemesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// node is what the nemesis knows of one node. Whoever has the turn may change it
// and may call the testbed about it, so that no two steps do so at once.
type node struct {
	name    string
	turn    turn
	life    *life
	down    bool            // not running, as far as is known
	unsure  bool            // the last start failed: it may run all the same
	keepers map[string]bool // the steps that keep it down
	stopped bool            // paused
	pausers map[string]bool // the steps that keep it paused
	// settings are what the running steps set, the last one first in force.
	settings map[string][]setting
	// stale are settings and failpoints that could not be changed while the
	// node was down or paused.
	staleSettings map[string]bool
	stalePoints   map[string]bool
}

// life is one incarnation of a node, as far as the nemesis has a part in it.
type life struct {
	expected atomic.Bool  // a step is ending it
	armed    atomic.Int32 // so many steps wait for it to crash
	over     chan struct{}
}

type setting struct{ step, value string }

func newNode(name string) *node {
	return &node{
		name: name, turn: newTurn(), life: newLife(),
		keepers: map[string]bool{}, pausers: map[string]bool{}, settings: map[string][]setting{},
		staleSettings: map[string]bool{}, stalePoints: map[string]bool{},
	}
}

func newLife() *life { return &life{over: make(chan struct{})} }

// fate is what a step did to one node.
type fate struct {
	node   string
	effect bool
	text   string
	took   time.Duration // until it served again
}

// The timeouts of calls of the testbed. They end a hang, they do not pace.
const (
	actTimeout   = 10 * time.Second
	startTimeout = 30 * time.Second
)

// bounded returns a context for one call of the testbed. It does not end with
// the run: a fault that is half injected could not be recovered.
func bounded(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

// errBusy is why a step had no effect on a node.
var errBusy = errors.New("was busy with another step")

// take waits for the node's turn. A node may be busy for long: it is being
// started and does not serve before another one does.
func (n *node) take(ctx context.Context) error {
	if err := n.turn.take(ctx); err != nil {
		return fmt.Errorf("%s %w", n.name, errBusy)
	}
	return nil
}

// notice marks a node as down that went down without the nemesis having a hand
// in it, or at a failpoint. Needs the turn.
func (r *runner) notice(n *node) {
	if !n.down && r.isDown(n) {
		r.markDown(n)
	}
}

func (r *runner) isDown(n *node) bool {
	if r.watch == nil {
		return n.down
	}
	select {
	case <-r.watch.Down(n.name):
		return true
	default:
		return false
	}
}

// markDown notes that the incarnation is over. Needs the turn.
func (r *runner) markDown(n *node) {
	n.down, n.stopped = true, false
	clear(n.pausers)
	for name := range n.settings {
		n.staleSettings[name] = true
	}
}

// takeDown kills the node on behalf of a step, which keeps it down until bringUp.
func (r *runner) takeDown(ctx context.Context, step string, n *node) (fate, error) {
	if err := n.take(ctx); err != nil {
		return fate{node: n.name, text: err.Error()}, nil
	}
	defer n.turn.give()
	r.notice(n)
	if n.down {
		n.keepers[step] = true
		return fate{node: n.name, text: n.name + " was already down"}, nil
	}
	expected := n.life.expected.Swap(true)
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	death, err := r.processes.Kill(act, n.name)
	if err != nil {
		if r.watch == nil || !r.isDown(n) {
			n.life.expected.Store(expected)
			return fate{node: n.name}, fmt.Errorf("kill %s: %w", n.name, err)
		}
		n.life.expected.Store(expected)
		r.markDown(n)
		n.keepers[step] = true
		return fate{node: n.name, text: n.name + " went down by itself"}, nil
	}
	r.markDown(n)
	n.keepers[step] = true
	return fate{node: n.name, effect: true, text: death.text()}, nil
}

// text says what was ended and what was lost.
func (d Death) text() string {
	lost := "nothing unsynced"
	if d.LostWrites > 0 {
		lost = fmt.Sprintf("%s, %s lost", count(d.LostWrites, "unsynced write"), size(d.LostBytes))
	}
	return fmt.Sprintf("%s (boot %d, %s)", d.Node, d.Incarnation, lost)
}

// bringUp ends a step's hold on a node that is down and starts it if no other
// step keeps it down. It returns when the node serves, and how long that took.
func (r *runner) bringUp(ctx context.Context, step string, n *node) (time.Duration, error) {
	if err := n.take(ctx); err != nil {
		return 0, err
	}
	defer n.turn.give()
	if !n.keepers[step] {
		return 0, nil
	}
	delete(n.keepers, step)
	if len(n.keepers) > 0 || !n.down {
		return 0, nil
	}
	return r.start(ctx, n)
}

// start starts a node that is down. Needs the turn.
func (r *runner) start(ctx context.Context, n *node) (time.Duration, error) {
	begin := time.Now()
	if n.unsure && r.watch != nil && !r.isDown(n) {
		return 0, fmt.Errorf("start %s: it runs, but was not seen to serve", n.name)
	}
	act, cancel := bounded(ctx, startTimeout)
	defer cancel()
	if err := r.processes.Boot(act, n.name); err != nil {
		n.unsure = true
		return 0, fmt.Errorf("start %s: %w", n.name, err)
	}
	n.down, n.unsure = false, false
	close(n.life.over)
	n.life = newLife()
	r.attend(n)
	return time.Since(begin), r.catchUp(ctx, n)
}

// attend reports when the node's present incarnation ends without a step having
// asked for it.
func (r *runner) attend(n *node) {
	if r.watch == nil {
		return
	}
	l, down := n.life, r.watch.Down(n.name)
	r.attending.Go(func() {
		select {
		case <-down:
			if !l.expected.Load() && l.armed.Load() == 0 {
				r.surprise("%s went down at %v and no step had asked for it", n.name, r.now())
			}
		case <-l.over:
		case <-r.done:
		}
	})
}

// pause makes the node stand still on behalf of a step.
func (r *runner) pause(ctx context.Context, step string, n *node) (fate, error) {
	if err := n.take(ctx); err != nil {
		return fate{node: n.name, text: err.Error()}, nil
	}
	defer n.turn.give()
	r.notice(n)
	switch {
	case n.down:
		return fate{node: n.name, text: n.name + " was down"}, nil
	case n.stopped:
		n.pausers[step] = true
		return fate{node: n.name, text: n.name + " was already paused"}, nil
	}
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	if err := r.pauses.Pause(act, n.name); err != nil {
		if r.watch != nil && r.isDown(n) {
			r.markDown(n)
			return fate{node: n.name, text: n.name + " went down"}, nil
		}
		n.stopped = true // perhaps: let resume see to it
		n.pausers[step] = true
		return fate{node: n.name}, fmt.Errorf("pause %s: %w", n.name, err)
	}
	n.stopped = true
	n.pausers[step] = true
	return fate{node: n.name, effect: true, text: n.name + " stood still"}, nil
}

// resume ends a step's pause of a node and lets it go on if no other step keeps
// it paused.
func (r *runner) resume(ctx context.Context, step string, n *node) error {
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.turn.give()
	if !n.pausers[step] {
		return nil // never paused by this step, or killed since
	}
	delete(n.pausers, step)
	if len(n.pausers) > 0 {
		return nil
	}
	return r.unpause(ctx, n)
}

// unpause lets a paused node go on. Needs the turn.
func (r *runner) unpause(ctx context.Context, n *node) error {
	r.notice(n)
	if !n.stopped {
		return nil
	}
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	if err := r.pauses.Resume(act, n.name); err != nil {
		return fmt.Errorf("resume %s: %w", n.name, err)
	}
	n.stopped = false
	clear(n.pausers)
	return r.catchUp(ctx, n)
}

// set changes a setting of the node on behalf of a step; the last one counts.
func (r *runner) set(ctx context.Context, step string, n *node, name, value string) error {
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.turn.give()
	n.settings[name] = append(n.settings[name], setting{step, value})
	n.staleSettings[name] = true
	return r.catchUp(ctx, n)
}

// unset takes a step's setting back; what another step set is in force again.
func (r *runner) unset(ctx context.Context, step string, n *node, name string) error {
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.turn.give()
	before := len(n.settings[name])
	n.settings[name] = slices.DeleteFunc(n.settings[name], func(s setting) bool { return s.step == step })
	if len(n.settings[name]) == before {
		return nil
	}
	n.staleSettings[name] = true
	return r.catchUp(ctx, n)
}

// catchUp tells the node what it could not be told so far. A node that is down or
// paused is told when it is back. Needs the turn.
func (r *runner) catchUp(ctx context.Context, n *node) error {
	r.notice(n)
	if n.down || n.stopped {
		return nil
	}
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	for _, name := range slices.Sorted(maps.Keys(n.staleSettings)) {
		value := ""
		if set := n.settings[name]; len(set) > 0 {
			value = set[len(set)-1].value
		}
		if err := r.settings.Set(act, n.name, name, value); err != nil && !r.justDied(n) {
			return fmt.Errorf("set %s of %s to %q: %w", name, n.name, value, err)
		}
		if n.down {
			return nil
		}
		delete(n.staleSettings, name)
	}
	for _, point := range slices.Sorted(maps.Keys(n.stalePoints)) {
		if err := r.failpoints.Arm(act, n.name, point, Action{}); err != nil && !r.justDied(n) {
			return fmt.Errorf("disarm %s of %s: %w", point, n.name, err)
		}
		if n.down {
			return nil
		}
		delete(n.stalePoints, point)
	}
	return nil
}

// justDied reports whether a call failed because the node is no more. Needs the
// turn.
func (r *runner) justDied(n *node) bool {
	r.notice(n)
	return n.down
}
