package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet"
)

var halfway = gauntlet.Progress{
	Phase: "main", Elapsed: 5 * time.Second, Total: 10 * time.Second,
	OK: 100, Fail: 10, Info: 1, P99: 12345 * time.Microsecond, Faults: []string{"pause/one", "partition/halves"},
}

// later is the progress a quarter of a second after p.
func later(p gauntlet.Progress, ok, fail, info int64) gauntlet.Progress {
	p.Elapsed += 250 * time.Millisecond
	p.OK, p.Fail, p.Info = p.OK+ok, p.Fail+fail, p.Info+info
	return p
}

func TestStatusLineOfATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		s := &status{w: &b, live: true, width: 120}
		s.update(halfway)
		time.Sleep(250 * time.Millisecond)
		b.Reset()
		s.update(later(halfway, 250, 5, 2))
		line, found := strings.CutPrefix(b.String(), "\r")
		require.True(t, found, "the line is drawn over the last one: %q", b.String())
		require.Len(t, line, 120, "all of the last line is covered")
		require.NotContains(t, line, "\n")
		require.Equal(t, "  5.2/10s main   ok 1000/s fail 20/s info 8/s  p99 12.3ms  pause/one, partition/halves", strings.TrimRight(line, " "))

		b.Reset()
		s.clear()
		require.Equal(t, "\r"+strings.Repeat(" ", 120)+"\r", b.String())
	})
}

func TestStatusLineIsCutAtTheEdge(t *testing.T) {
	for _, width := range []int{21, 40, 79} {
		var b bytes.Buffer
		s := &status{w: &b, live: true, width: width}
		p := halfway
		p.Faults = []string{"größer als µs", strings.Repeat("é", 100)}
		s.update(p)
		require.Len(t, []rune(b.String()), 1+width)
		p.Event = "begin s01-kill: n1"
		b.Reset()
		s.update(p)
		require.Len(t, []rune(b.String()), 1+width, "an event redraws the line")
	}
}

func TestPlainStatusLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		s := newStatus(&b)
		require.False(t, s.live)
		p := halfway
		for range 25 * 4 {
			s.update(p)
			time.Sleep(250 * time.Millisecond)
			p = later(p, 50, 0, 0)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		require.Len(t, lines, 3, "one line every ten seconds: %v", lines)
		require.Contains(t, lines[2], "ok 200/s fail 0/s info 0/s  p99 12.3ms")

		b.Reset()
		p.Event = "begin s02-pause: n3"
		s.update(p)
		s.clear()
		require.Equal(t, " 30.000s  begin s02-pause: n3\n", b.String(), "one line for each event, and no control characters")
	})
}

func TestEventsDoNotDisturbTheRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &status{w: &bytes.Buffer{}, live: true, width: 200}
		s.update(halfway)
		time.Sleep(125 * time.Millisecond)
		event := later(halfway, 50, 0, 0)
		event.Event = "end s02-pause"
		s.update(event)
		time.Sleep(125 * time.Millisecond)
		require.Contains(t, s.line(later(halfway, 60, 0, 0), time.Now()), "ok 240/s")
	})
}

func TestStatusWithoutFaults(t *testing.T) {
	s := newStatus(&bytes.Buffer{})
	line := s.line(gauntlet.Progress{Phase: "start", Total: 90 * time.Second}, time.Now())
	require.Equal(t, "  0.0/90s start  ok 0/s fail 0/s info 0/s  p99 0s  no fault", line)
}

func TestOnlyTerminalsAreLive(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // not read
	require.False(t, newStatus(f).live)
	require.False(t, isTerminal(&bytes.Buffer{}))
}
