package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed"
)

// Boot starts a node that is down, with the next incarnation, and returns when
// it listens on [system.RoleClient]. If the node exits first the error shows the
// end of its log; if ctx ends first the node goes on booting. The error of a
// node that runs matches [ErrRunning].
func (t *Testbed) Boot(ctx context.Context, name string) error {
	n, err := t.node(name)
	if err != nil {
		return err
	}
	k, err := t.supervisor()
	if err != nil {
		return fmt.Errorf("start node %s: %w", name, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("start node %s: %w", name, context.Cause(ctx))
	}
	b, err := n.begin()
	if err != nil {
		return err
	}
	if err := t.spawn(context.WithoutCancel(ctx), k, n, b); err != nil {
		return fmt.Errorf("start node %s: %w", name, err)
	}
	return n.await(ctx, b)
}

// supervisor returns the keeper of a testbed that is between Start and Stop.
func (t *Testbed) supervisor() (*keeper, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keeper == nil || t.reception == nil || t.stopping {
		return nil, errors.New("the testbed is not started or has been stopped")
	}
	return t.keeper, nil
}

// spawn makes the process of a boot. It does not give up half way: the
// supervisor answers in milliseconds or is dead.
func (t *Testbed) spawn(ctx context.Context, k *keeper, n *node, b *boot) error {
	defer close(b.spawned)
	spec := nodeSpec{
		System: t.cfg.System.Name(), ID: n.name, Incarnation: b.number, Peers: t.cfg.Nodes, Dial: t.dialsOf(n.name),
		Options: t.cfg.Options, Seed: t.cfg.Seed, Epoch: t.Epoch(), Dir: n.dir,
		Board: t.boardPath(n), Control: t.controlPath(),
	}
	env, err := childSpec{Node: &spec}.env()
	var r report
	if err == nil {
		r, err = k.call(ctx, command{
			Node: n.name, Boot: b.number, Env: []string{env}, Dir: n.dir, Log: filepath.Join(n.dir, logFile),
		})
	}
	if err != nil {
		b.miscarry()
	}
	b.pid = r.Pid
	return err
}

// dialsOf returns the addresses of the links that lead from a node to others.
func (t *Testbed) dialsOf(name string) map[string]map[string]string {
	dials := map[string]map[string]string{}
	for r, addr := range t.addrs {
		if r.link.From == name {
			dials[r.link.To] = map[string]string{r.role: addr}
		}
	}
	return dials
}

// await waits until the boot serves or ends.
func (n *node) await(ctx context.Context, b *boot) error {
	select {
	case <-b.ready:
		return nil
	case <-b.gone:
		return fmt.Errorf("node %s ended before it served (%v): %s", n.name, b.exit, n.logTail(b))
	case <-ctx.Done():
		return fmt.Errorf("node %s does not serve yet: %w: %s", n.name, context.Cause(ctx), n.logTail(b))
	}
}

// miscarry ends a boot that never had a process.
func (b *boot) miscarry() {
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	if !b.over() {
		close(b.gone)
	}
}

// arrived welcomes the control connection of a node.
func (t *Testbed) arrived(s *session, a announcement) (*boot, error) {
	n, err := t.node(a.Node)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	b, err := n.running()
	if err != nil {
		return nil, err
	}
	if b.number != a.Boot {
		return nil, fmt.Errorf("boot %d of node %s announces itself during boot %d", a.Boot, a.Node, b.number)
	}
	b.session = s
	return b, s.greet(welcome{Settings: n.settings, Armed: n.armed})
}

// heard directs the links of a role to the node's new listener.
func (t *Testbed) heard(b *boot, a announcement) {
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	if b.over() {
		return
	}
	t.net.SetTarget(b.node.name, a.Role, a.Addr)
	if a.Role == system.RoleClient && !b.serving {
		b.serving = true
		close(b.ready)
	}
}

// exited deals with the death of a node's process.
func (t *Testbed) exited(r report) {
	n, err := t.node(r.Node)
	if err != nil {
		return
	}
	n.mu.Lock()
	b := n.boot
	n.mu.Unlock()
	if b != nil && b.number == r.Boot {
		t.retire(n, b, Exit{Signal: syscall.Signal(r.Signal), Code: r.Code})
	}
}

// keeperEnded deals with the end of the supervisor: no node lives on.
func (t *Testbed) keeperEnded() {
	t.mu.Lock()
	r := t.reception
	if !t.stopping {
		t.log.Error("the supervisor has ended, and all nodes with it")
	}
	t.mu.Unlock()
	if r != nil {
		r.hangUp()
	}
	for _, n := range t.nodes {
		n.mu.Lock()
		b := n.boot
		n.mu.Unlock()
		if b != nil {
			t.retire(n, b, Exit{Signal: syscall.SIGKILL, Code: -1})
		}
	}
}

// retire records the end of a boot: its listeners are withdrawn and its end can
// be read before anyone who waits for it learns of it.
func (t *Testbed) retire(n *node, b *boot, e Exit) {
	t.mu.Lock()
	stopping, epoch := t.stopping, t.epoch
	t.mu.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if b.over() {
		return
	}
	for _, role := range []string{system.RolePeer, system.RoleClient} {
		t.net.SetTarget(n.name, role, "")
	}
	e.Node, e.Incarnation, e.Time = n.name, b.number, time.Since(epoch)
	e.LostWrites, e.LostBytes = n.board.pending()
	bySignal := e.Signal == syscall.SIGKILL && (stopping || b.killed || n.crashed())
	e.Expected = e.Expected || bySignal
	b.exit = e
	t.record(e)
	close(b.gone)
}

func (t *Testbed) record(e Exit) {
	t.exitsMu.Lock()
	defer t.exitsMu.Unlock()
	t.exits = append(t.exits, e)
	if !e.Expected {
		t.log.Warn("a node ended unplanned", "node", e.Node, "incarnation", e.Incarnation, "exit", e.String())
	}
}

// Exits returns the ends of boots so far, in the order in which they were
// noticed, those by Stop included.
func (t *Testbed) Exits() []Exit {
	t.exitsMu.Lock()
	defer t.exitsMu.Unlock()
	return slices.Clone(t.exits)
}

// Crashes returns the exits that were not expected.
func (t *Testbed) Crashes() []testbed.Crash {
	var crashes []testbed.Crash
	for _, e := range t.Exits() {
		if !e.Expected {
			crashes = append(crashes, testbed.Crash{Node: e.Node, Incarnation: e.Incarnation, Time: e.Time, How: e.how()})
		}
	}
	return crashes
}
