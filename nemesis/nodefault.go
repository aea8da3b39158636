package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// nodeFault is what the faults of nodes have in common: their targets and what
// was done to each.
type nodeFault struct {
	*runner
	step  Step
	fates []fate // of the step's nodes, in order
}

func newNodeFault(r *runner, s Step) nodeFault {
	f := nodeFault{runner: r, step: s, fates: make([]fate, len(s.Nodes))}
	for i, name := range s.Nodes {
		f.fates[i].node = name
	}
	return f
}

// together does something to all targets at the same time.
func (f *nodeFault) together(do func(i int, n *node) error) error {
	errs := make([]error, len(f.step.Nodes))
	var wg sync.WaitGroup
	for i, name := range f.step.Nodes {
		wg.Go(func() { errs[i] = do(i, f.nodes[name]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (f *nodeFault) hold(ctx context.Context) error {
	sleep(ctx, f.step.For)
	return nil
}

// takeSoon waits for the turn of a node, for no longer than the step may last.
func (f *nodeFault) takeSoon(ctx context.Context, n *node) error {
	wait, cancel := context.WithTimeout(ctx, f.step.For)
	defer cancel()
	return n.take(wait)
}

func (f *nodeFault) takeAllDown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.step.For)
	defer cancel()
	return f.together(func(i int, n *node) (err error) {
		f.fates[i], err = f.takeDown(ctx, f.step.Name, n)
		return err
	})
}

func (f *nodeFault) bringAllUp(ctx context.Context) error {
	return f.together(func(i int, n *node) (err error) {
		f.fates[i].took, err = f.bringUp(ctx, f.step.Name, n)
		return err
	})
}

// told joins what happened to the nodes and says whether anything had an effect.
func (f *nodeFault) told() (bool, string) {
	var effect bool
	var texts []string
	for _, fate := range f.fates {
		effect = effect || fate.effect
		if fate.text != "" {
			texts = append(texts, fate.text)
		}
	}
	return effect, strings.Join(texts, ", ")
}

// served says how long it took until all nodes that were started served.
func (f *nodeFault) served() string {
	var longest time.Duration
	for _, fate := range f.fates {
		longest = max(longest, fate.took)
	}
	if longest == 0 {
		return ""
	}
	return fmt.Sprintf("; serving again after %v", longest.Round(time.Millisecond))
}

type killFault struct{ nodeFault }

func (f *killFault) inject(ctx context.Context) error  { return f.takeAllDown(ctx) }
func (f *killFault) recover(ctx context.Context) error { return f.bringAllUp(ctx) }

func (f *killFault) evidence() (bool, string) {
	effect, text := f.told()
	return observed(effect, "killed: %s%s", text, f.served())
}

type pauseFault struct{ nodeFault }

func (f *pauseFault) inject(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.step.For)
	defer cancel()
	return f.together(func(i int, n *node) (err error) {
		f.fates[i], err = f.pause(ctx, f.step.Name, n)
		return err
	})
}

func (f *pauseFault) recover(ctx context.Context) error {
	return f.together(func(_ int, n *node) error { return f.resume(ctx, f.step.Name, n) })
}

func (f *pauseFault) evidence() (bool, string) {
	effect, text := f.told()
	return observed(effect, "paused: %s", text)
}

// restartFault restarts all its nodes one shortly after the other, and again
// until its time is over. Nobody waits for a start: a node may need the next one
// to serve.
type restartFault struct {
	nodeFault
	starts sync.WaitGroup
	mu     sync.Mutex // guards what follows
	kills  int
	boots  int
	errs   []error
}

func (f *restartFault) inject(ctx context.Context) error { return f.round(ctx) }

func (f *restartFault) round(ctx context.Context) error {
	for i, name := range f.step.Nodes {
		if i > 0 && !sleep(ctx, f.step.Stagger) {
			return nil
		}
		f.starts.Go(func() { f.restart(ctx, f.nodes[name]) })
	}
	return nil
}

func (f *restartFault) restart(ctx context.Context, n *node) {
	wait, cancel := context.WithTimeout(ctx, f.step.For)
	defer cancel()
	fate, err := f.takeDown(wait, f.step.Name, n)
	var took time.Duration
	if err == nil {
		took, err = f.bringUp(context.WithoutCancel(ctx), f.step.Name, n)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fate.effect {
		f.kills++
	}
	if fate.effect && err == nil && took > 0 {
		f.boots++
	}
	f.errs = append(f.errs, err)
}

func (f *restartFault) hold(ctx context.Context) error {
	return rounds(ctx, f.step, func() error { return f.round(ctx) })
}

func (f *restartFault) recover(context.Context) error {
	f.starts.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.errs...)
}

func (f *restartFault) evidence() (bool, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return observed(f.kills > 0, "restarted %s: %s, %d served again",
		count(len(f.step.Nodes), "node"), count(f.kills, "kill"), f.boots)
}
