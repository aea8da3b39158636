package checker

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
)

// Merge is the validity of a whole with these parts: Invalid if any part is,
// else Unknown if any part is or there is none, else Valid.
func Merge(parts ...Validity) Validity {
	switch {
	case slices.Contains(parts, Invalid):
		return Invalid
	case len(parts) == 0 || slices.Contains(parts, Unknown):
		return Unknown
	default:
		return Valid
	}
}

// All asks every checker, one after the other, and merges their verdicts; they
// become the Parts of its own. A part that panics or does not stop when ctx is
// done becomes Unknown and cannot hide what another part has found. All of
// nothing is Unknown.
func All(checkers ...Checker) Checker { return &all{name: "all", parts: checkers} }

// Compose is [All] under a name of its own, such as "kv".
func Compose(name string, checkers ...Checker) Checker { return &all{name: name, parts: checkers} }

type all struct {
	name  string
	parts []Checker
}

func (a *all) checkerName() string { return a.name }

func (a *all) Check(ctx context.Context, run Run) Verdict {
	v := Verdict{Checker: a.name}
	var validities []Validity
	var reasons []string
	for _, c := range a.parts {
		part := ask(ctx, c, run)
		v.Parts = append(v.Parts, part)
		validities = append(validities, part.Validity)
		if part.Validity == Unknown {
			reasons = append(reasons, part.Checker+": "+part.Reason)
		}
	}
	v.Validity = Merge(validities...)
	if len(a.parts) == 0 {
		reasons = []string{"there is no checker"}
	}
	v.Reason = strings.Join(reasons, "; ")
	return v
}

// Each yields the anomalies of the verdict and of all its parts, in order.
func (v Verdict) Each() iter.Seq[Anomaly] {
	return func(yield func(Anomaly) bool) { v.each(yield) }
}

func (v Verdict) each(yield func(Anomaly) bool) bool {
	for _, a := range v.Anomalies {
		if !yield(a) {
			return false
		}
	}
	for _, part := range v.Parts {
		if !part.each(yield) {
			return false
		}
	}
	return true
}

// Named gives the checker a name: the one that its verdict carries when it
// states none itself, also when it panics.
func Named(name string, c Checker) Checker { return named{name: name, Checker: c} }

type named struct {
	Checker
	name string
}

func (n named) checkerName() string { return n.name }

func nameOf(c Checker) string {
	if n, ok := c.(interface{ checkerName() string }); ok {
		return n.checkerName()
	}
	return fmt.Sprintf("%T", c)
}

// ask is how a checker is asked by another one: whatever it does, a verdict
// with a name and, if it is Unknown, a reason comes back in time.
func ask(ctx context.Context, c Checker, run Run) Verdict {
	answer := func() Verdict { return recovered(ctx, c, run) }
	var v Verdict
	if patient(c) {
		v = answer()
	} else if got, ok := await(ctx, answer); ok {
		v = got
	} else {
		v = Verdict{Reason: stopReason(ctx) + ", and the checker did not stop"}
	}
	if v.Checker == "" {
		v.Checker = nameOf(c)
	}
	if v.Validity == Unknown && v.Reason == "" {
		v.Reason = "no reason given"
	}
	return v
}

// patient reports whether c itself sees to it that it returns in time. Nobody
// may give up on such a checker, since that would lose what its parts found.
func patient(c Checker) bool {
	switch c := c.(type) {
	case *all, *budget:
		return true
	case named:
		return patient(c.Checker)
	default:
		return false
	}
}

func recovered(ctx context.Context, c Checker, run Run) (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			v = Verdict{
				Checker: nameOf(c),
				Reason:  fmt.Sprintf("the checker panicked: %v", p),
				Notes:   []Note{{Name: "stack", Value: string(debug.Stack())}},
			}
		}
	}()
	return c.Check(ctx, run)
}
