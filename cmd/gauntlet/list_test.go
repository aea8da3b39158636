package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/mutants"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

func TestListNamesEverything(t *testing.T) {
	got := call(t.Context(), "list")
	require.Zero(t, got.code, got)
	require.Empty(t, got.stderr)
	for _, s := range systems() {
		require.Regexp(t, `(?s)systems:.*\n  `+s.Name()+`\n.*workloads:`, got.stdout)
	}
	for _, w := range workloads() {
		require.Contains(t, got.stdout, "\n  "+w.Name()+" (model "+w.Model()+")\n")
		require.Contains(t, models(), w.Model(), "a history of the workload can be judged")
	}
	for _, k := range nemesis.Kinds() {
		line := regexp.MustCompile(`(?m)^  ` + string(k) + ` .*$`).FindString(got.stdout)
		for _, shape := range nemesis.Shapes(k) {
			require.Contains(t, line, shape)
			_, err := nemesis.Parse(string(k) + "/" + shape)
			require.NoError(t, err)
		}
	}
	_, rest, _ := strings.Cut(got.stdout, "models:\n")
	require.Len(t, strings.Fields(rest), len(models()))
	for name := range models() {
		require.Contains(t, strings.Fields(rest), name)
	}
}

func TestListOfMutants(t *testing.T) {
	all, err := mutants.Select("*")
	require.NoError(t, err)
	got := call(t.Context(), "mutants", "--list")
	require.Zero(t, got.code, got)
	require.Equal(t, len(all), strings.Count(got.stdout, "\n"))
	for _, m := range all {
		require.Contains(t, got.stdout, m.ID+" ")
		require.Contains(t, got.stdout, m.Title)
	}
	got = call(t.Context(), "mutants", "--list", "--only", all[0].ID)
	require.Equal(t, 1, strings.Count(got.stdout, "\n"))
}

func TestMutantsNeedTheSource(t *testing.T) {
	t.Chdir(t.TempDir())
	got := call(t.Context(), "mutants", "--only", "A1")
	require.Equal(t, exitUsage, got.code, got)
	require.Contains(t, got.stderr, "call this in a checkout")
}

func TestProgressOfMutants(t *testing.T) {
	m := mutants.Mutant{ID: "A1", Title: "no fsync"}
	require.Equal(t, "A1   not caught in 6 runs: no fsync", progress(mutants.Result{Mutant: m, Runs: 6}))
	require.Equal(t, "A1   caught after 12.5 s, stale read (run 2): no fsync", progress(mutants.Result{
		Mutant: m, Caught: true, Runs: 2, Before: 10, Seconds: 2.5, Anomaly: "stale read",
	}))
}

func TestVerdictCell(t *testing.T) {
	res := &gauntlet.Result{Validity: checker.Valid, Verdict: checker.Verdict{Validity: checker.Valid}}
	require.Equal(t, "valid", verdictCell(res))
	res.Validity = checker.Invalid
	res.Verdict.Parts = []checker.Verdict{{}, {Anomalies: []checker.Anomaly{{Name: "stale read"}, {Name: "lost update"}}}}
	require.Equal(t, "invalid: stale read", verdictCell(res))
}
