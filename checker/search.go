package checker

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/gauntlet-go/gauntlet/histories"
)

// searcher runs porcupine, which looks for an order of the operations of one
// object that the model allows (Wing and Gong 1993, Lowe 2017). porcupine checks
// none of its input, runs the model in goroutines of its own, where a panic
// ends the program, and knows no context; the searcher makes up for all three.
type searcher struct {
	ctx     context.Context
	model   Model
	init    hashed
	seed    maphash.Seed
	stopped atomic.Bool            // a step was refused because ctx is done
	panic   atomic.Pointer[string] // the model's panic
}

// hashed is a state of the model with its hash.
type hashed struct {
	state any
	hash  uint64
}

// found is the answer of a search.
type found struct {
	validity Validity
	reason   string // why it is Unknown
	info     porcupine.LinearizationInfo
	seed     maphash.Seed // of the states in info
}

// search looks for an order. With verbose the info of the answer has the
// longest orders that were found.
func search(ctx context.Context, m Model, spans []span, verbose bool) found {
	if len(spans) == 0 {
		return found{validity: Valid}
	}
	if ctx.Err() != nil {
		return found{reason: stopReason(ctx)}
	}
	s := &searcher{ctx: ctx, model: m, seed: maphash.MakeSeed()}
	result, ok := await(ctx, func() found { return s.run(spans, verbose) })
	if !ok {
		return found{reason: stopReason(ctx) + ", and the search did not stop"}
	}
	return result
}

func (s *searcher) run(spans []span, verbose bool) (f found) {
	defer func() {
		if p := recover(); p != nil {
			f = found{reason: fmt.Sprintf("the model panicked: %v", p)}
		}
	}()
	s.init = s.hashed(s.model.Init())
	ops := make([]porcupine.Operation, len(spans))
	for i := range spans {
		op := &spans[i].Operation
		ops[i] = porcupine.Operation{
			ClientId: spans[i].lane, Input: op, Metadata: op, Call: spans[i].call, Return: spans[i].ret,
		}
	}
	// A context does not reach porcupine, its deadline does; what ends earlier
	// is noticed in the next step.
	var timeout time.Duration
	if deadline, ok := s.ctx.Deadline(); ok {
		timeout = max(time.Until(deadline), 1)
	}
	var result porcupine.CheckResult
	if verbose {
		result, f.info = porcupine.CheckOperationsVerbose(s.porcupine(), ops, timeout)
	} else {
		result = porcupine.CheckOperationsTimeout(s.porcupine(), ops, timeout)
	}
	switch p := s.panic.Load(); {
	case p != nil:
		f.reason = "the model panicked: " + *p
	case result == porcupine.Ok:
		f.validity = Valid
	case result == porcupine.Illegal && !s.stopped.Load():
		f.validity = Invalid
	default:
		f.reason = s.timeout()
	}
	return f
}

// timeout says why a search ended early. porcupine's clock may be ahead of the
// context's by a moment.
func (s *searcher) timeout() string {
	select {
	case <-s.ctx.Done():
	case <-time.After(grace):
	}
	return stopReason(s.ctx)
}

// porcupine is the model in the form that porcupine wants.
func (s *searcher) porcupine() porcupine.Model {
	return porcupine.Model{
		Init:        func() any { return s.init },
		StepContext: s.step,
		Equal:       func(a, b any) bool { return a.(hashed) == b.(hashed) },
		Hash:        func(state any) uint64 { return state.(hashed).hash },
	}
}

func (s *searcher) hashed(state any) hashed {
	return hashed{state, maphash.Comparable(s.seed, state)}
}

// step refuses everything once the search is to stop, so that it ends soon; its
// answer then does not count.
func (s *searcher) step(_ context.Context, state, input, _ any) (ok bool, next any) {
	if s.panic.Load() != nil {
		return false, state
	}
	if s.ctx.Err() != nil {
		s.stopped.Store(true)
		return false, state
	}
	defer func() {
		if p := recover(); p != nil {
			text := fmt.Sprint(p)
			s.panic.Store(&text)
			ok, next = false, state
		}
	}()
	after, ok := step(s.ctx, s.model, state.(hashed).state, *input.(*histories.Operation))
	if s.ctx.Err() != nil { // the step may have been cut short
		s.stopped.Store(true)
		return false, state
	}
	if !ok {
		return false, state
	}
	return true, s.hashed(after)
}

// step is the model's, where an operation of unknown outcome that cannot take
// effect does nothing. porcupine wants a place for every operation: one that
// never happened gets it behind all others.
func step(ctx context.Context, m Model, state any, op histories.Operation) (next any, ok bool) {
	next, ok = m.Step(ctx, state, op)
	if !ok && op.Outcome() == histories.Info {
		return state, true
	}
	return next, ok
}
