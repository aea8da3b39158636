package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system/quorum"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// wait waits until something holds.
func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.Fail(t, "waited in vain until "+what)
		}
	}
}

// output collects what a process says and lets others wait for it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// trouble is a schedule in which a node has been killed and restarted, and then
// one is paused and one is cut off, for as long as the run may take. The other
// three still answer.
func trouble() nemesis.Schedule {
	cut := nemesis.Condition{Cut: true}
	var around []nemesis.Flow
	for _, other := range []string{"n2", "n3", "n4", "n5"} {
		around = append(around, nemesis.Flow{From: "n1", To: other, Condition: cut}, nemesis.Flow{From: other, To: "n1", Condition: cut})
	}
	const ms = time.Millisecond
	return nemesis.Schedule{Seed: 1, Duration: time.Minute, Steps: []nemesis.Step{
		{Name: "s1-kill", At: 10 * ms, For: 50 * ms, Kind: nemesis.Kill, Nodes: []string{"n5"}},
		{Name: "s2-pause", At: 20 * ms, For: 50 * time.Second, Kind: nemesis.Pause, Nodes: []string{"n2"}},
		{Name: "s3-partition", At: 30 * ms, For: 50 * time.Second, Kind: nemesis.Partition, Links: around},
	}}
}

// victim is a run that is to be interrupted.
type victim struct {
	cmd            *exec.Cmd
	stdout, stderr output
	out, temp      string
	procs          []proc // supervisor and nodes
}

// troubled starts a run and returns when a node is paused, another one is cut
// off and operations go on.
func troubled(t *testing.T, args ...string) *victim {
	t.Helper()
	schedule := filepath.Join(t.TempDir(), "schedule.json")
	require.NoError(t, trouble().Save(schedule))
	v := &victim{out: t.TempDir()}
	v.cmd, v.temp = command(t, append([]string{
		"run", "--nodes", "5", "--duration", "1m", "--timeout", "100ms", "--rate", "300", "--seed", "1", "--schedule", schedule, "--out", v.out,
	}, args...)...)
	v.begin(t)
	return v
}

// start starts the process, in a group of its own. SIGHUP ends it even if this
// process was told to ignore it, as by nohup: what is handled here is not
// ignored there.
func (v *victim) start(t *testing.T) {
	t.Helper()
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	defer signal.Stop(handled)
	v.cmd.Stdout, v.cmd.Stderr = &v.stdout, &v.stderr
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	v.cmd.WaitDelay = patience
	require.NoError(t, v.cmd.Start())
	t.Cleanup(func() { _ = v.cmd.Process.Kill() })
}

// begin starts the process and waits until its run is in trouble.
func (v *victim) begin(t *testing.T) {
	t.Helper()
	v.start(t)
	wait(t, "all faults have begun and the killed node is back", func() bool {
		said := v.stderr.String()
		return strings.Contains(said, "end s1-kill") && strings.Contains(said, "begin s2-pause") && strings.Contains(said, "begin s3-partition")
	})
	wait(t, "a node stands still", func() bool {
		v.procs = descendants(v.cmd.Process.Pid)
		return len(stopped(v.procs)) == 1 && len(v.procs) == 6
	})
	wait(t, "operations at the node that is cut off fail, and others succeed", func() bool {
		h, err := histories.ReadFile(v.history())
		return err == nil && cutOffAndOn(h)
	})
}

func (v *victim) dir() string {
	dirs, _ := filepath.Glob(filepath.Join(v.out, "*", "*", "run.json"))
	if len(dirs) == 0 {
		return filepath.Join(v.out, "no run")
	}
	return filepath.Dir(dirs[0])
}

func (v *victim) history() string { return filepath.Join(v.dir(), "history.jsonl") }

// cutOffAndOn reports whether since the partition an operation at n1 did not
// succeed and, after that, one elsewhere did.
func cutOffAndOn(h *histories.History) bool {
	begun, failed := false, false
	for _, op := range h.Ops {
		switch {
		case op.Process == histories.Nemesis:
			begun = begun || op.Key == "s3-partition"
		case begun && op.Node == "n1" && (op.Type == histories.Fail || op.Type == histories.Info):
			failed = true
		case failed && op.Node != "n1" && op.Type == histories.OK:
			return true
		}
	}
	return false
}

