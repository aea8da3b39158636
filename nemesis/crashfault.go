package nemesis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// crashFault ends nodes at a failpoint. Each node that passes it dies, stays down
// for a while and is started; those that do not pass it in time are disarmed.
type crashFault struct {
	nodeFault
	follows sync.WaitGroup
	errs    []error
	fired   chan struct{} // closed at the first death
	once    sync.Once
}

// lateDeath is how long a node that has passed the point may take to die, beside
// the delay.
const lateDeath = time.Second

func (f *crashFault) counter() string { return counterFailpoint + f.step.Point }

func (f *crashFault) inject(ctx context.Context) error {
	f.fired = make(chan struct{})
	f.errs = make([]error, len(f.step.Nodes))
	err := f.together(func(i int, n *node) error { return f.arm(ctx, i, n) })
	if err == nil {
		f.awaitFirst(ctx)
	}
	return err
}

// awaitFirst returns at the first death, or when there will be none.
func (f *crashFault) awaitFirst(ctx context.Context) {
	limit := time.NewTimer(f.step.For)
	defer limit.Stop()
	select {
	case <-f.fired:
	case <-limit.C:
	case <-ctx.Done():
	}
}

func (f *crashFault) arm(ctx context.Context, i int, n *node) error {
	if err := f.takeSoon(ctx, n); err != nil {
		f.fates[i].text = err.Error()
		return nil
	}
	defer n.turn.give()
	f.notice(n)
	if n.down || n.stopped {
		f.fates[i].text = n.name + " was down or paused"
		return nil
	}
	t := target{node: n, life: n.life, down: f.watch.Down(n.name), passed: f.counters.Counter(n.name, f.counter())}
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	n.life.armed.Add(1)
	if err := f.failpoints.Arm(act, n.name, f.step.Point, Action{Crash: true, Delay: f.step.Delay}); err != nil {
		n.life.armed.Add(-1)
		if f.justDied(n) {
			f.fates[i].text = n.name + " was down"
			return nil
		}
		return fmt.Errorf("arm %s of %s: %w", f.step.Point, n.name, err)
	}
	delete(n.stalePoints, f.step.Point)
	f.follows.Go(func() { f.fates[i], f.errs[i] = f.follow(ctx, t) })
	return nil
}

// target is a node that has been armed.
type target struct {
	*node
	life   *life
	down   <-chan struct{}
	passed int64 // hits of the failpoint until then
}

func (f *crashFault) hit(t target) bool { return f.counters.Counter(t.name, f.counter()) > t.passed }

// follow sees one armed node through: to its death and its restart, or until it
// is disarmed.
func (f *crashFault) follow(ctx context.Context, t target) (fate, error) {
	begin := time.Now()
	limit := time.NewTimer(f.step.For)
	defer limit.Stop()
	select {
	case <-t.down:
		return f.died(ctx, t, time.Since(begin))
	case <-limit.C:
	case <-ctx.Done():
	}
	err := f.disarm(ctx, t)
	if f.hit(t) && f.awaitDeath(t) {
		late, e := f.died(ctx, t, time.Since(begin))
		return late, errors.Join(err, e)
	}
	t.life.armed.Add(-1)
	if f.hit(t) {
		return fate{node: t.name, text: t.name + " passed it and lives"}, err
	}
	return fate{node: t.name, text: t.name + " did not pass it"}, err
}

func (f *crashFault) awaitDeath(t target) bool {
	limit := time.NewTimer(f.step.Delay + lateDeath)
	defer limit.Stop()
	select {
	case <-t.down:
		return true
	case <-limit.C:
		return false
	}
}

// disarm takes the action back, now or, if the node cannot be told, as soon as
// it can be.
func (f *crashFault) disarm(ctx context.Context, t target) error {
	act, cancel := bounded(ctx, startTimeout)
	defer cancel()
	if err := t.take(act); err != nil {
		return err
	}
	defer t.turn.give()
	t.stalePoints[f.step.Point] = true
	return f.catchUp(act, t.node)
}

// died finds out whether the failpoint ended the node and, if so, restarts it
// after a while.
func (f *crashFault) died(ctx context.Context, t target, after time.Duration) (fate, error) {
	act, cancel := bounded(ctx, 2*startTimeout)
	defer cancel()
	hit := f.hit(t)
	for range 10 { // the count may lag behind the death
		if hit {
			break
		}
		sleep(act, 10*time.Millisecond)
		hit = f.hit(t)
	}
	if !hit {
		return f.otherDeath(act, t)
	}
	if err := t.take(act); err != nil {
		return fate{node: t.name}, err
	}
	if t.node.life == t.life {
		t.life.expected.Store(true)
		if !t.node.down {
			f.markDown(t.node)
		}
		t.keepers[f.step.Name] = true
	}
	t.turn.give()
	f.once.Do(func() { close(f.fired) })
	sleep(ctx, f.step.Down)
	took, err := f.bringUp(act, f.step.Name, t.node)
	text := fmt.Sprintf("%s died after %v", t.name, after.Round(time.Millisecond))
	return fate{node: t.name, effect: true, text: text, took: took}, err
}

// otherDeath is about an armed node that something else ended.
func (f *crashFault) otherDeath(ctx context.Context, t target) (fate, error) {
	if err := f.disarm(ctx, t); err != nil {
		return fate{node: t.name}, err
	}
	if !t.life.expected.Load() {
		f.surprise("%s went down at %v without having passed %s and no step had asked for it", t.name, f.now(), f.step.Point)
		return fate{node: t.name, text: t.name + " went down by itself"}, nil
	}
	return fate{node: t.name, text: t.name + " was killed before it passed it"}, nil
}

// hold returns when every node has died and serves again, or was disarmed.
func (f *crashFault) hold(context.Context) error { return nil }

func (f *crashFault) recover(context.Context) error {
	f.follows.Wait()
	return errors.Join(f.errs...)
}

func (f *crashFault) evidence() (bool, string) {
	effect, text := f.told()
	return observed(effect, "crash at %s: %s%s", f.step.Point, text, f.served())
}
