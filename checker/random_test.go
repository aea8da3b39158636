package checker

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

// drawn is an operation of a random history, at times that are only compared.
type drawn struct {
	f         string
	key       string
	value     histories.Value
	outcome   histories.Type
	call, ret float64
}

// assemble orders the events. Every operation has a process of its own.
func assemble(ops []drawn) *histories.History {
	type event struct {
		at float64
		op histories.Op
	}
	var events []event
	for i, d := range ops {
		op := histories.Op{Process: i, F: d.f, Key: d.key, Node: fmt.Sprint("n", i%3), Type: histories.Invoke}
		if d.f != read {
			op.Value = d.value
		}
		events = append(events, event{d.call, op})
		op.Type, op.Value = d.outcome, histories.Value{}
		if d.f == read && d.outcome == histories.OK {
			op.Value = d.value
		}
		events = append(events, event{max(d.ret, d.call), op})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	h := &histories.History{Header: histories.Header{Clients: len(ops) + 1}}
	for i, e := range events {
		e.op.Index, e.op.Time = i, time.Duration(i)*time.Millisecond
		h.Ops = append(h.Ops, e.op)
	}
	return h
}

// numbered is value n of a register; 0 is the initial one.
func numbered(n int) histories.Value {
	if n == 0 {
		return histories.Value{}
	}
	return histories.IntValue(int64(n))
}

// uniform draws a tiny history with anything in it. With repeats, values may be
// written more than once.
func uniform(r *rand.Rand, n int, repeats bool) []drawn {
	ops := make([]drawn, n)
	written := 0
	for i := range ops {
		d := &ops[i]
		d.call = r.Float64()
		d.ret = d.call + r.Float64()*(1-d.call)
		d.outcome = []histories.Type{histories.OK, histories.OK, histories.OK, histories.Info, histories.Fail}[r.IntN(5)]
		d.f = read
		if d.value = numbered(r.IntN(n)); r.IntN(2) == 0 {
			d.f = write
			if written++; repeats {
				d.value = numbered(r.IntN(3))
			} else {
				d.value = numbered(written)
			}
		}
	}
	return ops
}

// simulated draws what a correct register could have produced.
func simulated(r *rand.Rand, clients, n int) []drawn {
	type effect struct {
		at float64
		op int
	}
	var ops []drawn
	var effects []effect
	free := make([]float64, clients)
	crashes, fails := r.Float64()*0.3, r.Float64()*0.1
	for i := range n {
		c := r.IntN(clients)
		d := drawn{f: read, outcome: histories.OK, call: free[c] + r.ExpFloat64()*0.1}
		d.ret = d.call + r.ExpFloat64()
		free[c] = d.ret
		at := d.call + r.Float64()*(d.ret-d.call)
		if r.IntN(2) == 0 {
			d.f, d.value = write, numbered(i+1)
			if p := r.Float64(); p < crashes {
				d.outcome = histories.Info
				if at = d.call + r.ExpFloat64()*3; r.IntN(2) == 0 {
					at = -1
				}
			} else if p < crashes+fails {
				d.outcome, at = histories.Fail, -1
			}
		}
		ops = append(ops, d)
		if at >= 0 {
			effects = append(effects, effect{at, i})
		}
	}
	slices.SortFunc(effects, func(a, b effect) int { return cmp.Compare(a.at, b.at) })
	var state histories.Value
	for _, e := range effects {
		if ops[e.op].f == write {
			state = ops[e.op].value
		} else {
			ops[e.op].value = state
		}
	}
	return ops
}

// mutate spoils a history here and there.
func mutate(r *rand.Rand, ops []drawn) {
	for range r.IntN(7) {
		d := &ops[r.IntN(len(ops))]
		switch r.IntN(3) {
		case 0:
			if d.f == read {
				d.value = ops[r.IntN(len(ops))].value
			}
		case 1:
			shift := (r.Float64() - 0.5) * 4
			d.call, d.ret = d.call+shift, d.ret+shift
		case 2:
			d.ret = d.call + (d.ret-d.call)*r.Float64()*0.3
		}
	}
}

// sampled draws a random history of one register.
func sampled(seed uint64, repeats bool) []drawn {
	r := rand.New(rand.NewPCG(seed, 1))
	if repeats || r.IntN(3) == 0 {
		return uniform(r, 2+r.IntN(5), repeats)
	}
	ops := simulated(r, 2+r.IntN(5), 4+r.IntN(21))
	mutate(r, ops)
	return ops
}

func amount(full, short int) int {
	if testing.Short() {
		return short
	}
	return full
}

const seeds = 50_000

// The zone engine, the search with and without the patch, and, for small
// histories, the definition itself must all agree, and every rule must have its
// chance.
func TestEnginesAgree(t *testing.T) {
	hits := make(map[rule]int)
	verdicts := make(map[Validity]int)
	for seed := range uint64(amount(seeds, seeds/25)) {
		h := assemble(sampled(seed, false))
		v := checkRegister(t.Context(), Run{History: h})
		requireAgreement(t, seed, h, v)
		verdicts[v.Validity]++
		z := solved(t, h)
		for _, f := range z.findings {
			hits[f.rule]++
			w := z.witness(f)
			require.LessOrEqual(t, len(w.core()), 6, "seed %d", seed)
		}
		requireNote(t, v, "engine", zoneEngine)
	}
	t.Log("hits:", hits, "verdicts:", verdicts)
	least := amount(seeds, seeds/25) / 500
	for _, r := range []rule{unwritten, future, overlap, inside} {
		require.GreaterOrEqual(t, hits[r], least, "rule %v is hardly tested", r)
	}
	require.GreaterOrEqual(t, verdicts[Valid], 10*least)
	require.Zero(t, verdicts[Unknown])
}

// With repeated values the search decides, and its patch must stay exact.
func TestEnginesAgreeOnRepeatedValues(t *testing.T) {
	verdicts := make(map[Validity]int)
	for seed := range uint64(amount(seeds/5, seeds/50)) {
		h := assemble(sampled(seed, true))
		v := checkRegister(t.Context(), Run{History: h})
		requireAgreement(t, seed, h, v)
		verdicts[v.Validity]++
	}
	t.Log(verdicts)
	require.Greater(t, min(verdicts[Valid], verdicts[Invalid]), amount(seeds/5, seeds/50)/20)
}

func requireAgreement(t *testing.T, seed uint64, h *histories.History, v Verdict) {
	t.Helper()
	require.Empty(t, v.Reason, "seed %d", seed)
	model := RegisterModel()
	ops := h.Operations()
	spans := spansOf(model, ops)
	patched, _ := tighten(model, spans)
	answers := map[string]Validity{
		"register": v.Validity,
		"patched":  search(context.Background(), model, patched, false).validity,
	}
	if unknownWrites(spans) <= 6 {
		answers["raw"] = search(context.Background(), model, spans, false).validity
	}
	if len(ops) <= 7 {
		answers["definition"] = Invalid
		if bruteForce(model, ops) {
			answers["definition"] = Valid
		}
	}
	for engine, answer := range answers {
		if answer != v.Validity {
			require.Fail(t, "the engines disagree", "seed %d, %s: %v\n%s\n%+v", seed, engine, answers, dump(h), v)
		}
	}
}

func unknownWrites(spans []span) int {
	n := 0
	for _, s := range spans {
		if s.ret == never {
			n++
		}
	}
	return n
}

func dump(h *histories.History) string {
	var b strings.Builder
	for _, op := range h.Ops {
		fmt.Fprintf(&b, "%d: %d %v %s %s %v\n", op.Index, op.Process, op.Type, op.F, op.Key, op.Value)
	}
	return b.String()
}

func requireNote(t testing.TB, v Verdict, name, value string) {
	t.Helper()
	for _, n := range v.Notes {
		if n.Name == name {
			require.Equal(t, value, n.Value)
			return
		}
	}
	require.Fail(t, "no note "+name)
}

// Renaming values, interleaving independent keys and making outcomes unknown
// have known effects on the verdict.
func TestMetamorphic(t *testing.T) {
	for seed := range uint64(amount(5000, 300)) {
		ops := sampled(seed, false)
		want := verdictOf(ops)

		renamed := slices.Clone(ops)
		for i := range renamed {
			if v := renamed[i].value; !v.IsNil() {
				renamed[i].value = histories.StringValue(fmt.Sprint("v", v.Int()*7919))
			}
		}
		require.Equal(t, want, verdictOf(renamed), "seed %d: values renamed", seed)

		other := sampled(seed+seeds, false)
		var both []drawn
		for _, part := range []struct {
			key string
			ops []drawn
		}{{"x", ops}, {"y", other}} {
			for _, d := range part.ops {
				d.key = part.key
				both = append(both, d)
			}
		}
		require.Equal(t, Merge(want, verdictOf(other)), verdictOf(both), "seed %d: two keys", seed)

		if want == Valid {
			loose := slices.Clone(ops)
			r := rand.New(rand.NewPCG(seed, 2))
			for i := range loose {
				if loose[i].outcome == histories.OK && r.IntN(3) == 0 {
					loose[i].outcome = histories.Info
				} else if r.IntN(3) == 0 {
					loose[i].ret += r.Float64()
				}
			}
			require.Equal(t, Valid, verdictOf(loose), "seed %d: ok made info, intervals widened", seed)
		}
	}
}

func verdictOf(ops []drawn) Validity {
	return checkRegister(context.Background(), Run{History: assemble(ops)}).Validity
}