// fresh waits until the history on disk has been at most 100 ms old for 200 ms
// on end, and returns how many events it has.
func (v *victim) fresh(t *testing.T) (events int) {
	t.Helper()
	stale := time.Now() // the last time that it was older
	wait(t, "the history on disk stays at most 100 ms old", func() bool {
		now := time.Now()
		h, err := histories.ReadFile(v.history())
		if err != nil || len(h.Ops) == 0 {
			return false
		}
		events = len(h.Ops)
		if now.Sub(h.Header.Start.Add(h.Ops[events-1].Time)) > 100*time.Millisecond {
			stale = now
		}
		return now.Sub(stale) > 200*time.Millisecond
	})
	return events
}

// signal sends a signal as a terminal does: to the group.
func (v *victim) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, syscall.Kill(-v.cmd.Process.Pid, sig))
}

// end waits for the end of the process and then until nothing of it is left.
func (v *victim) end(t *testing.T) finished {
	t.Helper()
	_ = v.cmd.Wait()
	begin := time.Now()
	wait(t, fmt.Sprintf("all of the processes %v are gone", v.procs), func() bool {
		for _, p := range v.procs {
			if p.alive() {
				return false
			}
		}
		return true
	})
	gone := time.Since(begin)
	wait(t, "the directory for temporary files is empty", func() bool {
		left, err := os.ReadDir(v.temp)
		return err == nil && len(left) == 0
	})
	t.Logf("%d processes were gone %v after the harness", len(v.procs), gone.Round(time.Microsecond))
	require.Less(t, gone, 2*time.Second)
	return finished{v.cmd.ProcessState.ExitCode(), v.stdout.String(), v.stderr.String()}
}

// readCut reads the history of a run that could not end it.
func (v *victim) readCut(t *testing.T, events int, killed time.Time) {
	t.Helper()
	h, err := histories.ReadFile(v.history())
	require.NoError(t, err)
	require.NotEmpty(t, h.Interrupted)
	require.GreaterOrEqual(t, len(h.Ops), events, "what had been on disk is still there")
	require.True(t, cutOffAndOn(h))
	last := h.Header.Start.Add(h.Ops[len(h.Ops)-1].Time)
	t.Logf("of %d events the last one is from %v before the end", len(h.Ops), killed.Sub(last).Round(time.Millisecond))

	got := run(t, "check", v.dir())
	require.Contains(t, []int{exitValid, exitUnknown}, got.code, got)
	require.Contains(t, got.stdout, "the history is not complete")
	got = run(t, "report", v.dir())
	require.Equal(t, exitUnknown, got.code, got)
	require.Contains(t, flat(got.stdout), "the run was cut short")
	require.FileExists(t, filepath.Join(v.dir(), "report.html"))
}

// TestHarnessThatIsKilled dies by what leaves it no time to wind up.
func TestHarnessThatIsKilled(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			v := troubled(t)
			events := v.fresh(t)
			killed := time.Now()
			v.signal(t, sig)
			got := v.end(t)
			require.NotContains(t, []int{exitValid, exitInvalid, exitUnknown}, got.code, "%v", got)
			require.Empty(t, got.stdout)
			v.readCut(t, events, killed)
		})
	}
}

// TestHarnessThatIsInterrupted winds up and judges what there is.
func TestHarnessThatIsInterrupted(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			v := troubled(t)
			v.signal(t, sig)
			got := v.end(t)
			require.Equal(t, exitInterrupted, got.code, got)
			require.Contains(t, got.stderr, "gauntlet: interrupted: winding up")
			require.Contains(t, got.stderr, "end s2-pause", "faults are healed")
			require.Contains(t, got.stderr, "end s3-partition")
			require.Contains(t, got.stdout, "UNKNOWN")
			require.Contains(t, flat(got.stdout), "the run was interrupted")
			v.readWhole(t)
		})
	}
}

