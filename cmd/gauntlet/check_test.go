package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// record records a history of one register that is written once and then reads
// as value; it returns the file, history.jsonl in a directory of its own.
func record(t *testing.T, value int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := histories.Create(path, histories.Header{Workload: "register", Model: "register", Nodes: []string{"n1"}, Clients: 1})
	require.NoError(t, err)
	for _, op := range []histories.Op{
		{Type: histories.Invoke, F: "write", Key: "x", Value: histories.IntValue(1)},
		{Type: histories.OK, F: "write", Key: "x", Value: histories.IntValue(1)},
		{Type: histories.Invoke, F: "read", Key: "x"},
		{Type: histories.OK, F: "read", Key: "x", Value: histories.IntValue(value)},
	} {
		if op.Type == histories.Invoke {
			_, err = r.Invoke(op)
		} else {
			_, err = r.Complete(op)
		}
		require.NoError(t, err)
	}
	require.NoError(t, r.Close())
	return path
}

// edit changes the lines of a file.
func edit(t *testing.T, path string, change func(lines []string) []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := change(strings.SplitAfter(string(data), "\n"))
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
}

func TestCheckOfAGoodHistory(t *testing.T) {
	path := record(t, 1)
	for _, name := range []string{path, filepath.Dir(path)} {
		got := call(t.Context(), "check", name)
		require.Equal(t, exitValid, got.code, got)
		require.Contains(t, got.stdout, "VALID  "+name)
		require.Contains(t, got.stdout, "replay: gauntlet check "+name)
		require.Empty(t, got.stderr)
	}
}

func TestCheckOfABadHistory(t *testing.T) {
	path := record(t, 2)
	got := call(t.Context(), "check", path)
	require.Equal(t, exitInvalid, got.code, got)
	require.Contains(t, got.stdout, "INVALID")
	require.Contains(t, got.stdout, " on key x")

	got = call(t.Context(), "check", "--json", path)
	require.Equal(t, exitInvalid, got.code, got)
	var v checker.Verdict
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &v))
	require.Equal(t, checker.Invalid, v.Validity)
	require.NotEmpty(t, v.Anomalies)
	require.Equal(t, "x", v.Anomalies[0].Key)
	require.Equal(t, 1, strings.Count(got.stdout, "\n"))
}

// TestCheckOfATruncatedHistory shows that what is left is judged, and that the
// rest is missed.
func TestCheckOfATruncatedHistory(t *testing.T) {
	for _, c := range []struct {
		value int64
		keep  int // lines; half of the next one stays, too
		code  int
	}{{1, 3, exitValid}, {2, 3, exitValid}, {2, 5, exitInvalid}, {1, 5, exitValid}, {1, 1, exitValid}} {
		path := record(t, c.value)
		edit(t, path, func(lines []string) []string {
			return append(lines[:c.keep], lines[c.keep][:len(lines[c.keep])/2])
		})
		got := call(t.Context(), "check", path)
		require.Equal(t, c.code, got.code, "%+v: %v", c, got)
		require.Contains(t, got.stdout, "the history is not complete")
	}
}

func TestCheckOfAMalformedHistory(t *testing.T) {
	for _, c := range []struct {
		line int // the one that is replaced
		by   string
		says string
	}{
		{1, "{}\n", "line 1: found"},
		{1, "not a history\n", "line 1: found"},
		{3, "{\"index\":1,\n", "line 3: found"},
		{3, "\x00\xff\n", "line 3: found"},
		{4, `{"index":2,"time":9000000000,"type":"invoke","process":0,"f":"read","key":"x","key":"y"}` + "\n", "line 4: found"},
		{5, "", "line 5: found"},
	} {
		path := record(t, 1)
		edit(t, path, func(lines []string) []string { lines[c.line-1] = c.by; return lines })
		got := call(t.Context(), "check", path)
		require.Equal(t, exitUsage, got.code, "%+v: %v", c, got)
		require.Contains(t, got.stderr, path+": "+c.says)
		require.Contains(t, got.stderr, "expected")
		require.Empty(t, got.stdout)
	}
	path := record(t, 1)
	require.NoError(t, os.Truncate(path, 0))
	got := call(t.Context(), "check", path)
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, path+": line 1: found")
}

func TestCheckOfStandardInput(t *testing.T) {
	t.Parallel()
	for value, code := range map[int64]int{1: exitValid, 2: exitInvalid} {
		data, err := os.ReadFile(record(t, value))
		require.NoError(t, err)
		got := runWith(t, bytes.NewReader(data), "check", "-")
		require.Equal(t, code, got.code, got)
	}
	got := runWith(t, strings.NewReader("nothing\n"), "check", "-")
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, "standard input: line 1: found")
}

func TestCheckAsksForAModelItKnows(t *testing.T) {
	path := record(t, 1)
	require.Zero(t, call(t.Context(), "check", "--model", "register", path).code)
	got := call(t.Context(), "check", "--model", "queue", path)
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, `--model: found "queue", expected one of register`)
	got = call(t.Context(), "check", "--check-time", "0s", path)
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, "--check-time: found 0s, expected more than 0")
}

func TestCheckThatIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := call(ctx, "check", record(t, 1))
	require.Equal(t, exitInterrupted, got.code, got)
	require.Contains(t, got.stdout, "UNKNOWN")
}

func TestCheckThatRunsOutOfTime(t *testing.T) {
	got := call(t.Context(), "check", "--check-time", "1ns", record(t, 1))
	require.Equal(t, exitUnknown, got.code, got)
	require.Contains(t, got.stdout, "1ns is used up")
}
