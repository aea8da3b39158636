package local_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// states returns the states of all threads of a process, such as "TTTT".
func states(t *testing.T, pid int) string {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	require.NoError(t, err)
	all := ""
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		all += rest[:1]
	}
	return all
}

func TestPauseAndResume(t *testing.T) {
	bed := started(t, "n1", "n2")
	ctx := limited(t)
	pid := sayPid(t, bed, "n1", "pid")
	conn, err := bed.Dialer("c1").Dial(ctx, "n1", system.RoleClient)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // test

	require.NoError(t, bed.Pause(ctx, "n1"))
	require.NoError(t, bed.Pause(ctx, "n1"))
	require.Empty(t, strings.Trim(states(t, pid), "T"))
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, err = exchange(short, conn, "echo slow")
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, bed.Set(ctx, "n1", "colour", "red"), "it does not wait for a paused node")

	require.NoError(t, bed.Resume(ctx, "n1"))
	require.NoError(t, bed.Resume(ctx, "n1"))
	require.NotContains(t, states(t, pid), "T")
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	reply := make([]byte, 5)
	_, err = io.ReadFull(conn, reply)
	require.NoError(t, err)
	require.Equal(t, "slow\n", string(reply))
	require.Equal(t, "red", say(t, bed, "n1", "setting colour"))
}

func TestPausedNodeCanBeKilled(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	require.NoError(t, bed.Pause(ctx, "n1"))
	_, err := bed.Kill(ctx, "n1")
	require.NoError(t, err)
	require.ErrorIs(t, bed.Pause(ctx, "n1"), local.ErrNotRunning)
	require.NoError(t, bed.Resume(ctx, "n1"), "nothing stands still")
	require.NoError(t, bed.Boot(ctx, "n1"))
	require.Equal(t, "x", say(t, bed, "n1", "echo x"))
}

func TestCrashFailpoint(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	say(t, bed, "n1", "point p")
	require.Zero(t, bed.Counter("n1", "failpoint/p"), "it was not armed")
	require.NoError(t, bed.Arm(ctx, "n1", "p", nemesis.Action{Crash: true}))
	_, err := line(ctx, bed, "n1", "point p")
	require.Error(t, err)
	<-bed.Down("n1")
	require.Equal(t, int64(1), bed.Counter("n1", "failpoint/p"))
	require.Len(t, bed.Exits(), 1)
	exit := bed.Exits()[0]
	require.True(t, exit.Expected)
	require.Equal(t, syscall.SIGKILL, exit.Signal)

	require.NoError(t, bed.Boot(ctx, "n1"))
	require.Equal(t, "ok", say(t, bed, "n1", "point p"), "it fires once")
	require.Equal(t, int64(1), bed.Counter("n1", "failpoint/p"))
}

// A node that has passed the point dies although it is disarmed before it does.
func TestDisarmedTooLate(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	require.NoError(t, bed.Arm(ctx, "n1", "p", nemesis.Action{Crash: true, Delay: 200 * time.Millisecond}))
	passed := make(chan error, 1)
	go func() {
		_, err := line(ctx, bed, "n1", "point p")
		passed <- err
	}()
	require.Eventually(t, func() bool { return bed.Counter("n1", "failpoint/p") == 1 }, 20*time.Second, time.Millisecond)
	require.NoError(t, bed.Arm(ctx, "n1", "p", nemesis.Action{}))
	<-bed.Down("n1")
	require.Error(t, <-passed)
	require.True(t, bed.Exits()[0].Expected)
}

func TestDelayFailpoint(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	require.NoError(t, bed.Arm(ctx, "n1", "p", nemesis.Action{Delay: 30 * time.Millisecond}))
	begin := time.Now()
	require.Equal(t, "ok", say(t, bed, "n1", "point p"))
	require.GreaterOrEqual(t, time.Since(begin), 30*time.Millisecond)
	require.Equal(t, int64(1), bed.Counter("n1", "failpoint/p"))

	require.NoError(t, bed.Arm(ctx, "n1", "p", nemesis.Action{Crash: true}))
	require.NoError(t, bed.Arm(ctx, "n1", "p", nemesis.Action{}))
	require.Equal(t, "ok", say(t, bed, "n1", "point p"), "disarmed")
}

