package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/checker"
)

func text(t *testing.T, p Page, o TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Text(&b, p, o))
	return b.String()
}

func TestTextOfAFailure(t *testing.T) {
	out := text(t, planted(), TextOptions{Report: "/runs/1/report.html"})
	require.True(t, strings.HasPrefix(out, "✗ INVALID  quorum/register/all\n"), out)
	require.Contains(t, out, "stale read on key x")
	require.Contains(t, out, "client 4   read → 1 @n5: ok")
	require.Contains(t, out, "report: file:///runs/1/report.html\n")
	require.Contains(t, out, "replay: go test ./system/quorum -run 'TestJepsen/register' -count=1 -gauntlet.seed=8137266101\n")
	for line := range strings.Lines(out) {
		if !strings.Contains(line, "replay:") {
			require.LessOrEqual(t, len([]rune(line)), 81, line)
		}
	}
}

func TestTextFitsOneScreen(t *testing.T) {
	p := planted()
	for i := range p.Verdict.Parts {
		for j := range p.Verdict.Parts[i].Anomalies {
			p.Verdict.Parts[i].Anomalies[j].Explanation = strings.Repeat("a long story without an end ", 300)
		}
	}
	p.History.Interrupted = strings.Repeat("cut off ", 100)
	for _, width := range []int{0, 1, 60, 200} {
		out := text(t, p, TextOptions{Width: width, Report: "report.html"})
		require.LessOrEqual(t, strings.Count(out, "\n"), maxLines, out)
		require.Contains(t, out, "replay: go test")
		require.Contains(t, out, "    4.   30.491")
	}
}

func TestTextOfOtherVerdicts(t *testing.T) {
	p := newRun(100, 2, 1, time.Second).page()
	require.True(t, strings.HasPrefix(text(t, p, TextOptions{}), "✓ VALID  quorum"))
	p.Verdict = checker.Verdict{Reason: "the budget of 10 s was used up"}
	out := text(t, p, TextOptions{ASCII: true})
	require.True(t, strings.HasPrefix(out, "[?] UNKNOWN  quorum"))
	require.Contains(t, out, "the budget of 10 s was used up")
}

func TestASCIIHasNoOtherSigns(t *testing.T) {
	for _, p := range []Page{planted(), newRun(100, 2, 1, time.Second).page(), {}} {
		out := text(t, p, TextOptions{ASCII: true, Width: 60})
		for _, r := range out {
			require.Less(t, r, rune(128), out)
		}
	}
}

func TestTextOptionsFrom(t *testing.T) {
	for name, c := range map[string]struct {
		env   map[string]string
		tty   bool
		color bool
		ascii bool
		links bool
	}{
		"a terminal":         {env: map[string]string{"LANG": "en_US.UTF-8"}, tty: true, color: true, links: true},
		"a pipe":             {},
		"forced":             {env: map[string]string{"FORCE_COLOR": "1"}, color: true},
		"NO_COLOR wins":      {env: map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, tty: true, links: true},
		"NO_COLOR that is 0": {env: map[string]string{"NO_COLOR": "0"}, tty: true, links: true},
		"dumb":               {env: map[string]string{"TERM": "dumb"}, tty: true, ascii: true},
		"a locale of ASCII":  {env: map[string]string{"LC_ALL": "C", "LANG": "en_US.UTF-8"}, tty: true, color: true, ascii: true, links: true},
		"continuous build":   {env: map[string]string{"CI": "true"}, tty: true, color: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := TextOptionsFrom(func(name string) string { return c.env[name] }, c.tty, 100)
			require.Equal(t, TextOptions{Width: 100, Color: c.color, ASCII: c.ascii, Links: c.links}, o)
		})
	}
}

func TestColourAndLinks(t *testing.T) {
	out := text(t, planted(), TextOptions{Color: true, Links: true, Report: "/a b/report.html"})
	require.True(t, strings.HasPrefix(out, "\x1b[1;31m✗ INVALID"))
	require.Contains(t, out, "\x1b]8;;file:///a%20b/report.html\x1b\\file:///a%20b/report.html\x1b]8;;\x1b\\")
}

func TestWriteErrorsAreReturned(t *testing.T) {
	require.ErrorIs(t, Text(broke{}, planted(), TextOptions{}), errBroke)
	require.ErrorIs(t, Write(broke{}, planted()), errBroke)
}

var errBroke = errors.New("disk full")

type broke struct{}

func (broke) Write([]byte) (int, error) { return 0, errBroke }
