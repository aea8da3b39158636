package checker

import (
	"context"
	"testing"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

// exponential is the history of 21 + crashed operations on which a search needs
// time exponential in the number of crashed writes: none of them was read, and
// the last read is stale.
func exponential(crashed int) *histories.History {
	h := &histories.History{Header: histories.Header{Clients: crashed + 1}}
	add := func(op histories.Op) {
		op.Index, op.Time = len(h.Ops), time.Duration(len(h.Ops))*time.Millisecond
		h.Ops = append(h.Ops, op)
	}
	call := func(f string, argument, result histories.Value) {
		add(histories.Op{Type: histories.Invoke, F: f, Value: argument})
		add(histories.Op{Type: histories.OK, F: f, Value: result})
	}
	for i := range crashed {
		add(histories.Op{Type: histories.Invoke, Process: i + 1, F: write, Value: histories.IntValue(int64(1000 + i))})
	}
	for i := range int64(10) {
		call(write, histories.IntValue(i+1), histories.Value{})
		call(read, histories.Value{}, histories.IntValue(i+1))
	}
	call(read, histories.Value{}, histories.IntValue(3))
	return h
}

func TestThirtyNineOperations(t *testing.T) {
	h := exponential(18)
	require.Len(t, h.Operations(), 39)
	v := Budget(Register(), Limits{Time: time.Minute}).Check(t.Context(), Run{History: h})
	require.Equal(t, Invalid, v.Validity)
	requireNote(t, v, "engine", zoneEngine)
	require.Equal(t, staleRead, v.Anomalies[0].Name)
	require.Len(t, v.Anomalies[0].Ops, 6, "write and read of 3, and the write of the next value")

	v = Linearizable(RegisterModel()).Check(t.Context(), Run{History: h})
	require.Equal(t, Invalid, v.Validity, "the patch makes it easy: %+v", v)
	requireNote(t, v, "patched operations", "18 of unknown outcome were left out or bounded by the first read of their value")
}

// unpatched is a register that is not known to be one.
type unpatched struct{ Model }

func TestBudgetIsKept(t *testing.T) {
	for name, limits := range map[string]Limits{
		"the time budget of 200ms is used up":   {Time: 200 * time.Millisecond},
		"the memory budget of 8 MiB is used up": {Time: -1, Memory: 8 << 20},
	} {
		h := exponential(24)
		start := time.Now()
		v := Budget(Linearizable(unpatched{RegisterModel()}), limits).Check(t.Context(), Run{History: h})
		require.Equal(t, Unknown, v.Validity)
		require.Contains(t, v.Reason, name)
		require.Equal(t, linearizable, v.Checker)
		// A minute is far less than the search needs.
		require.Less(t, time.Since(start), time.Minute)
	}
}

func TestDeadlineOfTheCaller(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	v := Linearizable(unpatched{RegisterModel()}).Check(ctx, Run{History: exponential(24)})
	require.Equal(t, Unknown, v.Validity)
	require.Contains(t, v.Reason, "the deadline has passed")
	cancel()
	for _, c := range []Checker{Linearizable(RegisterModel()), Register()} {
		v = c.Check(ctx, Run{History: exponential(1)})
		require.Equal(t, Unknown, v.Validity)
		require.NotEmpty(t, v.Reason)
	}
}

// A violation of one key is reported although another one is too hard.
func TestHardKeyHidesNothing(t *testing.T) {
	h := exponential(24)
	for i := range h.Ops {
		h.Ops[i].Key = "hard"
	}
	easy := diagram(t, `0: |w1| |w2| |r1|`)
	for _, op := range easy.Ops {
		op.Key, op.Index, op.Process = "easy", len(h.Ops), 100
		h.Ops = append(h.Ops, op)
	}
	v := Budget(Linearizable(unpatched{RegisterModel()}), Limits{Time: 200 * time.Millisecond}).Check(t.Context(), Run{History: h})
	require.Equal(t, Invalid, v.Validity)
	require.Equal(t, "easy", v.Anomalies[0].Key)
	require.Contains(t, v.Reason, `key "hard"`)
	requireNote(t, v, "keys undecided", "1")
}

type brokenModel struct {
	Model
	init any
	step func() (any, bool)
}

func (m brokenModel) Init() any { return m.init }
func (m brokenModel) Step(context.Context, any, histories.Operation) (any, bool) {
	return m.step()
}

func TestModelThatPanics(t *testing.T) {
	run := Run{History: diagram(t, `0: |w1| |w2|`)}
	for name, m := range map[string]brokenModel{
		"in a step":            {init: 0, step: func() (any, bool) { panic("oops") }},
		"uncomparable state":   {init: 0, step: func() (any, bool) { return []int{1}, true }},
		"uncomparable initial": {init: []int{1}, step: func() (any, bool) { return 1, true }},
	} {
		m.Model = RegisterModel()
		v := Linearizable(m).Check(t.Context(), run)
		require.Equal(t, Unknown, v.Validity, name)
		require.Contains(t, v.Reason, "the model panicked", name)
	}
}

// A step that polls nothing cannot keep the answer back.
func TestModelThatHangs(t *testing.T) {
	release := make(chan struct{})
	hang := brokenModel{Model: RegisterModel(), init: 0, step: func() (any, bool) { <-release; return 0, true }}
	v := Budget(Linearizable(hang), Limits{Time: 50 * time.Millisecond}).Check(t.Context(), Run{History: diagram(t, `0: |w1|`)})
	close(release)
	require.Equal(t, Unknown, v.Validity)
	require.Contains(t, v.Reason, "time budget of 50ms")
}

func TestMalformedHistories(t *testing.T) {
	good := func() *histories.History { return diagram(t, "0: |w1| |r1|\n1:     |w2|") }
	for want, spoil := range map[string]func(h *histories.History){
		"index":                  func(h *histories.History) { h.Ops[1].Index = 7 },
		"completion":             func(h *histories.History) { h.Ops[0].Type = histories.OK },
		"either every operation": func(h *histories.History) { h.Ops[0].Key, h.Ops[1].Key = "x", "x" },
		`f "append": a register`: func(h *histories.History) { h.Ops[0].F, h.Ops[1].F = "append", "append" },
		"acknowledged at index":  func(h *histories.History) { h.Ops[1].Value = histories.IntValue(9) },
		"type":                   func(h *histories.History) { h.Ops[2].Type = 0 },
	} {
		h := good()
		spoil(h)
		for _, c := range []Checker{Register(), Linearizable(RegisterModel())} {
			v := c.Check(t.Context(), Run{History: h})
			require.Equal(t, Unknown, v.Validity, want)
			require.Contains(t, v.Reason, "malformed history: ")
			require.Contains(t, v.Reason, want)
		}
	}
	require.Equal(t, Unknown, Register().Check(t.Context(), Run{}).Validity)
	v := Linearizable(CASRegisterModel()).Check(t.Context(), Run{History: diagram(t, `0: |c1|`)})
	require.Contains(t, v.Reason, "expected a list of the old and the new value")
}

func TestCASRegister(t *testing.T) {
	for history, want := range map[string]Validity{
		`0: |w1| |c1,2| |r2|`:                      Valid,
		`0: |w1| |c2,3|`:                           Invalid,
		`0: |w1| |c2,3-! |r1|`:                     Valid,
		"0: |w1| |c1,2>\n1:             |r1| |r2|": Valid,
		"0: |w1| |c5,6>\n1:             |r1|":      Valid,
		"0: |w1| |c5,6>\n1:             |r6|":      Invalid,
	} {
		h := diagram(t, history)
		v := Linearizable(CASRegisterModel()).Check(t.Context(), Run{History: h})
		require.Equal(t, want, v.Validity, history)
		require.Equal(t, want == Valid, bruteForce(CASRegisterModel(), h.Operations()))
		requireWellFormed(t, h, v)
	}
}
