package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// wrongCalls are calls that are refused before anything is done, each with what
// the error must say: the field, what was found, what was expected.
var wrongCalls = []struct {
	args []string
	says []string
}{
	{[]string{"frob"}, []string{`unknown command "frob"`, "gauntlet --help"}},
	{[]string{"--frob"}, []string{"unknown flag: --frob", "gauntlet --help"}},
	{[]string{"run", "extra"}, []string{`"extra"`, "gauntlet run --help"}},
	{[]string{"run", "--frob"}, []string{"unknown flag: --frob", "gauntlet run --help"}},
	{[]string{"run", "-z"}, []string{"unknown shorthand flag: 'z'", "gauntlet run --help"}},
	{[]string{"run", "--seed"}, []string{"flag needs an argument: --seed"}},
	{[]string{"run", "--nodes", "many"}, []string{`--nodes: found "many", expected a whole number`}},
	{[]string{"run", "--nodes", "2.5"}, []string{`--nodes: found "2.5", expected a whole number`}},
	{[]string{"run", "--nodes", "0"}, []string{"--nodes: found 0, expected 1 or more"}},
	{[]string{"run", "--nodes", "-3"}, []string{"--nodes: found -3, expected 1 or more"}},
	{[]string{"run", "--nodes", "65"}, []string{"Nodes: found 65, expected 1 to 64"}},
	{[]string{"run", "--clients", "0"}, []string{"--clients: found 0, expected 1 or more"}},
	{[]string{"run", "--clients", "1025"}, []string{"Clients: found 1025, expected 1 to 1024"}},
	{[]string{"run", "--duration", "20"}, []string{`--duration: found "20", expected a duration such as 1.5s`}},
	{[]string{"run", "--duration", "0s"}, []string{"--duration: found 0s, expected more than 0"}},
	{[]string{"run", "--duration", "1ms"}, []string{"Duration: found 1ms, expected at least 100ms"}},
	{[]string{"run", "--timeout", "-1s"}, []string{"--timeout: found -1s, expected more than 0"}},
	{[]string{"run", "--timeout", "1us"}, []string{"Timeout: found 1µs, expected at least 1ms"}},
	{[]string{"run", "--check-time", "0"}, []string{"--check-time: found 0s, expected more than 0"}},
	{[]string{"run", "--rate", "fast"}, []string{`--rate: found "fast", expected a number`}},
	{[]string{"run", "--rate", "0"}, []string{"--rate: found 0, expected operations per second, or -1"}},
	{[]string{"run", "--rate", "NaN"}, []string{"--rate: found NaN, expected"}},
	{[]string{"run", "--rate", "-Inf"}, []string{"--rate: found -Inf, expected"}},
	{[]string{"run", "--seed", "-1"}, []string{`--seed: found "-1", expected a whole number from 0`}},
	{[]string{"run", "--seeds", "9..3"}, []string{`--seeds: found "9..3", expected a range such as 1..20`}},
	{[]string{"run", "--seeds", "0..3"}, []string{`--seeds: found "0..3", expected a range`}},
	{[]string{"run", "--seeds", "1...3"}, []string{`--seeds: found "1...3", expected a range`}},
	{[]string{"run", "--json=perhaps"}, []string{`--json: found "perhaps", expected true or false`}},
	{[]string{"run", "--log", "loud"}, []string{`--log: found "loud", expected debug, info, warn or error`}},
	{[]string{"run", "--system", "frob"}, []string{`--system: found "frob", expected one of quorum`}},
	{[]string{"run", "--workload", "frob"}, []string{`--workload: found "frob", expected one of register`}},
	{[]string{"run", "--faults", "frob"}, []string{`--faults: `, `found "frob", expected one of partition`}},
	{[]string{"run", "--faults", "kill/frob"}, []string{`--faults: `, `found "frob", expected one of one, minority, all`}},
	{[]string{"run", "--faults", ""}, []string{`--faults: `, `found "", expected one of partition`}},
	{[]string{"run", "--faults", "crash@frob"}, []string{`"crash@frob"`, "the system has no failpoint", "before-sync"}},
	{[]string{"run", "--option", "weak"}, []string{`--option: found "weak", expected name=value`}},
	{[]string{"run", "--option", "=x"}, []string{`--option: found "=x", expected name=value`}},
	{[]string{"run", "--option", "weak=frob"}, []string{`option weak: found "frob", expected one of connected-quorum`}},
	{[]string{"run", "--design", "frob"}, []string{`option design: found "frob", expected safe or seed`}},
	{[]string{"run", "--schedule", "missing.json"}, []string{"--schedule: ", "missing.json: no such file"}},
	{[]string{"check"}, []string{"accepts 1 arg(s), received 0", "gauntlet check --help"}},
	{[]string{"check", "a", "b"}, []string{"accepts 1 arg(s), received 2"}},
	{[]string{"check", "missing.jsonl"}, []string{"missing.jsonl: no such file"}},
	{[]string{"report"}, []string{"accepts 1 arg(s), received 0", "gauntlet report --help"}},
	{[]string{"report", "missing"}, []string{"missing: no such file"}},
	{[]string{"report", "-"}, []string{"-: no such file"}},
	{[]string{"list", "x"}, []string{`"x"`, "gauntlet list --help"}},
	{[]string{"mutants", "--only", "Z9"}, []string{"--only: ", `"Z9"`}},
	{[]string{"mutants", "--duration", "0s"}, []string{"--duration 0s", "more than 0"}},
	{[]string{"verdicts", "x"}, []string{`"x"`, "gauntlet verdicts --help"}},
}

func TestWrongCallsAreRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range wrongCalls {
		got := call(t.Context(), c.args...)
		require.Equal(t, exitUsage, got.code, "%v: %v", c.args, got)
		require.Empty(t, got.stdout, "%v", c.args)
		for _, words := range c.says {
			require.Contains(t, got.stderr, words, "%v", c.args)
		}
	}
}

func TestAllWrongFlagsAreNamedAtOnce(t *testing.T) {
	got := call(t.Context(), "run", "--system", "a", "--workload", "b", "--faults", "c", "--option", "d", "--nodes", "0", "--rate", "0")
	require.Equal(t, exitUsage, got.code)
	for _, name := range []string{"--system", "--workload", "--faults", "--option", "--nodes", "--rate"} {
		require.Contains(t, got.stderr, name+": ", got)
	}
}

func TestWrongSchedulesAreRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for text, words := range map[string]string{
		`{"seed":1,"duration":"1s","steps":[{"name":"s1","at":"2s","for":"1s","kind":"kill","nodes":["n1"]}]}`:                              `field "at": found 2s`,
		`{"seed":1,"duration":"1s","steps":[{"name":"s1","at":"0s","for":"1s","kind":"frob","nodes":["n1"]}]}`:                              `found "frob"`,
		`{"seed":1,"duration":"1s","steps":[{"name":"s1","at":"0s","for":"1s","kind":"kill","nodes":["n9"]}]}`:                              `found "n9", expected one of n1, n2, n3`,
		`{"seed":1,"duration":"1s","steps":[{"name":"s1","at":"0s","for":"500ms","kind":"crash","point":"x","down":"1ms","nodes":["n1"]}]}`: `found "x", expected one of between-updates`,
		`{`: "schedule",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "s.json"), []byte(text), 0o600))
		got := call(t.Context(), "run", "--nodes", "3", "--duration", "1s", "--schedule", "s.json")
		require.Equal(t, exitUsage, got.code, "%s: %v", text, got)
		require.Contains(t, got.stderr, words, text)
	}
}

// TestUsageErrorsOfTheProcess shows that what the tests above call is what a
// shell gets.
func TestUsageErrorsOfTheProcess(t *testing.T) {
	t.Parallel()
	got := run(t, "run", "--nodes", "none")
	require.Equal(t, exitUsage, got.code, got)
	require.Empty(t, got.stdout)
	require.Equal(t, "gauntlet: usage: --nodes: found \"none\", expected a whole number (see gauntlet run --help)\n", got.stderr)
}
