package checker

import (
	"context"
	"fmt"

	"github.com/gauntlet-go/gauntlet/histories"
)

// Model is the sequential specification of one object: what it would do if its
// operations came one after the other. Its methods must be pure, and Step must
// poll its context if it can take long.
type Model interface {
	// Name is the standard name: "register".
	Name() string
	// Init is the state of an object before its first operation. States are
	// comparable with == and are never changed.
	Init() any
	// Shape returns an error if the operation is none of the model's: its F is
	// unknown, or an argument or result has the wrong form.
	Shape(op histories.Operation) error
	// ReadOnly reports whether operations f never change the state. Such an
	// operation is ignored unless it is OK.
	ReadOnly(f string) bool
	// Step lets op take effect in state. It reports false if op cannot have
	// happened there with the result that it has. The outcome of op is OK or
	// Info; the result of an Info is not known.
	Step(ctx context.Context, state any, op histories.Operation) (next any, ok bool)
	// Describe names a state, for people.
	Describe(state any) string
}

// prepare returns the client operations of the run after checking all that the
// engines rely on. Its error means that the history is malformed.
func prepare(run Run, m Model) ([]histories.Operation, error) {
	if run.History == nil {
		return nil, fmt.Errorf("there is no history")
	}
	if err := histories.Validate(run.History); err != nil {
		return nil, err
	}
	ops := run.History.Operations()
	for _, op := range ops {
		if (op.Invoke.Key == "") != (ops[0].Invoke.Key == "") {
			return nil, fmt.Errorf("index %d: key %q, but at index %d it is %q: either every operation names a key or none",
				op.Invoke.Index, op.Invoke.Key, ops[0].Invoke.Index, ops[0].Invoke.Key)
		}
		if op.Complete != nil && op.Complete.Index <= op.Invoke.Index {
			return nil, fmt.Errorf("index %d: completes before its invocation at index %d", op.Complete.Index, op.Invoke.Index)
		}
		if err := m.Shape(op); err != nil {
			return nil, fmt.Errorf("index %d: %w", op.Invoke.Index, err)
		}
	}
	return ops, nil
}

func malformed(err error) Verdict {
	return Verdict{Checker: linearizable, Validity: Unknown, Reason: "malformed history: " + err.Error()}
}

// object is all that was done to one key, in order of invocation.
type object struct {
	key string
	ops []histories.Operation
}

// objects groups the operations by key, in order of first use.
func objects(ops []histories.Operation) []object {
	number := make(map[string]int)
	var list []object
	for _, op := range ops {
		n, seen := number[op.Invoke.Key]
		if !seen {
			n = len(list)
			number[op.Invoke.Key] = n
			list = append(list, object{key: op.Invoke.Key})
		}
		list[n].ops = append(list[n].ops, op)
	}
	return list
}
