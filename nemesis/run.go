package nemesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Run executes a schedule on a testbed, whose abilities it finds by type
// assertion, and tells log of every step; log may be nil. Steps run beside each
// other: a restart that takes long does not hold up the rest.
//
// It returns when all steps are over or, if ctx ends before, as soon as what runs
// is recovered. Then it heals everything once more, whatever happened, in a time
// of its own: calls of the testbed never see ctx's end, because a fault that is
// half injected could not be recovered.
//
// What the testbed could not do in one step is in that step's [Outcome] and stops
// no other. The error says what could not be healed: a network that stays cut, a
// node that does not start. A schedule that is not well-formed is refused before
// anything is done.
func Run(ctx context.Context, schedule Schedule, target any, log Log) (*Report, error) {
	if err := schedule.check(); err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	r := newRunner(schedule, target, log)
	for _, n := range r.nodes {
		r.attend(n)
	}
	results := make([]*Result, len(schedule.Steps))
	var wg sync.WaitGroup
	for i, step := range schedule.Steps {
		wg.Go(func() {
			if sleep(ctx, step.At-r.now()) {
				results[i] = r.run(ctx, step)
			}
		})
	}
	wg.Wait()
	err := r.heal(ctx)
	close(r.done)
	r.attending.Wait()
	return r.report(schedule, results), err
}

// runner is one execution of a schedule.
type runner struct {
	links      Links
	processes  Processes
	pauses     Pauses
	failpoints Failpoints
	settings   Settings
	counters   Counters
	watch      Watch
	abilities  Abilities

	log   Log
	begin time.Time
	net   *network // nil without Links
	nodes map[string]*node

	attending sync.WaitGroup // goroutines that look for unexpected deaths
	done      chan struct{}  // closed to end them
	mu        sync.Mutex     // guards what follows
	surprises []string
}

func newRunner(schedule Schedule, target any, log Log) *runner {
	r := &runner{
		abilities: AbilitiesOf(target), log: log, begin: time.Now(),
		nodes: map[string]*node{}, done: make(chan struct{}),
	}
	r.links, _ = target.(Links)
	r.processes, _ = target.(Processes)
	r.pauses, _ = target.(Pauses)
	r.failpoints, _ = target.(Failpoints)
	r.settings, _ = target.(Settings)
	r.counters, _ = target.(Counters)
	r.watch, _ = target.(Watch)
	if r.links != nil {
		r.net = newNetwork(r.links)
	}
	names := slices.Clone(schedule.Nodes)
	for _, s := range schedule.Steps {
		names = append(names, s.Nodes...)
	}
	for _, name := range names {
		if r.nodes[name] == nil {
			r.nodes[name] = newNode(name)
		}
	}
	return r
}

func (r *runner) now() time.Duration { return time.Since(r.begin) }

// surprise records what nobody planned.
func (r *runner) surprise(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.surprises = append(r.surprises, fmt.Sprintf(format, args...))
}

// run takes one step through its life-cycle.
func (r *runner) run(ctx context.Context, s Step) *Result {
	if r.log != nil {
		r.log.Begin(s)
	}
	out := Outcome{Start: r.now()}
	if f, err := r.fault(s); err != nil {
		out.Effective, out.End, out.Recovered = out.Start, out.Start, out.Start
		_, out.Evidence = observed(false, "%v", err)
		out.Err = err
	} else {
		r.execute(ctx, f, &out)
	}
	if r.log != nil {
		r.log.End(s, out)
	}
	return &Result{s, out}
}

func (r *runner) execute(ctx context.Context, f fault, out *Outcome) {
	err := f.inject(ctx)
	out.Effective = r.now()
	if err == nil {
		err = f.hold(ctx)
	}
	out.End = r.now()
	act, cancel := bounded(ctx, 2*startTimeout)
	defer cancel()
	out.Err = errors.Join(err, f.recover(act))
	out.Recovered = r.now()
	out.Effect, out.Evidence = f.evidence()
}

// fault returns the step as something that can be executed.
func (r *runner) fault(s Step) (fault, error) {
	spec, err := lookup(s.Kind)
	if err != nil {
		return nil, err
	}
	for _, a := range spec.needs {
		if !r.abilities.Has(a) {
			return nil, fmt.Errorf("the testbed lacks the ability %s", a)
		}
	}
	switch s.Kind {
	case Reset:
		return &resetFault{step: s, links: r.links}, nil
	case Kill:
		return &killFault{newNodeFault(r, s)}, nil
	case Restart:
		return &restartFault{nodeFault: newNodeFault(r, s)}, nil
	case Pause:
		return &pauseFault{newNodeFault(r, s)}, nil
	case Torn:
		return &tornFault{nodeFault: newNodeFault(r, s)}, nil
	case Crash:
		return &crashFault{nodeFault: newNodeFault(r, s)}, nil
	case RefuseKey:
		return &refuseFault{nodeFault: newNodeFault(r, s)}, nil
	case SlowDisk:
		return &slowDiskFault{nodeFault: newNodeFault(r, s)}, nil
	}
	return &linkFault{step: s, net: r.net}, nil
}
