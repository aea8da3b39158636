package checker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

func explanation(t *testing.T, text string) string {
	t.Helper()
	h := diagram(t, text)
	v := Register().Check(t.Context(), Run{History: h})
	require.Len(t, v.Anomalies, 1)
	return v.Anomalies[0].Explanation
}

func TestExplanations(t *testing.T) {
	for want, history := range map[string]string{
		`On key "x", 7 was written by client 0 at n1 (invoked 2.000 s, acknowledged 2.500 s). ` +
			`After that, client 1 at n3 (invoked 3.200 s, returned 3.700 s) read key "x" and got the older value 5: ` +
			`5 was written by client 0 at n1 (invoked 1.300 s, acknowledged 1.800 s). ` +
			`5 is older because the write of 5 by client 0 at n1 had returned at 1.800 s, before the write of 7 by client 0 at n1 was invoked at 2.000 s. ` +
			`No order explains this: 5 must come before 7, yet the write of 7 by client 0 at n1 had returned at 2.500 s, before this read of 5 was invoked at 3.200 s, and nobody wrote 5 a second time. ` +
			`In force meanwhile: partition n1 | n2 n3, 1.000–3.700 s.`: `
nemesis:  |=========partition========|
0 n1:        |x.w5| |x.w7|
1 n3:                           |x.r5|`,
		`On the register, client 1 (invoked 2.300 s, returned 2.600 s) read 7. The only write of 7, by client 0 (invoked 1.300 s, failed 1.600 s: timeout), ` +
			`had failed: it certainly did not happen and never will, so no read may return its value. No fault was in force meanwhile.`: `
nemesis:                        |=kill=|
0:      |w1| |w7!
1:                     |r7|`,
		`On the register, 2 was written by client 0 (invoked 0.800 s, of unknown outcome since 1.100 s: timeout). ` +
			`Client 1 (invoked 1.300 s, returned 1.600 s) read 2. ` +
			`After that, client 2 (invoked 1.900 s, returned 2.200 s) read the register and got the older value 1: ` +
			`1 was written by client 0 (invoked 0.300 s, acknowledged 0.600 s). ` +
			`1 is older because the write of 1 by client 0 had returned at 0.600 s, before the write of 2 by client 0 was invoked at 0.800 s. ` +
			`No order explains this: 1 must come before 2, yet the read of 2 by client 1 had returned at 1.600 s, before this read of 1 was invoked at 1.900 s, and nobody wrote 1 a second time. ` +
			`In force meanwhile: pause n1 | n2 n3, 1.000–2.600 s (no effect observed).`: `
nemesis:  |=====pause=====>
0: |w1| |w2>
1:           |r2|
2:                 |r1|`,
	} {
		require.Equal(t, want, explanation(t, history))
	}
}

func TestExplanationOfRepeatedValues(t *testing.T) {
	text := explanation(t, `
		0 n1: |w1| |w2| |w1|
		1 n2:                 |r2|   |r1|`)
	require.Contains(t, text, "client 1 at n2 called read, got 2")
	require.Contains(t, text, "some order explains every operation; with this result none does")
	require.Contains(t, text, "leaves the object at 1, after write 1 by client 0 at n1")
}

// Only so many keys are explained; the rest are counted.
func TestManyWrongKeys(t *testing.T) {
	var ops []drawn
	for i := range 14 {
		key, at := fmt.Sprint("k", i), float64(i)
		ops = append(ops,
			drawn{f: write, key: key, value: numbered(1), outcome: histories.OK, call: at, ret: at + .1},
			drawn{f: write, key: key, value: numbered(2), outcome: histories.OK, call: at + .2, ret: at + .3},
			drawn{f: read, key: key, value: numbered(1), outcome: histories.OK, call: at + .4, ret: at + .5},
			drawn{f: read, key: key, value: numbered(1), outcome: histories.OK, call: at + .6, ret: at + .7})
	}
	for _, c := range []Checker{Register(), Linearizable(RegisterModel())} {
		v := c.Check(t.Context(), Run{History: assemble(ops)})
		require.Len(t, v.Anomalies, explained)
		require.Equal(t, "k0", v.Anomalies[0].Key, "the first one comes first")
		requireNote(t, v, "keys affected", "14 (10 explained)")
	}
}

func TestLongValuesAreClipped(t *testing.T) {
	long := strings.Repeat("é", 500)
	text := short(histories.StringValue(long))
	require.LessOrEqual(t, len(text), clipAt+len("…"))
	require.True(t, strings.HasPrefix(text, `"éé`))
	require.NotContains(t, text, "\uFFFD")
}

// Of many stale reads the first one is shown, with the fault that it happened
// under, and not one of long after; and as little as proves it.
func TestTheSoonestProofIsShown(t *testing.T) {
	h := diagram(t, `
nemesis:                 |=cut=|            |=kill=|
0:      |w1| |w2|
1:                         |r1|                        |r1|  |r1|
2:                                  |r2|`)
	v := Register().Check(t.Context(), Run{History: h})
	require.Len(t, v.Anomalies, 1)
	a := v.Anomalies[0]
	require.Len(t, a.Ops, 6, "two writes and the read")
	require.Contains(t, a.Explanation, "cut")
	require.NotContains(t, a.Explanation, "kill")
	last := h.Ops[a.Ops[len(a.Ops)-1]]
	require.Equal(t, "read", last.F)
	require.Less(t, last.Time.Seconds(), 4.0, "the other reads come at 5 s and later")
}
