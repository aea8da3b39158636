package local_test

import (
	"context"
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
	"github.com/gauntlet-go/gauntlet/testbed"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

func TestHasEveryAbility(t *testing.T) {
	bed := newBed(t, nil)
	require.Equal(t, nemesis.Abilities{
		nemesis.AbleLinks, nemesis.AbleProcesses, nemesis.AblePauses, nemesis.AbleFailpoints,
		nemesis.AbleSettings, nemesis.AbleCounters, nemesis.AbleWatch,
	}, nemesis.AbilitiesOf(bed))
}

func TestClientsAndPeersReachNodes(t *testing.T) {
	bed := started(t, "n1", "n2", "n3")
	require.Equal(t, "hello", say(t, bed, "n2", "echo hello"))
	require.Equal(t, "n3 heard psst", say(t, bed, "n1", "dial n3 psst"))
	require.Equal(t, "n1 heard me", say(t, bed, "n1", "dial n1 me"))
	// Bytes are counted once they are through, which their receiver may know
	// before.
	passed := func(from, to string) int64 { return bed.LinkStats()[nemesis.Link{From: from, To: to}].Passed }
	require.Eventually(t, func() bool { return passed("c1", "n2") > 0 && passed("n1", "n3") > 0 }, 20*time.Second, time.Millisecond)
	require.Zero(t, passed("n2", "n3"))
}

func TestCutWithholds(t *testing.T) {
	bed := started(t, "n1", "n2")
	ctx := limited(t)
	conn, err := bed.Dialer("c1").Dial(ctx, "n1", system.RoleClient)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // test
	reply, err := exchange(ctx, conn, "echo early")
	require.NoError(t, err)
	require.Equal(t, "early", reply)
	cut := nemesis.Link{From: "c1", To: "n1"}
	require.NoError(t, bed.Apply(ctx, nemesis.Matrix{cut: {Cut: true}}))
	_, err = conn.Write([]byte("echo late\n"))
	require.NoError(t, err)
	eventually(t, "bytes are withheld", func() bool { return bed.LinkStats()[cut].Withheld > 0 })
	require.NoError(t, bed.Apply(ctx, nil))
	late := make([]byte, 5)
	_, err = io.ReadFull(conn, late)
	require.NoError(t, err)
	require.Equal(t, "late\n", string(late))
}

func TestReset(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	conn, err := bed.Dialer("c1").Dial(ctx, "n1", system.RoleClient)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // test
	_, err = exchange(ctx, conn, "echo x")
	require.NoError(t, err)
	require.NoError(t, bed.Reset(ctx, []nemesis.Link{{From: "c1", To: "n1"}}))
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Equal(t, "y", say(t, bed, "n1", "echo y"))
}

// framed is a system whose frames are lines of eight bytes.
type framed struct{ echo }

func (framed) Name() string                  { return "echo" }
func (framed) Framer(string) system.Framer   { return framed{} }
func (framed) HeaderSize() int               { return 1 }
func (framed) FrameSize([]byte) (int, error) { return 8, nil }

func TestFramesCanBeRepeated(t *testing.T) {
	bed := newBed(t, func(cfg *testbed.Config) { cfg.System = framed{} })
	ctx := limited(t)
	require.NoError(t, bed.Start(ctx))
	require.NoError(t, bed.Apply(ctx, nemesis.Matrix{{From: "c1", To: "n1"}: {Duplicate: 1}}))
	conn, err := bed.Dialer("c1").Dial(ctx, "n1", system.RoleClient)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // test
	_, err = io.WriteString(conn, "echo xy\n")
	require.NoError(t, err)
	reply := make([]byte, 6)
	_, err = io.ReadFull(conn, reply)
	require.NoError(t, err)
	require.Equal(t, "xy\nxy\n", string(reply))
}

func TestKillIsAPowerFailure(t *testing.T) {
	bed := started(t, "n1", "n2")
	require.Equal(t, "ok", say(t, bed, "n1", "sync kept one"))
	require.Equal(t, "ok", say(t, bed, "n1", "write lost four"))
	pid := sayPid(t, bed, "n1", "pid")
	down := bed.Down("n1")
	require.False(t, closed(down))

	death, err := bed.Kill(limited(t), "n1")
	require.NoError(t, err)
	require.Equal(t, 1, death.Incarnation)
	require.Equal(t, int64(4), death.LostBytes)
	require.Positive(t, death.LostWrites)
	require.False(t, alive(pid))
	require.True(t, closed(down))
	_, err = line(limited(t), bed, "n1", "echo x")
	require.Error(t, err, "the node is down")
	_, err = bed.Kill(limited(t), "n1")
	require.ErrorIs(t, err, local.ErrNotRunning)

	require.NoError(t, bed.Boot(limited(t), "n1"))
	require.ErrorIs(t, bed.Boot(limited(t), "n1"), local.ErrRunning)
	require.False(t, closed(bed.Down("n1")))
	require.Equal(t, "oneok", say(t, bed, "n1", "read kept"))
	require.Contains(t, say(t, bed, "n1", "read lost"), "no such file")
	death, err = bed.Kill(limited(t), "n1")
	require.NoError(t, err)
	require.Equal(t, nemesis.Death{Node: "n1", Incarnation: 2}, death)
	for _, e := range bed.Exits() {
		require.True(t, e.Expected, e)
	}
}

func TestKillTakesTheWholeTree(t *testing.T) {
	bed := started(t, "n1", "n2")
	gone, stays := sayPid(t, bed, "n1", "daemon"), sayPid(t, bed, "n2", "daemon")
	_, err := bed.Kill(limited(t), "n1")
	require.NoError(t, err)
	eventually(t, "the killed node's child is gone", func() bool { return !alive(gone) })
	require.True(t, alive(stays))
	require.NoError(t, bed.Stop(context.Background()))
	require.False(t, alive(stays))
}

func TestDiceDependOnNameNodeAndBoot(t *testing.T) {
	bed := started(t, "n1", "n2")
	first := say(t, bed, "n1", "dice a")
	require.Equal(t, first, say(t, bed, "n1", "dice a"))
	require.NotEqual(t, first, say(t, bed, "n1", "dice b"))
	require.NotEqual(t, first, say(t, bed, "n2", "dice a"))
	_, err := bed.Kill(limited(t), "n1")
	require.NoError(t, err)
	require.NoError(t, bed.Boot(limited(t), "n1"))
	require.NotEqual(t, first, say(t, bed, "n1", "dice a"))
}

func TestTraceIsReadInOrder(t *testing.T) {
	bed := started(t, "n1", "n2")
	say(t, bed, "n1", "trace one a")
	say(t, bed, "n2", "trace two bb")
	_, err := bed.Kill(limited(t), "n1")
	require.NoError(t, err)
	require.NoError(t, bed.Boot(limited(t), "n1"))
	say(t, bed, "n1", "trace three ccc")
	require.NoError(t, bed.Stop(context.Background()))

	events, err := bed.Trace()
	require.NoError(t, err)
	require.Len(t, events, 3)
	for i, want := range []struct {
		name, node string
		boot       int
	}{{"one", "n1", 1}, {"two", "n2", 1}, {"three", "n1", 2}} {
		require.Equal(t, want.name, events[i].Name)
		require.Equal(t, want.node, events[i].Node)
		require.Equal(t, want.boot, events[i].Incarnation)
		require.Equal(t, int64(i+1), events[i].Attrs["len"])
		require.Positive(t, events[i].Time)
		require.Less(t, events[i].Time, time.Since(bed.Epoch()))
	}
}

func TestStartShowsTheLogOfANodeThatFails(t *testing.T) {
	bed := newBed(t, func(cfg *testbed.Config) { cfg.Options = system.Options{"fail": "no such luck"} })
	err := bed.Start(limited(t))
	require.ErrorContains(t, err, "ended before it served")
	require.ErrorContains(t, err, "no such luck")
	require.ErrorContains(t, err, "log.txt")
	require.NoError(t, bed.Stop(context.Background()))
	require.NoError(t, bed.Stop(context.Background()))
	require.Error(t, bed.Start(limited(t)))
	require.Error(t, bed.Boot(limited(t), "n1"))
}

func TestStartNamesASystemThatChildDoesNotKnow(t *testing.T) {
	bed := newBed(t, func(cfg *testbed.Config) { cfg.System = stranger{} })
	require.ErrorContains(t, bed.Start(limited(t)), `system \"stranger\" is not among those given to local.Child`)
}

func TestStartNoticesThatChildIsNotCalled(t *testing.T) {
	bed := newBed(t, nil)
	t.Setenv(envForget, "1")
	require.ErrorContains(t, bed.Start(limited(t)), "is local.Child called first thing in main or TestMain?")
}

func TestNewNoticesThatChildIsNotCalled(t *testing.T) {
	t.Setenv("GAUNTLET_LOCAL_CHILD", "{}")
	_, err := local.New(testbed.Config{System: echo{}, Nodes: []string{"n1"}, Dir: t.TempDir()})
	require.ErrorContains(t, err, "call local.Child first")
}

type stranger struct{ echo }

func (stranger) Name() string { return "stranger" }

func TestLongDirectories(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long/", 40))
	require.NoError(t, os.MkdirAll(long, 0o755))
	t.Setenv("TMPDIR", long)
	bed := newBed(t, func(cfg *testbed.Config) { cfg.Dir = long })
	require.NoError(t, bed.Start(limited(t)))
	require.Equal(t, "x", say(t, bed, "n1", "echo x"))
}

func TestNewRefuses(t *testing.T) {
	good := testbed.Config{System: echo{}, Nodes: []string{"n1"}, Clients: []string{"c1"}, Dir: t.TempDir()}
	for want, change := range map[string]func(*testbed.Config){
		"System":          func(c *testbed.Config) { c.System = nil },
		"Dir is empty":    func(c *testbed.Config) { c.Dir = "" },
		"Nodes is empty":  func(c *testbed.Config) { c.Nodes = nil },
		`"n1" twice`:      func(c *testbed.Config) { c.Clients = []string{"n1"} },
		`"../n1"`:         func(c *testbed.Config) { c.Nodes = []string{"../n1"} },
		"file exists":     func(c *testbed.Config) { require.NoError(t, os.MkdirAll(filepath.Join(c.Dir, "nodes/n1"), 0o755)) },
		`"" twice or emp`: func(c *testbed.Config) { c.Nodes = []string{""} },
	} {
		cfg := good
		cfg.Dir = t.TempDir()
		change(&cfg)
		_, err := local.New(cfg)
		require.ErrorContains(t, err, want)
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	bed := started(t, "n1")
	ctx := limited(t)
	_, err := bed.Kill(ctx, "n9")
	require.ErrorContains(t, err, `"n9"`)
	require.Error(t, bed.Set(ctx, "n9", "a", "b"))
	require.Error(t, bed.Pause(ctx, "n9"))
	require.True(t, closed(bed.Down("n9")))
	_, err = bed.Dialer("c9").Dial(ctx, "n1", system.RoleClient)
	require.ErrorContains(t, err, `"c9"`)
	_, err = bed.Dialer("c1").Dial(ctx, "n1", system.RolePeer)
	require.ErrorContains(t, err, "peer")
}

func BenchmarkRestart(b *testing.B) {
	bed := started(b, "n1")
	var start time.Duration
	for b.Loop() {
		_, err := bed.Kill(context.Background(), "n1")
		require.NoError(b, err)
		begin := time.Now()
		require.NoError(b, bed.Boot(context.Background(), "n1"))
		start += time.Since(begin)
	}
	b.ReportMetric(float64(start.Microseconds())/1000/float64(b.N), "ms/start")
}
