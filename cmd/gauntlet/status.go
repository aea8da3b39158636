package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/gauntlet-go/gauntlet"
)

func terminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" && os.Getenv("CI") != "true"
}

// status shows how a run stands: one line that is drawn again and again on a
// terminal, else a line for each fault and one every ten seconds.
type status struct {
	w      io.Writer
	live   bool
	width  int
	last   gauntlet.Progress
	when   time.Time
	spoken time.Time
}

func newStatus(w io.Writer) *status {
	s := &status{w: w, live: isTerminal(w), width: 100}
	if f, ok := w.(*os.File); ok && s.live {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			s.width = width - 1
		}
	}
	return s
}

const speakEvery = 10 * time.Second

// update is called with the progress of a run, four times a second and at each
// event.
func (s *status) update(p gauntlet.Progress) {
	now := time.Now()
	line := s.line(p, now)
	switch {
	case s.live:
		fmt.Fprintf(s.w, "\r%-*s", s.width, cut(line, s.width))
	case p.Event != "":
		fmt.Fprintf(s.w, "%7.3fs  %s\n", p.Elapsed.Seconds(), p.Event)
	case now.Sub(s.spoken) >= speakEvery:
		fmt.Fprintln(s.w, line)
		s.spoken = now
	}
	if p.Event == "" {
		s.last, s.when = p, now
	}
}

// line is the status in one line.
func (s *status) line(p gauntlet.Progress, now time.Time) string {
	rate := func(n, before int64) float64 {
		if s.when.IsZero() {
			return 0
		}
		return float64(n-before) / max(now.Sub(s.when).Seconds(), 0.001)
	}
	faults := strings.Join(p.Faults, ", ")
	if faults == "" {
		faults = "no fault"
	}
	return fmt.Sprintf("%5.1f/%.0fs %-5s  ok %.0f/s fail %.0f/s info %.0f/s  p99 %s  %s",
		p.Elapsed.Seconds(), p.Total.Seconds(), p.Phase,
		rate(p.OK, s.last.OK), rate(p.Fail, s.last.Fail), rate(p.Info, s.last.Info),
		p.P99.Round(100*time.Microsecond), faults)
}

// clear takes the line away.
func (s *status) clear() {
	if s.live {
		fmt.Fprintf(s.w, "\r%*s\r", s.width, "")
	}
}

func cut(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return string(runes[:width])
}