func TestFailpointsEndWithTheBoot(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	crash := nemesis.Action{Crash: true}
	require.NoError(t, bed.Arm(ctx, "n1", "p", crash))
	_, err := bed.Kill(ctx, "n1")
	require.NoError(t, err)
	require.ErrorIs(t, bed.Arm(ctx, "n1", "p", crash), local.ErrNotRunning)
	require.NoError(t, bed.Boot(ctx, "n1"))
	require.Equal(t, "ok", say(t, bed, "n1", "point p"))
	require.Zero(t, bed.Counter("n1", "failpoint/p"))
}

func TestSettingsReachNodes(t *testing.T) {
	bed := newBed(t, nil)
	ctx := limited(t)
	require.NoError(t, bed.Set(ctx, "n1", "early", "bird"))
	require.NoError(t, bed.Start(ctx))
	require.Equal(t, "bird", say(t, bed, "n1", "setting early"))
	require.NoError(t, bed.Set(ctx, "n1", "colour", "blue"))
	require.Equal(t, "blue", say(t, bed, "n1", "setting colour"))
	require.Empty(t, say(t, bed, "n2", "setting colour"))

	require.NoError(t, bed.Set(ctx, "n1", local.SettingClockOffset, "-3h"))
	require.Equal(t, "-3h0m0s", say(t, bed, "n1", "skew"))
	require.Error(t, bed.Set(ctx, "n1", local.SettingClockOffset, "yesterday"))

	_, err := bed.Kill(ctx, "n1")
	require.NoError(t, err)
	require.NoError(t, bed.Set(ctx, "n1", "early", ""))
	require.NoError(t, bed.Boot(ctx, "n1"))
	require.Equal(t, "blue", say(t, bed, "n1", "setting colour"))
	require.Empty(t, say(t, bed, "n1", "setting early"))
	require.Equal(t, "-3h0m0s", say(t, bed, "n1", "skew"))
}

func TestCountersOutliveNodesAndStop(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	say(t, bed, "n1", "count refused")
	_, err := bed.Kill(ctx, "n1")
	require.NoError(t, err)
	require.Equal(t, int64(1), bed.Counter("n1", "refused"))
	require.NoError(t, bed.Boot(ctx, "n1"))
	say(t, bed, "n1", "count refused")
	require.NoError(t, bed.Stop(ctx))
	require.Equal(t, int64(2), bed.Counter("n1", "refused"))
	require.Zero(t, bed.Counter("n1", "other"))
}

func TestPanicIsReported(t *testing.T) {
	bed := started(t, "n1", "n2")
	down := bed.Down("n1")
	_, err := line(limited(t), bed, "n1", "panic on purpose")
	require.Error(t, err)
	<-down
	require.Len(t, bed.Exits(), 1)
	exit := bed.Exits()[0]
	require.False(t, exit.Expected)
	require.Equal(t, "n1", exit.Node)
	require.Equal(t, 2, exit.Code)
	require.Zero(t, exit.Signal)
	require.Equal(t, "n1, boot 1: exit code 2, not planned", exit.String())
	require.NoError(t, bed.Boot(limited(t), "n1"), "it can be started again")
}

func TestForeignKillIsReported(t *testing.T) {
	bed := started(t, "n1")
	require.NoError(t, syscall.Kill(sayPid(t, bed, "n1", "pid"), syscall.SIGKILL))
	<-bed.Down("n1")
	require.False(t, bed.Exits()[0].Expected)
	require.Equal(t, syscall.SIGKILL, bed.Exits()[0].Signal)
}
