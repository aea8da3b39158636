package checker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// witness is a finding with the operations that prove it.
type witness struct {
	rule rule
	key  string
	// old is the value that came back, fresh the one that had replaced it; for
	// the rules about one value, old.
	old, fresh members
	failed     *histories.Operation // for a read of an unwritten value: the write of it that failed
}

// members are the decisive operations of a cluster. One operation may be
// several of them. A nil operation is the initial value's, or is missing.
type members struct {
	writer *histories.Operation
	first  *histories.Operation // with the least return, if it returned
	last   *histories.Operation // invoked after the other value was there
}

func (z *zones) witness(f finding) witness {
	w := witness{rule: f.rule, key: z.keys[z.clusters[f.a].key].name, old: z.members(f.a)}
	switch f.rule {
	case unwritten:
		w.failed = z.failedWrite(w.key, registerValue(*w.old.first))
	case overlap, inside:
		w.fresh = z.members(f.b)
		// The soonest proof: of each value the first operation that was
		// invoked after the other value was certainly there.
		w.old.last, w.fresh.last = z.after(f.a, w.fresh.first), z.after(f.b, w.old.first)
		// The later of the two is always a read: the one that is too late. There
		// may be none if the finding is wrong, which confirm then says.
		if o, f := w.old.last, w.fresh.last; o != nil && f != nil && f.Invoke.Index > o.Invoke.Index {
			w.old, w.fresh = w.fresh, w.old
		}
	}
	return w
}

// members finds the writer of a cluster and its first completion.
func (z *zones) members(id int32) members {
	var m members
	c := &z.clusters[id]
	if c.writer >= 0 {
		m.writer = &z.ops[c.writer]
	}
	for i := range z.ops {
		op := &z.ops[i]
		if z.cluster[i] == id && op.Outcome() == histories.OK && (m.first == nil || op.Complete.Index < m.first.Complete.Index) {
			m.first = op
		}
	}
	if c.writer == initial {
		m.first = nil // it was there before all
	}
	return m
}

// after returns the first member of a cluster that was invoked after an
// operation had completed; nil stands for the initial value's, which always has.
func (z *zones) after(id int32, op *histories.Operation) *histories.Operation {
	for i := range z.ops { // in order of call
		if z.cluster[i] == id && (op == nil || z.ops[i].Invoke.Index > op.Complete.Index) {
			return &z.ops[i]
		}
	}
	return nil
}

func (z *zones) failedWrite(key string, v histories.Value) *histories.Operation {
	for i := range z.ops {
		if op := &z.ops[i]; op.Invoke.F == write && op.Invoke.Key == key && op.Outcome() == histories.Fail && op.Invoke.Value.Equal(v) {
			return op
		}
	}
	return nil
}

// core is the sub-history that cannot be explained: at most six operations, in
// order of call.
func (w witness) core() []histories.Operation {
	all := []*histories.Operation{w.old.writer, w.old.first, w.fresh.writer, w.fresh.first}
	if w.rule == overlap || w.rule == inside {
		all = append(all, w.old.last, w.fresh.last)
	}
	var core []histories.Operation
	for _, op := range all {
		if op != nil && !slices.Contains(core, *op) {
			core = append(core, *op)
		}
	}
	slices.SortFunc(core, func(a, b histories.Operation) int { return cmp.Compare(a.Invoke.Index, b.Invoke.Index) })
	return core
}

const confirmTime = 10 * time.Second

// confirm asks a second engine whether the core is illegal, and why that makes
// the whole history illegal: what the core leaves out of its values must be
// reads only, since leaving out a writer of a value that is read proves
// nothing.
func (w witness) confirm(ctx context.Context, ops []histories.Operation) error {
	core := w.core()
	for _, op := range core {
		if op.Invoke.F != read {
			continue
		}
		v := registerValue(op)
		for _, other := range ops {
			if other.Invoke.F == write && other.Invoke.Key == w.key && other.Outcome() != histories.Fail &&
				other.Invoke.Value.Equal(v) && !slices.Contains(core, other) {
				return fmt.Errorf("a write of %s at index %d is missing in the proof", short(v), other.Invoke.Index)
			}
		}
	}
	// The core is tiny, and a proof that was found must not be lost because the
	// budget has just run out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmTime)
	defer cancel()
	model := RegisterModel()
	switch f := search(ctx, model, spansOf(model, core), false); f.validity {
	case Invalid:
		return nil
	case Valid:
		return fmt.Errorf("the search finds an order for the %d operations that rule %v calls illegal", len(core), w.rule)
	default:
		return fmt.Errorf("the search could not confirm it: %s", f.reason)
	}
}

// eventsOf are the indexes of both events of the operations.
func eventsOf(ops ...histories.Operation) []int {
	var events []int
	for _, op := range ops {
		events = append(events, op.Invoke.Index)
		if op.Complete != nil {
			events = append(events, op.Complete.Index)
		}
	}
	slices.Sort(events)
	return slices.Compact(events)
}
