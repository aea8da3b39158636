package local_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// envHarness makes the test binary a harness that is to die.
const envHarness = "GAUNTLET_LOCAL_TEST_HARNESS"

// doomed is what a harness that is to die says about itself.
type doomed struct {
	Pids       []int // all that must not outlive it
	Supervisor int
	TempDir    string
}

// beHarness runs nodes, one paused and one with a child, says which processes
// there are, reads a line and then dies in the way that it was told.
func beHarness(how string) int {
	d, err := doomedHarness(os.Getenv(envHarness + "_DIR"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(d); err != nil {
		return 1
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	switch how {
	case "panic":
		panic("the harness panics on purpose")
	case "exit":
		return 0
	}
	select {}
}

func doomedHarness(dir string) (d doomed, err error) {
	bed, err := local.New(testbed.Config{
		System: echo{}, Nodes: []string{"n1", "n2", "n3"}, Clients: []string{"c1"}, Dir: dir,
	})
	if err != nil {
		return d, err
	}
	ctx := context.Background()
	if err := bed.Start(ctx); err != nil {
		return d, err
	}
	for _, command := range []string{"n1 pid", "n2 pid", "n3 pid", "n1 daemon", "n2 daemon"} {
		node, verb, _ := strings.Cut(command, " ")
		reply, err := line(ctx, bed, node, "%s", verb)
		if err != nil {
			return d, err
		}
		pid, err := strconv.Atoi(reply)
		if err != nil {
			return d, err
		}
		d.Pids = append(d.Pids, pid)
	}
	d.Supervisor, d.TempDir = parentOf(d.Pids[0]), boardDir(d.Pids[0])
	d.Pids = append(d.Pids, d.Supervisor)
	return d, bed.Pause(ctx, "n2")
}

func parentOf(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

// boardDir finds the temporary directory by what a node has mapped.
func boardDir(pid int) string {
	maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	for line := range strings.Lines(string(maps)) {
		if at := strings.Index(line, "/"); at >= 0 && strings.Contains(line, "/board-") {
			return filepath.Dir(strings.TrimSpace(line[at:]))
		}
	}
	return ""
}

// startHarness runs a harness that is to die and returns when its nodes run.
func startHarness(t *testing.T, how string) (cmd *exec.Cmd, stdin io.Writer, d doomed) {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), envHarness+"="+how, envHarness+"_DIR="+t.TempDir())
	stdin, err = cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.NoError(t, json.NewDecoder(stdout).Decode(&d))
	require.Len(t, d.Pids, 6)
	require.DirExists(t, d.TempDir)
	for _, pid := range d.Pids {
		require.True(t, alive(pid))
	}
	return cmd, stdin, d
}

func TestNothingOutlivesTheHarness(t *testing.T) {
	for how, die := range map[string]func(*exec.Cmd, io.Writer) error{
		"SIGKILL": func(cmd *exec.Cmd, _ io.Writer) error { return cmd.Process.Kill() },
		"SIGINT":  func(cmd *exec.Cmd, _ io.Writer) error { return cmd.Process.Signal(syscall.SIGINT) },
		"SIGQUIT": func(cmd *exec.Cmd, _ io.Writer) error { return cmd.Process.Signal(syscall.SIGQUIT) },
		"panic":   func(_ *exec.Cmd, stdin io.Writer) error { _, err := io.WriteString(stdin, "\n"); return err },
		"exit":    func(_ *exec.Cmd, stdin io.Writer) error { _, err := io.WriteString(stdin, "\n"); return err },
	} {
		t.Run(how, func(t *testing.T) {
			if testing.Short() && how != "SIGKILL" {
				t.Skip("one way to die is enough for -short")
			}
			t.Parallel()
			cmd, stdin, d := startHarness(t, how)
			require.NoError(t, die(cmd, stdin))
			_ = cmd.Wait()
			begin := time.Now()
			for _, pid := range d.Pids {
				eventually(t, "process "+strconv.Itoa(pid)+" is gone", func() bool { return !alive(pid) })
			}
			t.Logf("everything was gone %v after the harness", time.Since(begin))
			require.NoDirExists(t, d.TempDir)
		})
	}
}

func TestSupervisorOutlivesSignalsThatAreMeantForTheHarness(t *testing.T) {
	bed := started(t, "n1")
	supervisor := parentOf(sayPid(t, bed, "n1", "pid"))
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		require.NoError(t, syscall.Kill(supervisor, sig))
	}
	_, err := bed.Kill(limited(t), "n1")
	require.NoError(t, err)
	require.NoError(t, bed.Boot(limited(t), "n1"), "it still works")
	require.Equal(t, supervisor, parentOf(sayPid(t, bed, "n1", "pid")))
}

func TestNodesDieWithTheSupervisor(t *testing.T) {
	cfg := testbed.Config{System: echo{}, Nodes: []string{"n1", "n2"}, Clients: []string{"c1"}, Dir: t.TempDir()}
	bed, err := local.New(cfg)
	require.NoError(t, err)
	defer bed.Stop(context.Background()) //nolint:errcheck // second call
	require.NoError(t, bed.Start(limited(t)))
	pid1, pid2 := sayPid(t, bed, "n1", "pid"), sayPid(t, bed, "n2", "pid")
	dir := boardDir(pid1)
	require.NoError(t, syscall.Kill(parentOf(pid1), syscall.SIGKILL))
	<-bed.Down("n1")
	<-bed.Down("n2")
	eventually(t, "the nodes are gone", func() bool { return !alive(pid1) && !alive(pid2) })
	require.Len(t, bed.Exits(), 2)
	require.False(t, bed.Exits()[0].Expected)
	require.ErrorContains(t, bed.Boot(limited(t), "n1"), "supervisor")
	require.ErrorContains(t, bed.Stop(context.Background()), "signal: killed")
	require.NoDirExists(t, dir)
}

// openFiles counts the file descriptors of this process.
func openFiles(t *testing.T) int {
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(fds)
}

func TestStopLeavesNothingBehind(t *testing.T) {
	runOnce := func() (pids []int, dir string) {
		bed := started(t, "n1", "n2", "n3")
		pids = []int{sayPid(t, bed, "n1", "pid"), sayPid(t, bed, "n3", "daemon"), sayPid(t, bed, "n2", "pid")}
		pids = append(pids, parentOf(pids[0]))
		dir = boardDir(pids[0])
		require.DirExists(t, dir)
		require.NoError(t, bed.Pause(limited(t), "n2"))
		require.NoError(t, bed.Stop(context.Background()))
		require.Len(t, bed.Exits(), 3)
		for _, e := range bed.Exits() {
			require.True(t, e.Expected, e)
		}
		return pids, dir
	}
	runOnce() // the runtime keeps some descriptors of its own from now on
	before := openFiles(t)
	pids, dir := runOnce()
	require.Equal(t, before, openFiles(t))
	require.NoDirExists(t, dir)
	for _, pid := range pids {
		require.False(t, alive(pid), pid)
	}
}

func TestStopWithoutStart(t *testing.T) {
	bed := newBed(t, nil)
	require.NoError(t, bed.Stop(context.Background()))
	require.Empty(t, bed.Exits())
	require.Error(t, bed.Start(limited(t)))
}

func TestStopEndsAStartThatWaits(t *testing.T) {
	bed := newBed(t, func(cfg *testbed.Config) { cfg.System = mute{} })
	result := make(chan error, 1)
	go func() { result <- bed.Start(limited(t)) }()
	for _, name := range []string{"n1", "n2", "n3"} {
		eventually(t, name+" has booted", func() bool { return bed.Counter(name, "booted") == 1 })
	}
	require.NoError(t, bed.Stop(context.Background()))
	require.ErrorContains(t, <-result, "ended before it served")
}

// mute never serves.
type mute struct{ echo }

func (mute) Name() string { return "mute" }

func (mute) Node(ctx context.Context, site system.Site) error {
	site.Count("booted", 1)
	<-ctx.Done()
	return nil
}
