package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

func render(t require.TestingT, p Page) string {
	var b bytes.Buffer
	require.NoError(t, Write(&b, p))
	return b.String()
}

// plain is the page as a reader sees it: without markup, style and script.
func plain(page string) string {
	for _, hidden := range []string{`(?s)<script>.*?</script>`, `(?s)<style>.*?</style>`, `(?s)<[^>]*>`} {
		page = regexp.MustCompile(hidden).ReplaceAllString(page, " ")
	}
	return strings.Join(strings.Fields(html.UnescapeString(page)), " ")
}

func requireWellFormed(t require.TestingT, page string) {
	page = regexp.MustCompile(`(?s)<(script|style)>.*?</(script|style)>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`<(meta|link)([^>]*)>`).ReplaceAllString(page, "<$1$2/>")
	page = strings.NewReplacer(" hidden>", ` hidden="">`, "&nbsp;", " ").Replace(page)
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func planted() Page {
	s := newRun(4000, 10, 12, 60*time.Second)
	s.stale(s.faults[6].Start + 50*ms)
	return s.broken()
}

func TestInvalidPageTellsWhy(t *testing.T) {
	page := render(t, planted())
	requireWellFormed(t, page)
	text := plain(page)
	for _, want := range []string{
		"INVALID quorum/register/all", "stale read on key x", "found by linearizable",
		"Client 4 read 1 from key x at n5", "partition: cut n1 n2 | n3 n4 n5",
		"read → 1 @n5", "The operations that prove it", "11 / 12", "? no effect observed",
		"1.2 MB withheld on 6 links", "no dial and no byte was withheld", "8137266101", "-gauntlet.seed=8137266101",
		"history.jsonl", "porcupine's picture", "API_TOKEN (not shown)", "client 4",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "hunter2")
	require.Equal(t, 4, strings.Count(page, `class="op ok bad"`), "boxes of the proof")
	require.Equal(t, 8, strings.Count(page, `class="guilty"`), "rows of the proof, in both tables")
	require.Equal(t, 3, strings.Count(page, `class="picture"`), "pictures")
}

func TestVerdictsLookDifferent(t *testing.T) {
	p := newRun(100, 2, 1, time.Second).page()
	require.Contains(t, render(t, p), `<header class="verdict valid"`)
	p.Verdict = checker.Verdict{Reason: "the search ran out of memory"}
	page := render(t, p)
	require.Contains(t, page, `<header class="verdict unknown"`)
	require.Contains(t, plain(page), "This run proves nothing: the search ran out of memory")
	require.NotContains(t, plain(page), "VALID")
}

func TestUnknownTakesTheReasonOfAPart(t *testing.T) {
	text := plain(render(t, Page{Verdict: checker.Verdict{Parts: []checker.Verdict{{Checker: "exercised", Reason: "no fault had an effect"}}}}))
	require.Contains(t, text, "UNKNOWN a history This run proves nothing: no fault had an effect")
}

func TestPoorHistories(t *testing.T) {
	invoke := func(i int) histories.Op {
		return histories.Op{Index: i, Time: time.Duration(i) * ms, Process: i, Type: histories.Invoke, F: "read"}
	}
	stray := histories.Op{Index: 0, Type: histories.OK, Process: 7, Time: -5}
	for name, c := range map[string]struct {
		history *histories.History
		want    string
	}{
		"none":             {nil, "No operation was recorded."},
		"empty":            {&histories.History{}, "No operation was recorded."},
		"interrupted":      {&histories.History{Interrupted: "no trailer after line 3", Ops: []histories.Op{invoke(0)}}, "The history is not complete: no trailer after line 3."},
		"only invocations": {&histories.History{Ops: []histories.Op{invoke(0), invoke(1)}}, "never returned"},
		"one at time zero": {&histories.History{Ops: []histories.Op{invoke(0)}}, "1 of 1 on the same key"},
		"only a stray":     {&histories.History{Ops: []histories.Op{stray}}, "No operation was recorded."},
	} {
		t.Run(name, func(t *testing.T) {
			p := Page{History: c.history, Verdict: checker.Verdict{Validity: checker.Invalid,
				Anomalies: []checker.Anomaly{{Name: "lost update", Ops: []int{0, 1, 99, -4}}}}}
			page := render(t, p)
			requireWellFormed(t, page)
			require.Contains(t, plain(page), c.want)
		})
	}
}

func TestFaultsFromTheHistory(t *testing.T) {
	fault := histories.Op{Process: histories.Nemesis, Type: histories.Invoke, F: "pause", Key: "03-pause", Value: histories.StringValue("pause n2"), Time: time.Second}
	healed := fault
	healed.Index, healed.Type, healed.Time, healed.Error = 1, histories.OK, 2*time.Second, "state T seen"
	h := &histories.History{Ops: []histories.Op{fault, healed}}
	text := plain(render(t, Page{History: h}))
	require.Contains(t, text, "03-pause pause pause n2 1.000 2.000 ✓ observed state T seen")
	h.Ops = h.Ops[:1]
	require.Contains(t, plain(render(t, Page{History: h})), "? no effect observed")
}

func TestAnomaliesAreToldOnceAndBounded(t *testing.T) {
	p := newRun(200, 2, 0, time.Second).page()
	var many []checker.Anomaly
	for i := range maxAnomalies + 5 {
		many = append(many, checker.Anomaly{Name: "phantom read", Key: fmt.Sprint("key", i), Ops: []int{4 * i, 4*i + 1}, Explanation: "It was never written."})
	}
	p.Verdict = checker.Verdict{Validity: checker.Invalid, Anomalies: many, Parts: []checker.Verdict{{Checker: "linearizable", Validity: checker.Invalid, Anomalies: many}}}
	page := render(t, p)
	require.Equal(t, maxAnomalies, strings.Count(page, "<article>"))
	require.Equal(t, maxScenes, strings.Count(page, "Counterexample: "))
	require.Contains(t, plain(page), "more anomalies are in results.json")
}

func TestSameInputSameBytes(t *testing.T) {
	require.Equal(t, render(t, planted()), render(t, planted()))
}

func TestSizeBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100 000 operations")
	}
	s := newRun(100_000, 20, 25, 120*time.Second)
	s.stale(60 * time.Second)
	page := render(t, s.broken())
	t.Logf("%d bytes", len(page))
	require.Less(t, len(page), 2_000_000)
}

func TestAnyTextLeavesThePageWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := hostile(rapid.String().Draw(t, "text"))
		page := render(t, p)
		requireWellFormed(t, page)
		require.Equal(t, 1, strings.Count(page, "<script"))
	})
}

func BenchmarkWrite(b *testing.B) {
	s := newRun(100_000, 20, 25, 120*time.Second)
	s.stale(60 * time.Second)
	p := s.broken()
	for b.Loop() {
		require.NoError(b, Write(io.Discard, p))
	}
}
