package checker

import (
	"context"
	"testing"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

// registerCase is one history of a register with what must come out.
type registerCase struct {
	name    string
	history string
	want    Validity
	anomaly string
	rule    rule // 0: decided without zones, or legal
}

var registerCases = []registerCase{
	{name: "nothing happened", want: Valid},
	{name: "read of the initial value", want: Valid, history: `0: |-r-| |-w1-| |-r1-|`},
	{name: "concurrent write may be read or not", want: Valid, history: `
		0: |----w1----|
		1: |r|  |r1|`},
	{name: "new-old inversion", want: Invalid, anomaly: staleRead, rule: inside, history: `
		0: |-----w1------|
		1:  |r1|  |-r-|`},
	{name: "overwritten", want: Invalid, anomaly: staleRead, rule: inside, history: `
		0: |w1| |w2|
		1:           |r1|`},
	{name: "the fresh value was seen", want: Invalid, anomaly: staleRead, rule: overlap, history: `
		0: |w1| |w2|     |r2|
		1:           |r1|`},
	{name: "lost on all nodes", want: Invalid, anomaly: lostWrite, rule: inside, history: `
		0 n1: |w1| |w2|
		1 n2:           |r1|
		2 n3:               |r1|`},
	{name: "phantom", want: Invalid, anomaly: phantomRead, rule: unwritten, history: `
		0: |w1| |r7|`},
	{name: "aborted", want: Invalid, anomaly: abortedRead, rule: unwritten, history: `
		0: |w1| |w7-!
		1:            |r7|`},
	{name: "a failed write may be repeated", want: Valid, history: `
		0: |w7-! |w7|
		1:            |r7|`},
	{name: "future", want: Invalid, anomaly: readFromFuture, rule: future, history: `
		0:       |w1|
		1: |r1|`},
	{name: "unknown write takes effect late", want: Valid, history: `
		0: |w1| |w2>
		1:           |r1| |r1| |r2|`},
	{name: "unknown write takes effect once", want: Invalid, anomaly: staleRead, rule: overlap, history: `
		0: |w1| |w2>
		1:           |r2| |r1|  |r2|`},
	{name: "keys are independent", want: Valid, history: `
		0: |x.w1| |y.w1|
		1:                |x.r1| |y.r1|`},
	{name: "one key of two", want: Invalid, anomaly: staleRead, rule: inside, history: `
		0: |x.w1| |y.w1| |y.w2|
		1:                      |x.r1| |y.r1|`},
	{name: "repeated value", want: Valid, history: `0: |w1| |w2| |w1| |r1|`},
	{name: "repeated value, wrong", want: Invalid, anomaly: notLinearizable, history: `0: |w1| |w2| |w1| |r2|`},
	{name: "repeated value, phantom", want: Invalid, anomaly: phantomRead, history: `0: |w1| |w2| |w1| |r3|`},
	{name: "repeated value, the unknown write is the later one", want: Valid, history: `
		0:    |w1| |r1| |w2| |r1|
		1: |w1->`},
	{name: "nil is written", want: Valid, history: `0: |w1| |w| |r|`},
	{name: "reads that failed or timed out do not count", want: Valid, history: `
		0: |w1| |r! |r>`},
}

func TestRegister(t *testing.T) {
	for _, c := range registerCases {
		t.Run(c.name, func(t *testing.T) {
			h := diagram(t, c.history)
			v := Register().Check(t.Context(), Run{History: h})
			require.Equal(t, c.want, v.Validity, "%+v", v)
			requireWellFormed(t, h, v)
			if c.anomaly != "" {
				require.Equal(t, c.anomaly, v.Anomalies[0].Name, v.Anomalies[0].Explanation)
			}
			if c.rule != 0 {
				require.Equal(t, c.rule, onlyRule(t, h))
			}
			general := Linearizable(RegisterModel()).Check(t.Context(), Run{History: h})
			require.Equal(t, c.want, general.Validity, "%+v", general)
			requireWellFormed(t, h, general)
		})
	}
}

func onlyRule(t *testing.T, h *histories.History) rule {
	z := solved(t, h)
	require.Len(t, z.findings, 1)
	for _, f := range z.findings {
		return f.rule
	}
	return 0
}

func solved(t testing.TB, h *histories.History) *zones {
	z, err := newZones(h, h.Operations())
	require.NoError(t, err)
	z.solve()
	return z
}

// requireWellFormed checks what every verdict promises.
func requireWellFormed(t testing.TB, h *histories.History, v Verdict) {
	t.Helper()
	require.NotEmpty(t, v.Checker)
	require.Equal(t, v.Validity == Invalid, len(v.Anomalies) > 0, "anomalies exactly if invalid: %+v", v)
	require.False(t, v.Validity == Unknown && v.Reason == "", "unknown without a reason: %+v", v)
	require.False(t, v.Validity == Valid && v.Reason != "", "valid with a reason: %+v", v)
	for _, a := range v.Anomalies {
		require.NotEmpty(t, a.Name)
		require.NotEmpty(t, a.Explanation)
		require.NotEmpty(t, a.Ops)
		require.IsIncreasing(t, append([]int{-1}, a.Ops...))
		require.Less(t, a.Ops[len(a.Ops)-1], len(h.Ops))
	}
}

// A crafted order that is wrong in each possible way is refused.
func TestValidateLinearization(t *testing.T) {
	h := diagram(t, `
		0: |w1| |w2|      |w3>  |w4!
		1:          |r2|`)
	ops := h.Operations() // w1 w2 r2 w3 w4
	nothing := func(string) bool { return false }
	check := func(order ...int32) error { return validateLinearization(ops, order, nothing) }
	require.NoError(t, check(0, 1, 2))
	require.NoError(t, check(0, 1, 2, 3), "an unknown write may be used")
	require.ErrorContains(t, check(0, 1), "missing")
	require.ErrorContains(t, check(0, 1, 2, 2), "twice")
	require.ErrorContains(t, check(0, 2, 1), "the register holds 1")
	require.ErrorContains(t, check(1, 2, 0), "before the call")
	require.ErrorContains(t, check(0, 1, 2, 4), "has no place")
	require.NoError(t, validateLinearization(ops, nil, func(string) bool { return true }))
}

func TestDisagreementIsUnknown(t *testing.T) {
	h := diagram(t, `
		0: |w1| |w2|
		1:           |r2|`)
	z := solved(t, h)
	z.findings[0] = finding{rule: overlap, a: z.cluster[0], b: z.cluster[1]}
	p := &panel{model: RegisterModel(), run: Run{History: h}}
	p.zones(context.Background(), z)
	v := p.verdict()
	require.Equal(t, Unknown, v.Validity)
	require.Contains(t, v.Reason, "the engines disagree")
}

func TestWrongOrderIsUnknown(t *testing.T) {
	h := diagram(t, `0: |w1| |w2| |r2|`)
	z := solved(t, h)
	z.order[0], z.order[1] = z.order[1], z.order[0]
	p := &panel{model: RegisterModel(), run: Run{History: h}}
	p.zones(context.Background(), z)
	require.Equal(t, Unknown, p.verdict().Validity)
	require.Contains(t, p.verdict().Reason, "does not pass its replay")
}
