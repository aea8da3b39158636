package workload

import (
	"fmt"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

func ok(op histories.Op) histories.Op {
	op.Type = histories.OK
	return op
}

// Whatever the outcomes are, no value is written twice to a key, keys are
// retired in time, and in the end every key is read.
func TestRegisters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Register{
			Keys: rapid.IntRange(1, 4).Draw(t, "keys"), OpsPerKey: rapid.IntRange(1, 20).Draw(t, "operations"),
			OpenLimit: rapid.IntRange(1, 3).Draw(t, "open"),
		}
		lanes := rapid.IntRange(1, 3).Draw(t, "lanes")
		g := cfg.Generator(rapid.Uint64().Draw(t, "seed"), lanes)
		written, ops, open := map[string]bool{}, map[string]int{}, map[string]int{}
		for i := range rapid.IntRange(1, 120).Draw(t, "length") {
			lane := i % lanes
			op := g.Next(lane)
			ops[op.Key]++
			require.LessOrEqual(t, ops[op.Key], cfg.OpsPerKey)
			require.LessOrEqual(t, open[op.Key], cfg.OpenLimit)
			if op.F == "write" {
				name := op.Key + "=" + op.Value.String()
				require.False(t, written[name], "%s was written before", name)
				written[name] = true
				require.Positive(t, op.Value.Int())
			} else {
				require.True(t, op.Value.IsNil())
			}
			op.Process, op.Type = lane, rapid.SampledFrom([]histories.Type{histories.OK, histories.Fail, histories.Info}).Draw(t, "outcome")
			if op.Type == histories.Info {
				open[op.Key]++
			}
			g.Completed(op)
		}
		finals := map[string]int{}
		for lane := range lanes {
			for op, more := g.Final(lane); more; op, more = g.Final(lane) {
				require.Equal(t, "read", op.F)
				finals[op.Key]++
				op.Process = lane
				g.Completed(ok(op))
			}
		}
		for key := range ops {
			require.Equal(t, 2, finals[key], "final reads of key %s", key)
		}
	})
}

func TestAFailedFinalReadComesAgain(t *testing.T) {
	g := Register{Keys: 1}.Generator(1, 1)
	g.Completed(ok(g.Next(0)))
	tries := 0
	for op, more := g.Final(0); more; op, more = g.Final(0) {
		tries++
		op.Type = histories.Fail
		g.Completed(op)
	}
	require.Equal(t, 2*finalTries, tries, "and is given up in the end")
}

func TestTheSameSeedAsksTheSame(t *testing.T) {
	ask := func(seed uint64) string {
		g := Register{}.Generator(seed, 2)
		text := ""
		for i := range 100 {
			op := g.Next(i % 2)
			text += fmt.Sprintln(op.F, op.Key, op.Value)
			g.Completed(ok(op))
		}
		return text
	}
	require.Equal(t, ask(1), ask(1))
	require.NotEqual(t, ask(1), ask(2))
}

func TestKeyPatternsMatchSomeKeysOfAnyFour(t *testing.T) {
	for _, pattern := range (&registers{}).KeyPatterns() {
		for first := range 100 {
			matches := 0
			for key := first; key < first+4; key++ {
				match, err := path.Match(pattern, fmt.Sprint(key))
				require.NoError(t, err)
				if match {
					matches++
				}
			}
			require.Equal(t, 2, matches, "pattern %s, keys from %d", pattern, first)
		}
	}
}

func ExampleRegister() {
	g := Register{Reads: 0.4}.Generator(7, 1)
	for range 3 {
		op := g.Next(0)
		fmt.Println(op.F, op.Key, op.Value)
		op.Type = histories.OK
		g.Completed(op)
	}
	// Output:
	// write 0 1
	// read 1 null
	// write 3 1
}
