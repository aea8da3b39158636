package report

import (
	"fmt"
	"html/template"
	"strconv"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// view is what the page's template shows. Every string in it is bounded; the
// template escapes it.
type view struct {
	Title, Word, Sign, Class string // Class is valid, invalid or unknown
	Summary, Interrupted     string
	Tiles                    []tile
	Replay                   string
	Stories                  []story
	Skipped                  int

	Ops               bool // whether there is anything to draw
	Overview, Scatter template.HTML
	Windows           []windowRow
	Faults            []faultRow
	Idle, MoreFaults  int
	Checkers          []checkerRow
	MoreCheckers      int
	Table             opTable
	Trace             traceTable
	Config            []checker.Note
	Pictures, Files   []Link
	Icon              template.URL
	Style             template.CSS
	Script            template.JS
	Policy            string
}

// tile is one figure under the verdict.
type tile struct{ Name, Value, Class string }

// story is one anomaly in words, with its picture and its operations.
type story struct {
	Number                          int
	Name, Key, Checker, Explanation string
	Faults                          []string // in force during the proof
	Picture                         template.HTML
	Caption                         []string
	Proof                           []opRow
	MoreOps                         int
}

// signs are the verdicts for people who cannot tell the colours.
var signs = map[checker.Validity]string{checker.Valid: "✓", checker.Invalid: "✗", checker.Unknown: "?"}

// verdictWord is the word that a report begins with: VALID, INVALID or UNKNOWN.
func verdictWord(v checker.Validity) string {
	switch v {
	case checker.Valid:
		return "VALID"
	case checker.Invalid:
		return "INVALID"
	default:
		return "UNKNOWN"
	}
}

func (d *digest) view() *view {
	validity := d.Verdict.Validity
	v := &view{
		Title: shown(d.Title, 200), Word: verdictWord(validity), Sign: signs[validity], Class: validity.String(),
		Summary: d.summary(), Interrupted: shown(d.History.Interrupted, 400),
		Tiles: d.tiles(), Replay: shown(d.Replay, 2000), Skipped: d.skipped,
		Ops: len(d.ops) > 0, Table: d.opTable(), Trace: d.traceTable(),
		Config: d.config(), Pictures: links(d.Pictures), Files: links(d.Files),
	}
	if v.Title == "" {
		v.Title = "a history"
	}
	v.Stories = d.stories()
	v.Faults, v.Idle, v.MoreFaults = d.faultRows()
	v.Checkers, v.MoreCheckers = d.checkerRows()
	if v.Ops {
		v.Overview, v.Scatter, v.Windows = d.overview(), d.scatter(), d.windowRows()
	}
	return v
}

// summary is the sentence under the verdict.
func (d *digest) summary() string {
	switch d.Verdict.Validity {
	case checker.Valid:
		return "No anomaly in " + plural(len(d.ops), "operation") + d.exercised() + "."
	case checker.Invalid:
		if len(d.anomalies) == 0 {
			return "The checker gave no anomaly with its verdict."
		}
		a := d.anomalies[0]
		s := shown(a.Name, 80)
		if a.Key != "" {
			s += " on key " + shown(a.Key, maxValue)
		}
		if more := len(d.anomalies) + d.skipped - 1; more > 0 {
			s += ", and " + plural(more, "more anomaly")
		}
		return s + ": no correct system could have produced this history."
	default:
		return "This run proves nothing: " + shown(d.reason(), 600)
	}
}

// reason is why the verdict is unknown: its own, or that of its parts.
func (d *digest) reason() string {
	reason := d.Verdict.Reason
	d.walk(d.Verdict, func(v checker.Verdict) {
		if reason == "" && v.Validity == checker.Unknown {
			reason = v.Reason
		}
	})
	if reason == "" {
		return "no checker said why."
	}
	return reason
}

// exercised says how many of the faults had an effect.
func (d *digest) exercised() string {
	if len(d.faults) == 0 {
		return ", without faults"
	}
	return fmt.Sprintf("; %d of %s had an effect", d.effective(), plural(len(d.faults), "fault"))
}

func (d *digest) effective() int {
	n := 0
	for _, f := range d.faults {
		if f.Effect {
			n++
		}
	}
	return n
}

func (d *digest) tiles() []tile {
	l := d.latencies()
	tiles := []tile{
		{"operations", count(len(d.ops)), ""},
		{"✓ ok", count(d.counts[histories.OK]), "ok"},
		{"– fail", count(d.counts[histories.Fail]), "fail"},
		{"? info", count(d.counts[histories.Info]), "info"},
		{"duration", span(d.end), ""},
		{"ok per second", count(int(float64(d.counts[histories.OK]) / d.end.Seconds())), ""},
		{"median latency", span(quantile(l, 0.50)), ""},
		{"99th percentile", span(quantile(l, 0.99)), ""},
		{"proven faults", fmt.Sprintf("%d / %d", d.effective(), len(d.faults)), ""},
		{"seed", strconv.FormatUint(d.History.Header.Seed, 10), "seed"},
	}
	if len(l) == 0 {
		tiles[6].Value, tiles[7].Value = "–", "–"
	}
	return tiles
}

// stories tells every anomaly, the first maxScenes with a picture.
func (d *digest) stories() []story {
	var stories []story
	for i, a := range d.anomalies {
		st := story{
			Number: i + 1, Name: shown(a.Name, 80), Key: shown(a.Key, maxValue), Checker: shown(a.checker, 60),
			Explanation: shown(a.Explanation, 4000), MoreOps: len(a.Ops) - d.events(a.proof),
		}
		for n, at := range a.proof {
			row := d.opRow(at)
			row.Number = n + 1
			st.Proof = append(st.Proof, row)
		}
		if len(a.proof) > 0 {
			st.Faults = d.inForce(d.span(a.proof))
			if i < maxScenes {
				s := d.newScene(a)
				st.Picture, st.Caption = s.picture(st.Name), s.caption()
			}
		}
		stories = append(stories, st)
	}
	return stories
}

// events counts the events of operations.
func (d *digest) events(proof []int) int {
	n := 0
	for _, i := range proof {
		n++
		if d.ops[i].returned() {
			n++
		}
	}
	return n
}

const maxInForce = 8

// inForce names the faults of an interval, at most maxInForce.
func (d *digest) inForce(from, to time.Duration) []string {
	var names []string
	for i, f := range d.during(from, to) {
		if i == maxInForce {
			names = append(names, "…")
			break
		}
		name := shown(f.Kind, 40)
		if f.Description != "" {
			name += ": " + shown(f.Description, 120)
		}
		if !f.Effect {
			name += " (no effect observed)"
		}
		names = append(names, fmt.Sprintf("%s, %s–%s s", name, moment(f.Start), moment(f.End)))
	}
	return names
}

// caption says what a picture leaves out.
func (s *scene) caption() []string {
	var lines []string
	if s.left > 0 {
		lines = append(lines, plural(s.left, "operation")+" of the same key in view left out.")
	}
	if s.lurking > 0 {
		lines = append(lines, plural(s.lurking, "operation")+" of unknown outcome on the same key began before this view or never returned; each may take effect at any later time.")
	}
	return lines
}

func (d *digest) config() []checker.Note {
	h := d.History.Header
	notes := []checker.Note{}
	add := func(name, value string) {
		if value != "" {
			notes = append(notes, checker.Note{Name: name, Value: value})
		}
	}
	for _, n := range d.Config {
		if secret(n.Name) && n.Value != "" {
			n.Value = "(not shown)"
		}
		add(shown(n.Name, 80), shown(n.Value, 600))
	}
	add("workload of the history", shown(h.Workload, 120))
	add("model of the history", shown(h.Model, 120))
	add("nodes of the history", shown(fmt.Sprint(h.Nodes), 300))
	add("clients of the history", strconv.Itoa(h.Clients))
	if !h.Start.IsZero() {
		add("started", h.Start.UTC().Format("2006-01-02 15:04:05.000 UTC"))
	}
	return notes
}

const maxLinks = 200

// links bounds links; the template makes addresses of other schemes than those
// of files and web pages harmless.
func links(from []Link) []Link {
	var to []Link
	for _, l := range from[:min(len(from), maxLinks)] {
		to = append(to, Link{Text: shown(l.Text, 120), Href: shown(l.Href, 1000)})
	}
	return to
}
