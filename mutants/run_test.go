package mutants

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The test binary stands in for the command: with this variable set it prints
// its value, with SEED replaced by the seed, and ends with the exit code that
// stands before the first colon. If the seed is CATCH or more it is invalid.
const standIn = "MUTANTS_TEST_STAND_IN"

func TestMain(m *testing.M) {
	if script := os.Getenv(standIn); script != "" {
		os.Exit(standInMain(script, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func standInMain(script string, args []string) int {
	seed := args[slices.Index(args, "--seed")+1]
	if catch, ok := strings.CutPrefix(script, "catch at "); ok {
		script = `0:{"validity":"valid","seed":SEED,"report":"r/SEED"}`
		if seed >= catch {
			script = `1:{"validity":"invalid","seed":SEED,"report":"r/SEED",` +
				`"first":{"seconds":1.5,"operations":812,"anomaly":"stale read","key":"7"}}`
		}
	}
	if script == "arguments" {
		fmt.Fprint(os.Stderr, args) //nolint:errcheck // to a pipe
		return 64
	}
	code, out, _ := strings.Cut(script, ":")
	fmt.Print(strings.ReplaceAll(out, "SEED", seed))
	fmt.Fprint(os.Stderr, "the last words") //nolint:errcheck // to a pipe
	n, _ := strconv.Atoi(code)
	return n
}

func runStandIn(t *testing.T, script string, cfg Config) (Result, error) {
	t.Helper()
	t.Setenv(standIn, script)
	binary, err := os.Executable()
	require.NoError(t, err)
	return Run(t.Context(), binary, fixtureMutant(t), cfg)
}

func TestRunTriesSeedsUntilCaught(t *testing.T) {
	r, err := runStandIn(t, "catch at 7", Config{Seed: 5, Duration: 2 * time.Second, Budget: 20 * time.Second})
	require.NoError(t, err)
	r.Mutant = Mutant{}
	require.Equal(t, Result{
		Caught: true, Runs: 3, Seed: 7, Seconds: 1.5, Operations: 812, Before: 4,
		Anomaly: "stale read", Key: "7", Report: "r/7",
	}, r)
	require.Equal(t, 5.5, r.RunTime())
}

func TestRunKeepsToItsBudget(t *testing.T) {
	r, err := runStandIn(t, "catch at 9", Config{Seed: 5, Duration: 10 * time.Second, Budget: 25 * time.Second})
	require.NoError(t, err)
	require.False(t, r.Caught)
	require.Equal(t, []any{2, uint64(6), 20.0}, []any{r.Runs, r.Seed, r.RunTime()})
	r, err = runStandIn(t, "catch at 9", Config{Seed: 5, Duration: time.Minute, Budget: time.Second})
	require.NoError(t, err)
	require.Equal(t, 1, r.Runs, "at least one run")
}

func TestRunDoesNotTakeUnknownForCaught(t *testing.T) {
	r, err := runStandIn(t, `3:{"validity":"unknown","seed":SEED}`, Config{Budget: time.Second})
	require.NoError(t, err)
	require.False(t, r.Caught)
}

func TestRunErrors(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"usage":          {`64:`, "mutant A2, seed 1: exit code 64: expected 0, 1 or 3: the last words"},
		"no result":      {`1:`, "exit code 1: the result on standard output"},
		"two results":    {`0:{"validity":"valid"} {}`, "exit code 0: the result on standard output"},
		"contradiction":  {`1:{"validity":"valid"}`, `field validity: found "valid", expected "invalid"`},
		"no anomaly":     {`1:{"validity":"invalid","first":{}}`, "field first"},
		"no first":       {`1:{"validity":"invalid"}`, "field first"},
		"a foreign seed": {`0:{"validity":"valid","seed":17}`, "field seed: found 17, expected 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runStandIn(t, test.script, Config{})
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := Run(t.Context(), filepath.Join(t.TempDir(), "none"), Mutant{ID: "A1"}, Config{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestRunArguments(t *testing.T) {
	_, err := runStandIn(t, "arguments", Config{Seed: 3, Dir: "out"})
	require.ErrorContains(t, err, "[run --json --system quorum --nodes 5 --faults kill/all --seed 3 --duration 10s --out out/A2-3]")
}

func TestTry(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the compiler")
	}
	m := fixtureMutant(t)
	r, err := m.Try(t.Context(), fixture, t.TempDir(), Config{Seed: 1})
	require.NoError(t, err)
	require.True(t, r.Caught)
	require.Equal(t, []any{2, uint64(2), "stale read"}, []any{r.Runs, r.Seed, r.Anomaly})

	// The last replica is asked, so that a wrong first one is not seen.
	m.New = []string{"\t\tr.replicas[i] = v * i"}
	r, err = m.Try(t.Context(), fixture, t.TempDir(), Config{Seed: 1})
	require.NoError(t, err)
	require.False(t, r.Caught)
	require.Equal(t, 6, r.Runs)
}
