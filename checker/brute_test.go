package checker

import (
	"context"

	"github.com/gauntlet-go/gauntlet/histories"
)

// bruteForce is the definition of linearizability, for at most a handful of
// operations of one key: some order of all acknowledged and any unknown ones,
// which the model allows and in which nothing comes after what it preceded.
func bruteForce(m Model, ops []histories.Operation) bool {
	var effective []histories.Operation
	for _, op := range ops {
		if op.Outcome() == histories.OK || op.Outcome() == histories.Info && !m.ReadOnly(op.Invoke.F) {
			effective = append(effective, op)
		}
	}
	return extend(m, m.Init(), effective, 0)
}

func extend(m Model, state any, ops []histories.Operation, used uint) bool {
	complete := true
	for i, op := range ops {
		complete = complete && (used&(1<<i) != 0 || op.Outcome() != histories.OK)
	}
	if complete {
		return true
	}
	for i, op := range ops {
		if used&(1<<i) != 0 || preceded(ops, used, op) {
			continue
		}
		if next, ok := m.Step(context.Background(), state, op); ok && extend(m, next, ops, used|1<<i) {
			return true
		}
	}
	return false
}

// preceded reports whether an unused acknowledged operation returned before op
// was called. An unknown one may as well never have happened.
func preceded(ops []histories.Operation, used uint, op histories.Operation) bool {
	for i, other := range ops {
		if used&(1<<i) == 0 && other.Outcome() == histories.OK && other.Complete.Index < op.Invoke.Index {
			return true
		}
	}
	return false
}
