package checker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gauntlet-go/gauntlet/histories"
)

// Requirements is what a run must have exercised before a verdict about it is
// worth anything. The zero value fits a run with a nemesis.
type Requirements struct {
	// Functions must each have at least one OK operation. Nil: every function
	// that was invoked.
	Functions []string
	// Reads are the functions that return what was written; at least one must
	// have returned something. Nil: "read", if it was invoked.
	Reads []string
	// NoFaults: the run was meant to have no nemesis, so none is missed.
	NoFaults bool
}

// Exercised checks that a run was no empty exercise: operations succeeded, also
// while a fault was in force and after the last one was healed, and at least
// one fault had an effect, which the nemesis states by completing it with OK.
// The answer is Valid, or Unknown with all that is missing; never Invalid. The
// notes have the outcomes of the operations and, for each kind of fault, how
// often it took effect.
func Exercised(r Requirements) Checker {
	return Named(exercised, Func(func(_ context.Context, run Run) Verdict { return r.check(run) }))
}

const exercised = "exercised"

// exercise is what a run did.
type exercise struct {
	ops, faults []histories.Operation
	missing     []string
}

func (r Requirements) check(run Run) Verdict {
	v := Verdict{Checker: exercised}
	if run.History == nil {
		v.Reason = "malformed history: there is no history"
		return v
	}
	if err := histories.Validate(run.History); err != nil {
		v.Reason = "malformed history: " + err.Error()
		return v
	}
	e := &exercise{ops: run.History.Operations(), faults: run.History.Faults()}
	e.functions(r.Functions)
	e.reads(r.Reads)
	if !r.NoFaults {
		e.underFaults()
	}
	v.Notes = e.notes()
	v.Validity = Valid
	if len(e.missing) > 0 {
		v.Validity, v.Reason = Unknown, "not exercised: "+strings.Join(e.missing, "; ")
	}
	return v
}

func (e *exercise) miss(format string, args ...any) {
	e.missing = append(e.missing, fmt.Sprintf(format, args...))
}

func (e *exercise) invoked(f string) bool {
	return slices.ContainsFunc(e.ops, func(op histories.Operation) bool { return op.Invoke.F == f })
}

// some reports whether an OK operation fits.
func (e *exercise) some(fits func(op histories.Operation) bool) bool {
	return slices.ContainsFunc(e.ops, func(op histories.Operation) bool {
		return op.Outcome() == histories.OK && fits(op)
	})
}

func (e *exercise) functions(required []string) {
	if len(e.ops) == 0 {
		e.miss("no operation was invoked")
		return
	}
	if required == nil {
		seen := make(map[string]bool)
		for _, op := range e.ops {
			seen[op.Invoke.F] = true
		}
		required = slices.Sorted(maps.Keys(seen))
	}
	for _, f := range required {
		if !e.some(func(op histories.Operation) bool { return op.Invoke.F == f }) {
			e.miss("no %s succeeded", f)
		}
	}
}

func (e *exercise) reads(fs []string) {
	if fs == nil {
		if !e.invoked(read) {
			return
		}
		fs = []string{read}
	}
	if !e.some(func(op histories.Operation) bool {
		return slices.Contains(fs, op.Invoke.F) && !empty(op.Complete.Value)
	}) {
		e.miss("no %s returned anything that was written", strings.Join(fs, " or "))
	}
}

func empty(v histories.Value) bool {
	return v.IsNil() || v.Kind() == histories.List && len(v.List()) == 0
}

// underFaults looks at the faults, and at what the clients could do meanwhile
// and afterwards.
func (e *exercise) underFaults() {
	if len(e.faults) == 0 {
		e.miss("no fault was injected")
		return
	}
	if !slices.ContainsFunc(e.faults, tookEffect) {
		e.miss("no fault had an effect that was observed")
	}
	if !e.some(e.duringFault) {
		e.miss("no operation succeeded while a fault was in force")
	}
	healed := 0
	for _, f := range e.faults {
		if f.Complete == nil {
			e.miss("the fault %s of step %q was never healed", f.Invoke.F, f.Invoke.Key)
			return
		}
		healed = max(healed, f.Complete.Index)
	}
	if !e.some(func(op histories.Operation) bool { return op.Invoke.Index > healed }) {
		e.miss("no operation that was invoked after the last heal succeeded")
	}
}

func tookEffect(f histories.Operation) bool { return f.Outcome() == histories.OK }

// duringFault reports whether op was acknowledged between the injection and the
// heal of some fault.
func (e *exercise) duringFault(op histories.Operation) bool {
	at := op.Complete.Index
	return slices.ContainsFunc(e.faults, func(f histories.Operation) bool {
		return f.Invoke.Index < at && (f.Complete == nil || at < f.Complete.Index)
	})
}

func (e *exercise) notes() []Note {
	outcomes := make(map[histories.Type]int)
	for _, op := range e.ops {
		outcomes[op.Outcome()]++
	}
	notes := []Note{{"operations", fmt.Sprintf("%d ok, %d fail, %d info",
		outcomes[histories.OK], outcomes[histories.Fail], outcomes[histories.Info])}}
	injected, effective := make(map[string]int), make(map[string]int)
	for _, f := range e.faults {
		injected[f.Invoke.F]++
		if tookEffect(f) {
			effective[f.Invoke.F]++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(injected)) {
		notes = append(notes, Note{kind, fmt.Sprintf("took effect %d of %d times", effective[kind], injected[kind])})
	}
	return notes
}
