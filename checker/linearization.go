package checker

import (
	"fmt"

	"github.com/gauntlet-go/gauntlet/histories"
)

// linearization returns operations, as indexes of z.ops, in an order that
// explains every key without a finding: cluster after cluster, each writer
// first and then its reads by call. The keys are interleaved.
func (z *zones) linearization() []int32 {
	size := make([]int32, len(z.clusters))
	for _, id := range z.cluster {
		if id != none {
			size[id]++
		}
	}
	start := make([]int32, len(z.clusters))
	next := make([]int32, len(z.clusters)) // where the next read goes
	for n := range start {
		start[n] = none
	}
	total := int32(0)
	for _, id := range z.order {
		start[id], next[id] = total, total
		if z.clusters[id].writer >= 0 {
			next[id]++
		}
		total += size[id]
	}
	order := make([]int32, total)
	for i, id := range z.cluster { // in order of call
		switch {
		case id == none || start[id] == none:
		case z.clusters[id].writer == int32(i):
			order[start[id]] = int32(i)
		default:
			order[next[id]] = int32(i)
			next[id]++
		}
	}
	return order
}

// validateLinearization goes through the operations in the given order with
// plain registers. It returns an error unless each key has every operation that
// was acknowledged, none twice, each with the result that the register gives
// then, and no operation after one that was invoked only after its completion.
// Keys for which skip is true do not count. It shares no code with the engines.
func validateLinearization(ops []histories.Operation, order []int32, skip func(key string) bool) error {
	used := make([]bool, len(ops))
	objects := make(map[string]*replayed)
	var o *replayed
	for _, i := range order {
		op := ops[i]
		if skip(op.Invoke.Key) {
			continue
		}
		if used[i] {
			return fmt.Errorf("the operation at index %d is used twice", op.Invoke.Index)
		}
		used[i] = true
		if key := op.Invoke.Key; o == nil || o.key != key {
			if o = objects[key]; o == nil {
				o = &replayed{key: key, latest: -1}
				objects[key] = o
			}
		}
		if err := o.apply(op); err != nil {
			return err
		}
	}
	for i, op := range ops {
		if op.Outcome() == histories.OK && !used[i] && !skip(op.Invoke.Key) {
			return fmt.Errorf("the operation at index %d is missing", op.Invoke.Index)
		}
	}
	return nil
}

// replayed is a register during a replay.
type replayed struct {
	key    string
	value  histories.Value
	latest int // the greatest call so far
}

func (o *replayed) apply(op histories.Operation) error {
	at := op.Invoke.Index
	if op.Complete != nil && op.Complete.Type == histories.OK && op.Complete.Index < o.latest {
		return fmt.Errorf("the operation at index %d had completed at index %d, before the call at index %d of one ordered before it",
			at, op.Complete.Index, o.latest)
	}
	o.latest = max(o.latest, at)
	switch {
	case op.Invoke.F == write && op.Outcome() != histories.Fail:
		o.value = op.Invoke.Value
	case op.Invoke.F == read && op.Outcome() == histories.OK:
		if !op.Complete.Value.Equal(o.value) {
			return fmt.Errorf("the read at index %d returned %s where the register holds %s", at, short(op.Complete.Value), short(o.value))
		}
	default:
		return fmt.Errorf("the operation %s at index %d, %v, has no place in an order", op.Invoke.F, at, op.Outcome())
	}
	return nil
}
