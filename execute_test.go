package gauntlet_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/quorum"
)

func TestASystemThatDoesNotStart(t *testing.T) {
	defer goleak.VerifyNone(t)
	_, err := gauntlet.Execute(t.Context(), gauntlet.Test{System: dud{}, Nodes: 2, Duration: time.Second, Out: t.TempDir()})
	require.ErrorIs(t, err, gauntlet.ErrStart)
	require.ErrorContains(t, err, "flux capacitor")
}

func TestATestThatCannotBeRun(t *testing.T) {
	for name, test := range map[string]gauntlet.Test{
		"System is missing":             {},
		"Nodes: found -1":               {System: quorum.System, Nodes: -1},
		"Clients: found 5000":           {System: quorum.System, Clients: 5000},
		"Duration: found 1ms":           {System: quorum.System, Duration: time.Millisecond},
		"Timeout: found -1s":            {System: quorum.System, Timeout: -time.Second},
		`Name: found "a/b"`:             {System: quorum.System, Name: "a/b"},
		`design: found "fast"`:          {System: quorum.System, Options: system.Options{"design": "fast"}},
		`no failpoint "nowhere"`:        {System: quorum.System, Nemesis: nemesis.Mix("crash@nowhere"), Nodes: 3},
		"cannot refuse keys":            {System: dud{}, Nemesis: nemesis.Mix(nemesis.RefuseKey), Nodes: 3},
		"field \"nodes\": found \"n9\"": {System: quorum.System, Nodes: 3, Schedule: scheduleOf("n9")},
	} {
		t.Run(name, func(t *testing.T) {
			test.Out = t.TempDir()
			_, err := gauntlet.Execute(t.Context(), test)
			require.ErrorIs(t, err, gauntlet.ErrConfig)
			require.ErrorContains(t, err, name)
		})
	}
}

// scheduleOf pauses a node once.
func scheduleOf(node string) *nemesis.Schedule {
	return &nemesis.Schedule{Duration: 20 * time.Second, Steps: []nemesis.Step{{
		Name: "s01-pause", Kind: nemesis.Pause, At: 200 * time.Millisecond, For: 300 * time.Millisecond, Nodes: []string{node},
	}}}
}

func TestAGivenScheduleIsCarriedOut(t *testing.T) {
	defer goleak.VerifyNone(t)
	out := t.TempDir()
	res, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: quorum.System, Nodes: 3, Duration: time.Second, Schedule: scheduleOf("n2"), Out: out, Seed: 3,
	})
	require.NoError(t, err)
	require.Equal(t, []gauntlet.FaultCount{{Kind: "pause", Injected: 1, Effect: 1}}, res.Faults)
	require.Equal(t, *scheduleOf("n2"), res.Schedule())
	fault := res.History().Faults()[0]
	require.Equal(t, "s01-pause", fault.Invoke.Key)
	require.GreaterOrEqual(t, fault.Complete.Time-fault.Invoke.Time, 300*time.Millisecond)
	requireFiles(t, out, res)
}

