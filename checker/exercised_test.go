package checker

import (
	"testing"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

func TestExercised(t *testing.T) {
	const full = `
		0: |w1| |r1|  |w2|     |r2|
		1:         |r1|
		nemesis: |=partition=|
	`
	for _, c := range []struct {
		name, history string
		require       Requirements
		missing       []string
	}{
		{name: "all there", history: "0: |w1| |r1|  |w2|  |r2|\nnemesis: |partition|"},
		{name: "no nemesis wanted", history: "0: |w1| |r1|", require: Requirements{NoFaults: true}},
		{name: "nothing", history: "", missing: []string{"no operation was invoked", "no fault was injected"}},
		{name: "no nemesis", history: "0: |w1| |r1|", missing: []string{"no fault was injected"}},
		{name: "no effect", history: "0: |w1| |r1|  |w2|  |r2|\nnemesis: |partition>", missing: []string{"no fault had an effect that was observed"}},
		{name: "no read succeeded", history: "0: |w1| |r!  |w2|  |w3|\nnemesis: |partition|",
			missing: []string{"no read succeeded", "no read returned anything that was written"}},
		{name: "only nil was read", history: "0: |w1| |r|  |w2|    |r|\nnemesis: |partition|", missing: []string{"no read returned anything that was written"}},
		{name: "nothing during", history: "0: |w1| |r1|              |w2|\nnemesis:     |partition|",
			missing: []string{"no operation succeeded while a fault was in force"}},
		{name: "nothing after", history: "0: |w1| |r1|  |w2|\nnemesis: |partition|",
			missing: []string{"no operation that was invoked after the last heal succeeded"}},
		{name: "cas required", history: "0: |w1| |r1|  |w2|  |r2|\nnemesis: |partition|",
			require: Requirements{Functions: []string{write, cas}}, missing: []string{"no cas succeeded"}},
		{name: "other reads", history: "0: |w1| |r1|", require: Requirements{NoFaults: true, Reads: []string{"dequeue"}},
			missing: []string{"no dequeue returned anything that was written"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := diagram(t, c.history)
			v := Exercised(c.require).Check(t.Context(), Run{History: h})
			requireWellFormed(t, h, v)
			require.Equal(t, "exercised", v.Checker)
			if c.missing == nil {
				require.Equal(t, Valid, v.Validity, v.Reason)
			} else {
				require.Equal(t, Unknown, v.Validity)
			}
			for _, m := range c.missing {
				require.Contains(t, v.Reason, m)
			}
		})
	}
	v := Exercised(Requirements{}).Check(t.Context(), Run{History: diagram(t, full)})
	require.Equal(t, Valid, v.Validity, v.Reason)
	requireNote(t, v, "partition", "took effect 1 of 1 times")
	requireNote(t, v, "operations", "5 ok, 0 fail, 0 info")
}

func TestExercisedUnhealedAndMalformed(t *testing.T) {
	h := diagram(t, "0: |w1| |r1|  |w2|  |r2|\nnemesis: |partition|")
	h.Ops[len(h.Ops)-1].Index++
	v := Exercised(Requirements{}).Check(t.Context(), Run{History: h})
	require.Contains(t, v.Reason, "malformed history")
	require.Contains(t, Exercised(Requirements{}).Check(t.Context(), Run{}).Reason, "malformed history")

	h = diagram(t, "0: |w1| |r1|\nnemesis:          |kill|")
	require.Equal(t, histories.Nemesis, h.Ops[len(h.Ops)-1].Process)
	h.Ops = h.Ops[:len(h.Ops)-1]
	v = Exercised(Requirements{}).Check(t.Context(), Run{History: h})
	require.Contains(t, v.Reason, `the fault kill of step "0" was never healed`)
	requireNote(t, v, "kill", "took effect 0 of 1 times")
}
