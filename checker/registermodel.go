package checker

import (
	"context"
	"fmt"

	"github.com/gauntlet-go/gauntlet/histories"
)

// The functions of registers, as they stand in a history.
const (
	read  = "read"
	write = "write"
	cas   = "cas"
)

// RegisterModel is a register per key: "read" returns the value, "write" has
// the new value as argument. A register that was never written holds nil.
func RegisterModel() Model { return registerModel{} }

// CASRegisterModel is [RegisterModel] with compare-and-set: "cas" has the list
// [old, new] as argument, is OK if it replaced old by new, and Fail if it
// changed nothing. A failed one is not used as an observation.
func CASRegisterModel() Model { return registerModel{cas: true} }

type registerModel struct{ cas bool }

// cell is the state of a register. It keeps the value for its description.
type cell struct{ atom }

func (m registerModel) Name() string {
	if m.cas {
		return "cas-register"
	}
	return "register"
}

func (registerModel) Init() any { return cell{} }

func (registerModel) ReadOnly(f string) bool { return f == read }

func (m registerModel) Shape(op histories.Operation) error {
	argument := op.Invoke.Value
	switch f := op.Invoke.F; {
	case f == read:
		return nil
	case f == cas && m.cas:
		if argument.Kind() != histories.List || len(argument.List()) != 2 {
			return fmt.Errorf("cas of %s: expected a list of the old and the new value", short(argument))
		}
	case f != write:
		return fmt.Errorf("f %q: a %s knows read and write%s", f, m.Name(), map[bool]string{true: " and cas"}[m.cas])
	}
	if op.Outcome() == histories.OK && !op.Complete.Value.IsNil() && !op.Complete.Value.Equal(argument) {
		return fmt.Errorf("%s of %s is acknowledged at index %d with the value %s",
			op.Invoke.F, short(argument), op.Complete.Index, short(op.Complete.Value))
	}
	return nil
}

func (registerModel) Step(_ context.Context, state any, op histories.Operation) (any, bool) {
	switch op.Invoke.F {
	case read:
		if op.Outcome() != histories.OK {
			return state, true
		}
		return state, state == any(cell{atomOf(op.Complete.Value)})
	case cas:
		pair := op.Invoke.Value.List()
		return cell{atomOf(pair[1])}, state == any(cell{atomOf(pair[0])})
	default:
		return cell{atomOf(op.Invoke.Value)}, true
	}
}

func (registerModel) Describe(state any) string {
	switch c, _ := state.(cell); c.kind {
	case histories.Nil:
		return "nil"
	case histories.Int:
		return fmt.Sprint(c.num)
	case histories.String:
		return short(histories.StringValue(c.str))
	default:
		return clip(c.str)
	}
}

// tighten gives unknown writes an end where there is one, and returns the
// number of those that it changed or left out. In plain registers, and exact
// there:
//
//   - an unknown write whose value no read returned is left out: nobody can tell
//     whether it happened;
//   - an unknown write whose value was read, while no other write has it and a
//     new register does not hold it, happened before the first of these reads
//     returned.
func (m registerModel) tighten(spans []span) ([]span, int) {
	if m.cas {
		return spans, 0
	}
	type facts struct {
		seen    int64 // least return of its reads
		writers int
	}
	values := map[atom]facts{{}: {seen: never, writers: 1}}
	for _, s := range spans {
		a := atomOf(registerValue(s.Operation))
		v, known := values[a]
		if !known {
			v.seen = never
		}
		if s.Invoke.F == read {
			v.seen = min(v.seen, s.ret)
		} else {
			v.writers++
		}
		values[a] = v
	}
	var kept []span
	patched := 0
	for _, s := range spans {
		if s.ret == never && s.Invoke.F == write {
			switch v := values[atomOf(s.Invoke.Value)]; {
			case v.seen == never:
				patched++
				continue
			case v.writers == 1 && v.seen > s.call:
				s.ret = v.seen
				patched++
			}
		}
		kept = append(kept, s)
	}
	return kept, patched
}

// registerValue is what a plain register operation returned or wrote.
func registerValue(op histories.Operation) histories.Value {
	if op.Invoke.F == read && op.Complete != nil {
		return op.Complete.Value
	}
	return op.Invoke.Value
}
