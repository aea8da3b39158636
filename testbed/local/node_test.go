package local

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

// deadly is a set of failpoints that notes instead of dying.
func deadly(armed map[string]nemesis.Action) (points *failpoints, log *[]string) {
	log = &[]string{}
	points = newFailpoints(armed, func(name string, _ int64) { *log = append(*log, "count "+name) })
	points.die = func() { *log = append(*log, "die") }
	return points, log
}

func TestFailpointCountsBeforeItKills(t *testing.T) {
	points, log := deadly(map[string]nemesis.Action{"p": {Crash: true}})
	points.pass("q")
	require.Empty(t, *log)
	points.pass("p")
	require.Equal(t, []string{"count failpoint/p", "die"}, *log)
	points.pass("p")
	require.Len(t, *log, 2, "it fires once")
	require.False(t, points.some.Load(), "idle again")
}

func TestFailpointSleepsBeforeItKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		points, log := deadly(nil)
		points.arm("p", nemesis.Action{Delay: time.Hour, Crash: true})
		begin := time.Now()
		points.pass("p")
		require.Equal(t, time.Hour, time.Since(begin))
		require.Equal(t, []string{"count failpoint/p", "die"}, *log)
	})
}

func TestLastArmingCounts(t *testing.T) {
	points, log := deadly(nil)
	points.arm("p", nemesis.Action{Crash: true})
	points.arm("p", nemesis.Action{Delay: time.Nanosecond})
	points.pass("p")
	require.Equal(t, []string{"count failpoint/p"}, *log)
	points.arm("p", nemesis.Action{Crash: true})
	points.arm("p", nemesis.Action{})
	points.pass("p")
	require.Len(t, *log, 1)
}

func BenchmarkIdleFailpoint(b *testing.B) {
	points := newFailpoints(nil, nil)
	for b.Loop() {
		points.pass("p")
	}
}

func TestTraceDropsTheLineThatANodeDiedIn(t *testing.T) {
	for name, old := range map[string]string{
		"empty": "", "whole": "{\"time\":1,\"node\":\"n\",\"name\":\"a\"}\n",
		"torn": "{\"time\":1,\"node\":\"n\",\"name\":\"a\"}\n{\"time\":2", "nothing whole": "{\"ti",
		"long torn": "{\"time\":1,\"node\":\"n\",\"name\":\"a\"}\n" + string(make([]byte, 10_000)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), traceFile)
			require.NoError(t, os.WriteFile(path, []byte(old), 0o644))
			trace, err := openTrace(path, nodeSpec{ID: "n", Incarnation: 2, Epoch: time.Now()})
			require.NoError(t, err)
			require.NoError(t, trace.add("b", nil))
			require.NoError(t, trace.file.Close())
			events, err := readTraces([]string{path, path + "-of-nobody"})
			require.NoError(t, err)
			require.Equal(t, "b", events[len(events)-1].Name)
			require.Equal(t, 2, events[len(events)-1].Incarnation)
		})
	}
}

func TestTraceAttributes(t *testing.T) {
	path := filepath.Join(t.TempDir(), traceFile)
	trace, err := openTrace(path, nodeSpec{ID: "n", Incarnation: 1, Epoch: time.Now().Add(-time.Minute)})
	require.NoError(t, err)
	require.NoError(t, trace.add("e", []any{
		"term", uint64(3), "votes", []string{"a", "b"}, "err", errors.New("bad"), "odd", make(chan int),
		"after", time.Second, slog.Group("g", "x", 1), "dangling",
	}))
	require.NoError(t, trace.file.Close())
	events, err := readTraces([]string{path})
	require.NoError(t, err)
	attrs := events[0].Attrs
	require.Contains(t, attrs["odd"], "0x")
	delete(attrs, "odd")
	require.Equal(t, map[string]any{
		"term": int64(3), "votes": []any{"a", "b"}, "err": "bad", "after": int64(time.Second),
		"g": map[string]any{"x": int64(1)}, "!BADKEY": "dangling",
	}, attrs)
	require.GreaterOrEqual(t, events[0].Time, time.Minute)
}

func TestTracesAreMergedByTime(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for node, times := range map[string][]int{"a": {1, 4}, "b": {2, 3}} {
		var text []byte
		for _, at := range times {
			line, err := histories.Event{Time: time.Duration(at), Node: node, Name: "e"}.AppendJSON(nil)
			require.NoError(t, err)
			text = append(append(text, line...), '\n')
		}
		files = append(files, filepath.Join(dir, node))
		require.NoError(t, os.WriteFile(files[len(files)-1], text, 0o644))
	}
	events, err := readTraces(files)
	require.NoError(t, err)
	for i, e := range events {
		require.Equal(t, time.Duration(i+1), e.Time)
	}
	require.NoError(t, os.WriteFile(files[0], []byte("nonsense\n"), 0o644))
	_, err = readTraces(files)
	require.ErrorContains(t, err, files[0])
}

func TestWallClockHasNoMonotonicReading(t *testing.T) {
	now := time.Now()
	skewed := wallClock(now, time.Hour)
	require.Equal(t, now.Round(0).Add(time.Hour), skewed)
}

func TestChildOfNonsense(t *testing.T) {
	for _, text := range []string{"{}", "not JSON"} {
		t.Setenv(envChild, text)
		code, is := Child()
		require.True(t, is)
		require.Equal(t, exitFailed, code)
		_, found := os.LookupEnv(envChild)
		require.False(t, found)
	}
	_, is := Child()
	require.False(t, is)
}