// readWhole reads the history and the results of a run that was wound up.
func (v *victim) readWhole(t *testing.T) {
	t.Helper()
	h, err := histories.ReadFile(v.history())
	require.NoError(t, err)
	require.Empty(t, h.Interrupted, "the history has its end")
	for _, f := range h.Faults() {
		require.NotNil(t, f.Complete, "the history has the end of %s", f.Invoke.Key)
	}
	data, err := os.ReadFile(filepath.Join(v.dir(), "results.json"))
	require.NoError(t, err)
	var res gauntlet.Result
	require.NoError(t, json.Unmarshal(data, &res))
	require.True(t, res.Interrupted)
	require.Equal(t, checker.Unknown, res.Validity)
	require.FileExists(t, res.Report)
	require.FileExists(t, filepath.Join(v.dir(), "trace.jsonl"))
	require.Equal(t, exitValid, run(t, "check", v.dir()).code)
}

// waitsForever reports whether client 0 waits for a reply while the others go
// on.
func waitsForever(h *histories.History) bool {
	for i := len(h.Ops) - 1; i >= 0; i-- {
		if h.Ops[i].Process == 0 {
			return h.Ops[i].Type == histories.Invoke && len(h.Ops)-i > 100
		}
	}
	return false
}

// TestHarnessThatIsInterruptedTwice does not wait for the operation of a client
// that has been lost on its way and takes a minute.
func TestHarnessThatIsInterruptedTwice(t *testing.T) {
	t.Parallel()
	schedule := saveSchedule(t, time.Minute, nemesis.Step{
		Name: "s1-drop", At: 10 * time.Millisecond, For: 50 * time.Second, Kind: nemesis.Drop,
		Links: []nemesis.Flow{{From: "c1", To: "n1", Condition: nemesis.Condition{Loss: 1}}},
	})
	v := &victim{out: t.TempDir()}
	v.cmd, v.temp = command(t, "run", "--nodes", "3", "--duration", "1m", "--timeout", "1m", "--rate", "500",
		"--seed", "1", "--schedule", schedule, "--out", v.out)
	v.start(t)
	wait(t, "a client waits", func() bool {
		h, err := histories.ReadFile(v.history())
		return err == nil && waitsForever(h)
	})
	v.procs = descendants(v.cmd.Process.Pid)
	require.Len(t, v.procs, 4)
	v.signal(t, syscall.SIGINT)
	wait(t, "the first interrupt is noticed", func() bool { return strings.Contains(v.stderr.String(), "winding up") })
	v.signal(t, syscall.SIGINT)
	got := v.end(t)
	require.Equal(t, exitInterrupted, got.code, got)
	require.Empty(t, got.stdout, "nothing was judged")
	require.NoFileExists(t, filepath.Join(v.dir(), "results.json"))
	h, err := histories.ReadFile(v.history())
	require.NoError(t, err)
	require.True(t, waitsForever(h))
}

// envDoomed names the directory of a run that lasts longer than its test may.
const envDoomed = envCommand + "_DOOMED"

// TestThatOutlivesItsTimeout is run by the next test only.
func TestThatOutlivesItsTimeout(t *testing.T) {
	out := os.Getenv(envDoomed)
	if out == "" {
		t.Skip("it must fail: see TestTimeoutOfGoTest")
	}
	schedule := trouble()
	_, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: quorum.System, Nodes: 5, Duration: time.Minute, Timeout: 100 * time.Millisecond, Rate: 300, Seed: 1,
		Schedule: &schedule, Out: out, Progress: newStatus(os.Stderr).update,
	})
	t.Fatalf("the run ended before the test did: %v", err)
}

func TestTimeoutOfGoTest(t *testing.T) {
	if testing.Short() {
		t.Skip("the timeout of a test takes seconds")
	}
	t.Parallel()
	v := &victim{out: t.TempDir()}
	v.cmd, v.temp = command(t, "-test.run=^TestThatOutlivesItsTimeout$", "-test.timeout=6s")
	v.cmd.Env = append(v.cmd.Env, envCommand+"=", envDoomed+"="+v.out)
	v.begin(t)
	require.NotEmpty(t, v.procs)
	got := v.end(t)
	require.Equal(t, 2, got.code, "the code of a panic: %v", got)
	require.Contains(t, got.stdout+got.stderr, "panic: test timed out after 6s")
	v.readCut(t, 1, time.Now())
}
