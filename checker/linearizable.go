package checker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// Linearizable checks that each key behaves like an object of the model, by
// search (porcupine): exact for any model, but exponential in concurrency and in
// the number of operations of unknown outcome, so that it may be Unknown when
// the budget is used up. For registers prefer [Register].
//
// The explanation names the operation at whose completion the history of the
// key first has no order any more. Ops are that operation and the last one of
// an order of everything before; the proof is the key's history up to there.
func Linearizable(m Model) Checker {
	check := Func(func(ctx context.Context, run Run) Verdict {
		ops, err := prepare(run, m)
		if err != nil {
			return malformed(err)
		}
		list := objects(ops)
		p := &panel{model: m, run: run, engine: porcupineEngine, keys: len(list), operations: len(ops)}
		p.search(ctx, list)
		return p.verdict()
	})
	return &budget{inner: Named(linearizable, check), fallback: true}
}

// explainTime bounds the search for the first wrong operation of a key: knowing
// that the history is wrong is worth more than knowing where.
const explainTime = 2 * time.Second

// search decides objects one by one, in two rounds: in the first none may take
// more than a share of the time, so that a hard one cannot use up the budget of
// the others; in the second the hard ones get what is left.
func (p *panel) search(ctx context.Context, list []object) {
	slices.SortStableFunc(list, func(a, b object) int { return cmp.Compare(len(a.ops), len(b.ops)) })
	var hard []object
	for i, o := range list {
		if reason := p.decide(ctx, o, 2*(len(list)-i)); reason != "" {
			hard = append(hard, o)
		}
	}
	for i, o := range hard {
		if reason := p.decide(ctx, o, len(hard)-i); reason != "" {
			p.unknown(place(o.key) + ": " + reason)
		}
	}
}

// decide searches one object for at most 1/share of the time that is left, and
// returns why it could not decide.
func (p *panel) decide(ctx context.Context, o object, share int) (reason string) {
	spans := spansOf(p.model, o.ops)
	patched, n := tighten(p.model, spans)
	part := ctx
	if deadline, ok := ctx.Deadline(); ok && share > 1 {
		d := time.Until(deadline) / time.Duration(share)
		timed, cancel := context.WithTimeoutCause(ctx, d, fmt.Errorf("its share of %v of the time budget is used up", d))
		defer cancel()
		part = timed
	}
	f := search(part, p.model, patched, false)
	if f.validity == Unknown {
		return f.reason
	}
	p.patched += n
	if f.validity == Invalid {
		p.affected++
		if len(p.anomalies) < explained {
			p.anomalies = append(p.anomalies, p.explain(ctx, o, spans))
		}
	}
	return ""
}

// explain finds the first operation of an object that has no place any more.
func (p *panel) explain(ctx context.Context, o object, spans []span) Anomaly {
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	s := story{p.run.History}
	culprit, certain := p.culprit(ctx, spans)
	if m, ok := p.model.(registerModel); ok && !m.cas && culprit.Invoke.F == read {
		if failed, unwritten := neverWritten(o.ops, registerValue(culprit)); unwritten {
			return p.unwritten(s, o.key, culprit, failed)
		}
	}
	a := Anomaly{Name: notLinearizable, Key: o.key}
	named := []histories.Operation{culprit}
	what := describe(culprit)
	a.Explanation = fmt.Sprintf("On %s, %s called %s (%s). ", place(o.key), s.who(culprit), what, when(culprit))
	if certain {
		a.Explanation += fmt.Sprintf("Up to then some order explains every operation; with this result none does, so a correct %s cannot have produced it.", p.model.Name())
	} else {
		a.Explanation += fmt.Sprintf("By then no order explains the operations on it; the first one that has no place was not found within the budget, so a correct %s went wrong here or earlier.", p.model.Name())
	}
	if last, state, ok := p.before(ctx, spans, culprit); ok {
		a.Explanation += fmt.Sprintf(" One order of all that was complete before leaves the object at %s", clip(state))
		if last != nil {
			a.Explanation += fmt.Sprintf(", after %s by %s", describe(*last), s.did(*last))
			named = append(named, *last)
		}
		a.Explanation += "."
	}
	a.Ops = eventsOf(named...)
	a.Explanation += " " + s.faults(named)
	return a
}

func (p *panel) unwritten(s story, key string, r histories.Operation, failed *histories.Operation) Anomaly {
	named := []histories.Operation{r}
	if failed != nil {
		named = append(named, *failed)
	}
	name, text := s.unwritten(key, r, failed)
	return Anomaly{Name: name, Key: key, Ops: eventsOf(named...), Explanation: text + " " + s.faults(named)}
}

// neverWritten reports whether no write of v can have happened, and a write of
// it that failed, if there is one.
func neverWritten(ops []histories.Operation, v histories.Value) (failed *histories.Operation, unwritten bool) {
	if v.IsNil() {
		return nil, false
	}
	for i, op := range ops {
		if op.Invoke.F != write || !op.Invoke.Value.Equal(v) {
			continue
		}
		if op.Outcome() != histories.Fail {
			return nil, false
		}
		failed = &ops[i]
	}
	return failed, true
}

// culprit is the operation with whose completion the history of an illegal
// object first became illegal, by bisection over prefixes; certain is false if
// the budget ran out, and then it is the earliest that is known to be too late.
func (p *panel) culprit(ctx context.Context, spans []span) (op histories.Operation, certain bool) {
	var done []span // in order of completion
	for _, s := range spans {
		if s.ret != never {
			done = append(done, s)
		}
	}
	slices.SortFunc(done, func(a, b span) int { return cmp.Compare(a.ret, b.ret) })
	legal, illegal := -1, len(done)-1
	for legal+1 < illegal {
		middle := (legal + illegal) / 2
		known, _ := tighten(p.model, prefix(p.model, spans, done[middle].ret))
		switch search(ctx, p.model, known, false).validity {
		case Valid:
			legal = middle
		case Invalid:
			illegal = middle
		default:
			return done[illegal].Operation, false
		}
	}
	return done[illegal].Operation, true
}

// before is the state of the object in one order of what was complete before
// the culprit completed, and the last operation that changed it.
func (p *panel) before(ctx context.Context, spans []span, culprit histories.Operation) (last *histories.Operation, state string, ok bool) {
	known, _ := tighten(p.model, prefix(p.model, spans, int64(culprit.Complete.Index)-1))
	f := search(ctx, p.model, known, true)
	if f.validity != Valid || len(known) == 0 {
		return nil, "", false
	}
	order := f.info.PartialLinearizations()[0][0]
	for len(order) > 0 && known[order[len(order)-1]].Outcome() != histories.OK {
		order = order[:len(order)-1] // what need not have happened
	}
	current := p.model.Init()
	for _, id := range order {
		next, legal := step(ctx, p.model, current, known[id].Operation)
		if !legal {
			return nil, "", false
		}
		if next != current {
			last = &known[id].Operation
		}
		current = next
	}
	return last, p.model.Describe(current), true
}

// describe is an operation of any model: "cas [1,2]" or "read, got 5".
func describe(op histories.Operation) string {
	text := op.Invoke.F
	if !op.Invoke.Value.IsNil() {
		text += " " + short(op.Invoke.Value)
	}
	if op.Complete != nil && op.Complete.Type == histories.OK && (op.Invoke.F == read || !op.Complete.Value.IsNil() && !op.Complete.Value.Equal(op.Invoke.Value)) {
		text += ", got " + short(op.Complete.Value)
	}
	return text
}
