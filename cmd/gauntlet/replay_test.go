package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

// words takes a command line apart as a shell does.
func words(t require.TestingT, line string) []string {
	out, err := exec.Command("sh", "-c", "set -- "+line+`; printf '%s\0' "$@"`).Output()
	require.NoError(t, err, line)
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// parsed are the flags of a command line that begins with "gauntlet run".
func parsed(t require.TestingT, line string) *runFlags {
	args := words(t, line)
	require.Equal(t, []string{"gauntlet", "run"}, args[:2])
	f := &runFlags{}
	cmd := &cobra.Command{}
	f.register(cmd)
	require.NoError(t, cmd.ParseFlags(args[2:]), line)
	require.Empty(t, cmd.Flags().Args(), line)
	return f
}

// plan is the part of a test that decides what is done.
func plan(t require.TestingT, f *runFlags, seed uint64) gauntlet.Test {
	test, err := f.test(io.Discard)
	require.NoError(t, err)
	test.Seed, test.Logger, test.Out = seed, nil, ""
	return test
}

// drawFlags draws any flags that are accepted.
func drawFlags(t *rapid.T, schedule string) *runFlags {
	long := func(name string) time.Duration {
		return time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, name))
	}
	f := &runFlags{
		system: "quorum", workload: "register", log: "warn",
		design:   rapid.SampledFrom([]string{"safe", "seed", "", "no such"}).Draw(t, "design"),
		faults:   rapid.SampledFrom([]string{"all", "none", "kill", "partition/halves,kill/all", " slow+clients , pause", "crash/one@before-sync"}).Draw(t, "faults"),
		schedule: rapid.SampledFrom([]string{"", schedule}).Draw(t, "schedule"),
		nodes:    rapid.IntRange(1, 100).Draw(t, "nodes"), clients: rapid.IntRange(1, 100).Draw(t, "clients"),
		duration: long("duration"), timeout: long("timeout"), checkTime: long("check-time"),
		rate: rapid.Float64().Filter(func(r float64) bool { return r != 0 }).Draw(t, "rate"),
	}
	for _, value := range rapid.SliceOfN(rapid.StringN(0, 8, -1), 0, 3).Draw(t, "options") {
		if !strings.Contains(value, "\x00") { // no argument of a process has one
			f.options = append(f.options, fmt.Sprintf("o%d=%s", len(f.options), value))
		}
	}
	return f
}

func TestReplayRepeatsTheRun(t *testing.T) {
	schedule := filepath.Join(t.TempDir(), "it's $HOME, `a` file & more.json")
	require.NoError(t, nemesis.Schedule{Seed: 1, Duration: time.Second}.Save(schedule))
	rapid.Check(t, func(t *rapid.T) {
		f := drawFlags(t, schedule)
		seed := rapid.Uint64Min(1).Draw(t, "seed")
		line := f.replay(seed)
		again := parsed(t, line)
		require.Equal(t, seed, again.seed)
		require.Equal(t, plan(t, f, seed), plan(t, again, again.seed), line)
		require.Equal(t, line, again.replay(seed), "the replay of a replay")
	})
}

func TestReplayNamesOnlyWhatDiffers(t *testing.T) {
	require.Equal(t, "gauntlet run --seed 5", parsed(t, "gauntlet run").replay(5))
	line := "gauntlet run --design seed --faults partition/halves,kill --nodes 3 --rate -1 --seed 9"
	require.Equal(t, line, parsed(t, line+" --out elsewhere --seeds 1..3 --log info --json").replay(9))
}

func TestShellQuote(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "a/b.c-d_e=1,2": "a/b.c-d_e=1,2", "": "''", "a b": "'a b'", "$x": "'$x'", "it's": `'it'\''s'`,
	} {
		require.Equal(t, want, shellQuote(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[^\x00]{0,12}`), 1, 20).Draw(t, "words")
		quoted := make([]string, len(list))
		for i, word := range list {
			quoted[i] = shellQuote(word)
		}
		require.Equal(t, list, words(t, strings.Join(quoted, " ")))
	})
}

func TestParseSeeds(t *testing.T) {
	for text, want := range map[string][2]uint64{
		"1..20": {1, 20}, "7": {7, 7}, "7..7": {7, 7}, "18446744073709551615..18446744073709551615": {math.MaxUint64, math.MaxUint64},
	} {
		first, last, err := parseSeeds(text, 3)
		require.NoError(t, err, text)
		require.Equal(t, want, [2]uint64{first, last})
	}
	first, last, err := parseSeeds("", 3)
	require.NoError(t, err)
	require.Equal(t, [2]uint64{3, 3}, [2]uint64{first, last})
	first, last, err = parseSeeds("", 0)
	require.NoError(t, err)
	require.NotZero(t, first, "a seed is drawn")
	require.Equal(t, first, last)
	for _, text := range []string{"x", "..", "1..", "..3", "3..1", "0", "0..4", "-1..4", "1..2..3", " 1..2", "1..18446744073709551616"} {
		_, _, err := parseSeeds(text, 3)
		require.ErrorIs(t, err, errUsage, text)
		require.ErrorContains(t, err, text)
	}
}

func TestReplayIsWrittenIntoTheRun(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "my runs")
	got := run(t, "run", "--nodes", "1", "--clients", "2", "--duration", "100ms", "--faults", "none", "--rate", "-1", "--seed", "11", "--out", out)
	require.Equal(t, exitValid, got.code, got)
	const line = "gauntlet run --faults none --nodes 1 --clients 2 --duration 100ms --rate -1 --seed 11"
	for _, name := range []string{"run.json", "results.json"} {
		data, err := os.ReadFile(filepath.Join(out, "latest", name))
		require.NoError(t, err)
		require.Contains(t, string(data), line, name)
	}
}
