package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// linkFault is a fault that link conditions do: partition, slow, drop, duplicate,
// reorder, segments.
type linkFault struct {
	step Step
	net  *network
	// The looks at the links: before anything, when the fault was in force, at
	// the end of the hold, when all was over.
	before, inForce, held, after map[Link]LinkStats
}

func (f *linkFault) inject(ctx context.Context) error {
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	f.before = f.net.links.LinkStats()
	err := f.net.add(act, f.step.Name, f.step.Links)
	f.inForce = f.net.links.LinkStats()
	return err
}

// hold waits; a flapping partition heals and cuts again while it does.
func (f *linkFault) hold(ctx context.Context) error {
	cut := true
	return rounds(ctx, f.step, func() error {
		act, cancel := bounded(ctx, actTimeout)
		defer cancel()
		if cut = !cut; cut {
			return f.net.add(act, f.step.Name, f.step.Links)
		}
		return f.net.remove(act, f.step.Name)
	})
}

func (f *linkFault) recover(ctx context.Context) error {
	f.held = f.net.links.LinkStats()
	err := f.net.remove(ctx, f.step.Name)
	f.after = f.net.links.LinkStats()
	return err
}

func (f *linkFault) evidence() (bool, string) {
	own, withheld, elsewhere := tally(f.before, f.after, f.step.Links, func(s LinkStats) int64 { return s.Withheld })
	links := count(len(f.step.Links), "link")
	one := func(n int64, did, what string) (bool, string) {
		return observed(n > 0, "%s %s: %s %s", did, links, count(n, what), elsewhere)
	}
	switch f.step.Kind {
	case Partition:
		return f.cutEvidence(own, withheld, elsewhere)
	case Slow:
		return one(own.Delayed, "slowed", "chunk")
	case Drop:
		return one(own.Dropped, "dropped frames on", "frame")
	case Duplicate:
		return one(own.Duplicated, "repeated frames on", "frame")
	case Reorder:
		return one(own.Reordered, "reordered frames on", "frame")
	}
	return observed(own.Split+own.Merged > 0, "cut segments anew on %s: %s split, %d merged %s",
		links, count(own.Split, "chunk"), own.Merged, elsewhere)
}

func (f *linkFault) cutEvidence(own LinkStats, withheld int, elsewhere string) (bool, string) {
	var did []string
	if own.Withheld > 0 {
		did = append(did, fmt.Sprintf("%s withheld on %d of them", size(own.Withheld), withheld))
	}
	if own.Blocked > 0 {
		did = append(did, count(own.Blocked, "dial")+" blocked")
	}
	lost := f.step.Links[0].Condition.Lost
	if lost && own.Resets > 0 {
		did = append(did, count(own.Resets, "connection")+" reset")
	}
	if len(did) == 0 {
		did = append(did, "nothing was withheld, no dial was blocked")
	}
	// A flapping partition lets bytes pass between its cuts.
	if during, _, _ := tally(f.inForce, f.held, f.step.Links, nil); during.Passed > 0 && f.step.Every == 0 {
		did = append(did, size(during.Passed)+" passed in spite of the cut")
	}
	effect := own.Withheld > 0 || own.Blocked > 0 || lost && own.Resets > 0
	return observed(effect, "cut %s: %s %s", count(len(f.step.Links), "link"), strings.Join(did, ", "), elsewhere)
}

// resetFault resets live connections, every now and then.
type resetFault struct {
	step          Step
	links         Links
	before, after map[Link]LinkStats
	rounds        int
}

func (f *resetFault) inject(ctx context.Context) error {
	f.before = f.links.LinkStats()
	return f.round(ctx)
}

func (f *resetFault) round(ctx context.Context) error {
	act, cancel := bounded(ctx, actTimeout)
	defer cancel()
	links := make([]Link, len(f.step.Links))
	for i, flow := range f.step.Links {
		links[i] = flow.Link()
	}
	if err := f.links.Reset(act, links); err != nil {
		return fmt.Errorf("reset connections: %w", err)
	}
	f.rounds++
	return nil
}

func (f *resetFault) hold(ctx context.Context) error {
	return rounds(ctx, f.step, func() error { return f.round(ctx) })
}

func (f *resetFault) recover(context.Context) error {
	f.after = f.links.LinkStats()
	return nil
}

func (f *resetFault) evidence() (bool, string) {
	own, reset, elsewhere := tally(f.before, f.after, f.step.Links, func(s LinkStats) int64 { return s.Resets })
	return observed(own.Resets > 0, "reset the connections of %s %s: %s on %d of them %s",
		count(len(f.step.Links), "link"), count(f.rounds, "time"), count(own.Resets, "connection"), reset, elsewhere)
}

// rounds repeats what a step did when it was injected until its time is over. A
// step that is not repeated just waits.
func rounds(ctx context.Context, s Step, round func() error) error {
	var errs []error
	every := s.Every
	if every == 0 {
		every = s.For
	}
	end := time.Now().Add(s.For)
	for sleep(ctx, min(every, time.Until(end))) && time.Now().Before(end) {
		errs = append(errs, round())
	}
	return errors.Join(errs...)
}

// sleep reports whether it slept to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// tally adds up what happened to the flows' links between two looks, on how many
// of them the figure grew, and says in words what passed on all others.
func tally(before, after map[Link]LinkStats, flows []Flow, figure func(LinkStats) int64) (own LinkStats, grew int, elsewhere string) {
	mine := map[Link]bool{}
	for _, f := range flows {
		mine[f.Link()] = true
	}
	var passed int64
	for l, now := range after {
		d := now.minus(before[l])
		if !mine[l] {
			passed += d.Passed
			continue
		}
		own = own.plus(d)
		if figure != nil && figure(d) > 0 {
			grew++
		}
	}
	return own, grew, fmt.Sprintf("(%s passed on them, %s on other links)", size(own.Passed), size(passed))
}
