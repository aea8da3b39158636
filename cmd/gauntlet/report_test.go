package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReportOfAWholeRun writes the page of a run again: it is the same page.
func TestReportOfAWholeRun(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	first := run(t, "run", "--design", "seed", "--nodes", "3", "--duration", "500ms", "--faults", "none", "--seed", "1", "--out", out)
	require.Contains(t, []int{exitValid, exitInvalid}, first.code, first)
	dir, err := filepath.EvalSymlinks(filepath.Join(out, "latest"))
	require.NoError(t, err)
	page := filepath.Join(dir, "report.html")
	before, err := os.ReadFile(page)
	require.NoError(t, err)
	require.NoError(t, os.Remove(page))

	again := run(t, "report", dir)
	require.Equal(t, first.code, again.code, again)
	require.Equal(t, first.stdout, again.stdout)
	require.Empty(t, again.stderr)
	after, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

// TestReportOfARunThatNobodyJudged has only a history.
func TestReportOfARunThatNobodyJudged(t *testing.T) {
	for value, code := range map[int64]int{1: exitValid, 2: exitInvalid} {
		dir := filepath.Dir(record(t, value))
		got := call(t.Context(), "report", dir)
		require.Equal(t, code, got.code, got)
		page, err := os.ReadFile(filepath.Join(dir, "report.html"))
		require.NoError(t, err)
		require.Contains(t, string(page), "gauntlet check "+dir)
		require.NoFileExists(t, filepath.Join(dir, "results.json"))
	}
}

// TestReportOfACutRun shows that nothing speaks for what is missing.
func TestReportOfACutRun(t *testing.T) {
	path := record(t, 1)
	edit(t, path, func(lines []string) []string { return lines[:5] })
	got := call(t.Context(), "report", filepath.Dir(path))
	require.Equal(t, exitUnknown, got.code, got)
	require.Contains(t, flat(got.stdout), "the run was cut short: the file ends after 4 events, without a trailer")

	path = record(t, 2)
	edit(t, path, func(lines []string) []string { return lines[:5] })
	got = call(t.Context(), "report", filepath.Dir(path))
	require.Equal(t, exitInvalid, got.code, got)
}

// TestReportMissesFaults is about a run that was to have faults and had none.
func TestReportMissesFaults(t *testing.T) {
	for faults, code := range map[string]int{"none": exitValid, "kill": exitUnknown} {
		dir := filepath.Dir(record(t, 1))
		text := `{"name":"quorum-safe","faults":"` + faults + `","nodes":3,"replay":"gauntlet run --seed 1"}`
		require.NoError(t, os.WriteFile(filepath.Join(dir, "run.json"), []byte(text), 0o600))
		got := call(t.Context(), "report", dir)
		require.Equal(t, code, got.code, got)
		require.Contains(t, got.stdout, "quorum-safe")
		require.Contains(t, got.stdout, "replay: gauntlet run --seed 1")
	}
}

func TestReportNamesTheFileThatIsWrong(t *testing.T) {
	path := record(t, 1)
	dir := filepath.Dir(path)
	got := call(t.Context(), "report", path)
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, "found the file "+path+", expected the directory of a run")
	const good, bad = "{}\n", "{]\n"
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("run.json", good)
	for _, name := range []string{"results.json", "trace.jsonl", "schedule.json", "run.json", "history.jsonl"} {
		write(name, bad)
		got = call(t.Context(), "report", dir)
		require.Equal(t, exitUsage, got.code, got)
		require.Contains(t, got.stderr, filepath.Join(dir, name)+": ", name)
		require.Empty(t, got.stdout)
		require.NoFileExists(t, filepath.Join(dir, "report.html"))
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	got = call(t.Context(), "report", t.TempDir())
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, "history.jsonl: no such file")
}