// requireFiles checks the run's directory.
func requireFiles(t *testing.T, out string, res *gauntlet.Result) {
	latest, err := filepath.EvalSymlinks(filepath.Join(out, "latest"))
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(res.Dir)
	require.NoError(t, err)
	require.Equal(t, dir, latest)
	for _, name := range []string{"run.json", "schedule.json", "history.jsonl", "trace.jsonl", "results.json", "report.html", "nodes/n1/log.txt"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	data, err := os.ReadFile(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	var again gauntlet.Result
	require.NoError(t, json.Unmarshal(data, &again))
	require.Equal(t, res.Verdict, again.Verdict)
	schedule, err := nemesis.Load(filepath.Join(dir, "schedule.json"))
	require.NoError(t, err)
	require.Equal(t, res.Schedule().Steps, schedule.Steps)
	trace, err := os.Open(filepath.Join(dir, "trace.jsonl"))
	require.NoError(t, err)
	defer trace.Close() //nolint:errcheck // read only
	events, err := histories.ReadTrace(trace, "trace.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, events)
	for _, e := range events {
		require.Equal(t, "boot", e.Name)
		require.Positive(t, e.Time)
	}
}

func TestACrashIsAViolation(t *testing.T) {
	res, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: fragile{}, Nodes: 1, Clients: 1, Duration: 2 * time.Second, Nemesis: nemesis.None(), Out: t.TempDir(), Seed: 1,
	})
	require.NoError(t, err)
	require.Equal(t, checker.Invalid, res.Validity)
	require.Equal(t, "crash", res.First.Anomaly)
	var explanations []string
	for a := range res.Verdict.Each() {
		explanations = append(explanations, a.Explanation)
	}
	require.Len(t, explanations, 1)
	require.Contains(t, explanations[0], "Node n1 ended by itself")
}

// A node that does not come back after a kill is the system's fault, not the
// harness's: the run is judged.
func TestANodeThatDoesNotComeBack(t *testing.T) {
	kill := &nemesis.Schedule{Duration: 2 * time.Second, Steps: []nemesis.Step{{
		Name: "s01-kill", Kind: nemesis.Kill, At: 200 * time.Millisecond, For: 100 * time.Millisecond, Nodes: []string{"n1"},
	}}}
	res, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: oneLife{}, Nodes: 1, Clients: 1, Duration: time.Second, Schedule: kill, Rate: 20, Out: t.TempDir(), Seed: 1,
	})
	require.NoError(t, err)
	require.Equal(t, checker.Invalid, res.Validity)
	require.Equal(t, "crash", res.First.Anomaly)
	healed := res.Verdict.Parts[len(res.Verdict.Parts)-1]
	require.Equal(t, "healed", healed.Checker)
	require.Contains(t, healed.Reason, "n1")
}

// An interrupted run is judged by what there is, and is never valid.
func TestAnInterruptedRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{}, 1)
	test := gauntlet.Test{
		System: quorum.System, Nodes: 3, Duration: time.Minute, Nemesis: nemesis.Mix(nemesis.Partition, nemesis.Pause), Out: t.TempDir(), Seed: 1,
		Progress: func(p gauntlet.Progress) {
			if len(p.Faults) > 0 && p.OK > 0 {
				select {
				case began <- struct{}{}:
				default:
				}
			}
		},
	}
	go func() { <-began; cancel() }()
	res, err := gauntlet.Execute(ctx, test)
	require.NoError(t, err)
	require.True(t, res.Interrupted)
	require.Equal(t, checker.Unknown, res.Validity)
	require.Empty(t, res.History().Interrupted, "the history has its trailer")
	require.Positive(t, res.OK)
	require.FileExists(t, res.Report)
	for _, f := range res.History().Faults() {
		require.NotNil(t, f.Complete, "%s was not taken back", f.Invoke.Key)
	}
}

// A run whose faults had no effect is no pass, however well it went.
func TestFaultsWithoutEffectProveNothing(t *testing.T) {
	refuse := &nemesis.Schedule{Duration: 2 * time.Second, Steps: []nemesis.Step{{
		Name: "s01-refuse-key", Kind: nemesis.RefuseKey, At: 100 * time.Millisecond, For: 300 * time.Millisecond,
		Nodes: []string{"n1"}, Pattern: "no such key",
	}}}
	res, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: quorum.System, Nodes: 3, Duration: 800 * time.Millisecond, Schedule: refuse, Out: t.TempDir(), Seed: 1,
	})
	require.NoError(t, err)
	require.Equal(t, []gauntlet.FaultCount{{Kind: "refuse-key", Injected: 1}}, res.Faults)
	require.Equal(t, checker.Unknown, res.Validity)
}

// Without faults and reads that saw anything a run proves nothing.
func TestAnIdleRunIsUnknown(t *testing.T) {
	res, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: quorum.System, Nodes: 1, Clients: 1, Rate: 0.01, Duration: 200 * time.Millisecond, Nemesis: nemesis.None(), Out: t.TempDir(), Seed: 1,
	})
	require.NoError(t, err)
	require.Equal(t, checker.Unknown, res.Validity)
}
