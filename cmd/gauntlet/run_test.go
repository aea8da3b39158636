package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

func TestValidRun(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	got := run(t, "run", "--nodes", "3", "--duration", "500ms", "--faults", "none", "--seed", "7", "--out", out)
	require.Equal(t, exitValid, got.code, got)
	require.Contains(t, got.stdout, "VALID  quorum-safe-register-none")
	require.Contains(t, got.stdout, "replay: gauntlet run --faults none --nodes 3 --duration 500ms --seed 7\n")
	require.Contains(t, got.stdout, "report: file://"+out+"/quorum-safe-register-none/")
	require.NotContains(t, got.stdout, "p99", "progress belongs on standard error")
	require.Contains(t, got.stderr, "p99")
	require.NotContains(t, got.stderr, "VALID", "the result belongs on standard output")
	for _, name := range []string{"run.json", "schedule.json", "history.jsonl", "trace.jsonl", "results.json", "report.html", "nodes/n3/log.txt"} {
		require.FileExists(t, filepath.Join(out, "latest", name))
	}
}

func TestInvalidRun(t *testing.T) {
	if testing.Short() {
		t.Skip("a run of the design of the seed takes 3 s")
	}
	t.Parallel()
	got := run(t, "run", "--design", "seed", "--duration", "3s", "--seed", "1", "--out", t.TempDir())
	require.Equal(t, exitInvalid, got.code, got)
	require.Contains(t, got.stdout, "INVALID  quorum-seed-register-all")
	require.Regexp(t, ` on key \d`, got.stdout)
	require.Regexp(t, `1\. +\d+\.\d+ s  client \d+ +(read|write) `, got.stdout, "the operations that prove it")
	require.LessOrEqual(t, strings.Count(got.stdout, "\n"), 25, "one screen")
	require.Contains(t, got.stderr, "begin s01-")
	require.Contains(t, got.stderr, "end s01-")
}

// saveSchedule writes a schedule into a file.
func saveSchedule(t *testing.T, duration time.Duration, steps ...nemesis.Step) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "schedule.json")
	require.NoError(t, nemesis.Schedule{Seed: 1, Duration: duration, Steps: steps}.Save(path))
	return path
}

// flat takes the line breaks out of a text.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestUnknownRuns are runs of which nobody can say that they went well, for the
// reason that is named.
func TestUnknownRuns(t *testing.T) {
	t.Parallel()
	idle := saveSchedule(t, 300*time.Millisecond, nemesis.Step{
		Name: "s1", At: 10 * time.Millisecond, For: 50 * time.Millisecond, Kind: nemesis.RefuseKey,
		Nodes: []string{"n1"}, Pattern: "no-such-key",
	})
	got := run(t, "run", "--nodes", "3", "--duration", "300ms", "--schedule", idle, "--out", t.TempDir())
	require.Equal(t, exitUnknown, got.code, got)
	require.Contains(t, got.stdout, "UNKNOWN")
	require.Contains(t, flat(got.stdout), "no fault had an effect that was observed")

	got = run(t, "run", "--nodes", "3", "--duration", "300ms", "--faults", "none", "--check-time", "1ns", "--out", t.TempDir())
	require.Equal(t, exitUnknown, got.code, got)
	require.Contains(t, flat(got.stdout), "budget of 1ns is used up")
}

// TestSystemThatDoesNotStart has no directory for its sockets.
func TestSystemThatDoesNotStart(t *testing.T) {
	t.Parallel()
	cmd, temp := command(t, "run", "--duration", "1s", "--out", t.TempDir())
	cmd.Env = append(cmd.Env, "TMPDIR="+filepath.Join(temp, "missing"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.Error(t, cmd.Run())
	got := finished{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	require.Equal(t, exitNotStarted, got.code, got)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "the system did not start")
	require.Contains(t, got.stderr, "missing: no such file")
}

func TestJSONOfSeveralSeeds(t *testing.T) {
	t.Parallel()
	got := run(t, "run", "--json", "--seeds", "1..2", "--nodes", "3", "--duration", "200ms", "--faults", "none", "--out", t.TempDir())
	require.Equal(t, exitValid, got.code, got)
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	require.Len(t, lines, 2)
	for i, line := range lines {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var res gauntlet.Result
		require.NoError(t, d.Decode(&res), line)
		require.Equal(t, uint64(i+1), res.Seed)
		require.Equal(t, checker.Valid, res.Validity)
		require.Equal(t, "quorum", res.System)
		require.Positive(t, res.OK)
		require.FileExists(t, res.Report)
		require.Contains(t, res.Replay, " --seed "+string(rune('1'+i)))
	}
}

func TestSeveralSeedsGiveALineEach(t *testing.T) {
	t.Parallel()
	got := run(t, "run", "--seeds", "3..4", "--nodes", "3", "--duration", "200ms", "--faults", "none", "--out", t.TempDir())
	require.Equal(t, exitValid, got.code, got)
	require.Regexp(t, `^seed 3 +valid +\d+ ok +\d+ fail +\d+ info  0/0 faults took effect  \S+report\.html\nseed 4 .*\n$`, got.stdout)
}

// TestInterruptBeforeTheStart is inside this process, so that goroutines that
// are left are seen.
func TestInterruptBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := t.TempDir()
	got := call(ctx, "run", "--seeds", "1..5", "--duration", "1s", "--out", out)
	require.Equal(t, exitInterrupted, got.code, got)
	runs, err := filepath.Glob(filepath.Join(out, "*", "*", "run.json"))
	require.NoError(t, err)
	require.Len(t, runs, 1, "no further seed is begun")
	_, err = os.Stat(filepath.Join(filepath.Dir(runs[0]), "results.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestEverySeedEndsWithTheWorst(t *testing.T) {
	broken := errors.New("disk full")
	const stop = -1 // interrupts the command
	for _, c := range []struct {
		codes []int // of the seeds from 1 on; 70 is an error, of 5 seeds in all
		runs  int
		code  int
	}{
		{[]int{0, 0, 0, 0, 0}, 5, 0},
		{[]int{0, 3, 0, 0, 0}, 5, 3},
		{[]int{3, 1, 3, 0, 0}, 5, 1},
		{[]int{0, 70, 0, 0, 0}, 2, 70},
		{[]int{3, 70, 0, 0, 0}, 2, 70},
		{[]int{0, 1, 70, 0, 0}, 3, 1},
		{[]int{0, stop, 0, 0, 0}, 2, 130},
		{[]int{1, stop, 0, 0, 0}, 2, 1},
		{[]int{0, 0, 0, 0, stop}, 5, 0},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var said bytes.Buffer
		runs := 0
		err := everySeed(ctx, 1, 5, &said, func(seed uint64) (int, error) {
			runs++
			require.Equal(t, uint64(runs), seed)
			switch c.codes[seed-1] {
			case 70:
				return 0, broken
			case stop:
				cancel()
				return 0, nil
			}
			return c.codes[seed-1], nil
		})
		cancel()
		require.Equal(t, c.code, code(err, &said), "%+v", c)
		require.Equal(t, c.runs, runs, "%+v", c)
		require.Equal(t, slices.Contains(c.codes, 70), strings.Contains(said.String(), "gauntlet: disk full\n"), "%+v", c)
	}
}

func TestEffects(t *testing.T) {
	require.Equal(t, "0/0 faults took effect", effects(nil))
	require.Equal(t, "3/5 faults took effect, none of kill, drop", effects([]gauntlet.FaultCount{
		{Kind: "pause", Injected: 3, Effect: 3}, {Kind: "kill", Injected: 1}, {Kind: "drop", Injected: 1},
	}))
}
