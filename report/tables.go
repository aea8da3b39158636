package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

const (
	maxRows     = 500 // operations in the table
	maxSlowest  = 40  // operations in the table when there is no anomaly
	maxFaults   = 400
	maxVerdicts = 200
	maxTraced   = 120
)

// windowRow is the overview and the latency of a stretch of the run in figures.
type windowRow struct{ Time, OK, Fail, Info, P50, P99, Faults string }

func (d *digest) windowRows() []windowRow {
	var rows []windowRow
	for _, w := range d.windows(40) {
		row := windowRow{
			Time: w.times(),
			OK:   count(w.counts[histories.OK]), Fail: count(w.counts[histories.Fail]), Info: count(w.counts[histories.Info]),
			P50: "–", P99: "–",
		}
		if w.p50 > 0 {
			row.P50, row.P99 = span(w.p50), span(w.p99)
		}
		for i, f := range d.during(w.from, w.to-1) {
			if i == 6 {
				row.Faults += " …"
				break
			}
			row.Faults += " " + shown(f.Kind, 24)
		}
		rows = append(rows, row)
	}
	return rows
}

// faultRow is one line of what was planned and what was proven.
type faultRow struct {
	Step, Kind, Description, From, To, Evidence, Family string
	Effect                                              bool
}

func (d *digest) faultRows() (rows []faultRow, idle, more int) {
	idle = len(d.faults) - d.effective()
	for _, f := range d.faults[:min(len(d.faults), maxFaults)] {
		rows = append(rows, faultRow{
			Step: shown(f.Step, 60), Kind: shown(f.Kind, 40), Description: shown(f.Description, 300),
			From: moment(f.Start), To: moment(f.End), Evidence: shown(f.Evidence, 400),
			Family: "k-" + family(f.Kind), Effect: f.Effect,
		})
	}
	return rows, idle, len(d.faults) - len(rows)
}

// checkerRow is one verdict of the tree of verdicts.
type checkerRow struct {
	Name, Word, Sign, Class, Said string
	Depth                         int
	Notes                         []checker.Note
}

// checkerRows lists the verdicts, each followed by its parts, the invalid and
// unknown parts of one first.
func (d *digest) checkerRows() (rows []checkerRow, more int) {
	var list func(v checker.Verdict, depth int)
	list = func(v checker.Verdict, depth int) {
		if len(rows) == maxVerdicts {
			more++
		} else {
			rows = append(rows, newCheckerRow(v, depth))
		}
		parts := slices.Clone(v.Parts)
		slices.SortStableFunc(parts, func(a, b checker.Verdict) int { return cmp.Compare(weight(b), weight(a)) })
		for _, part := range parts {
			list(part, min(depth+1, 5))
		}
	}
	list(d.Verdict, 0)
	return rows, more
}

// weight orders verdicts as composition does: invalid over unknown over valid.
func weight(v checker.Verdict) int {
	return map[checker.Validity]int{checker.Invalid: 2, checker.Unknown: 1}[v.Validity]
}

func newCheckerRow(v checker.Verdict, depth int) checkerRow {
	row := checkerRow{
		Name: shown(v.Checker, 80), Word: v.Validity.String(), Sign: signs[v.Validity], Class: v.Validity.String(),
		Said: shown(v.Reason, 400), Depth: depth,
	}
	if row.Name == "" {
		row.Name = "verdict"
	}
	if n := len(v.Anomalies); n > 0 && row.Said == "" {
		row.Said = plural(n, "anomaly") + ": " + shown(v.Anomalies[0].Name, 80)
	}
	for _, n := range v.Notes[:min(len(v.Notes), 12)] {
		row.Notes = append(row.Notes, checker.Note{Name: shown(n.Name, 60), Value: shown(n.Value, 120)})
	}
	return row
}

// opTable lists operations: those of the first anomaly's key nearest to its
// proof, or the slowest when there is no anomaly.
type opTable struct {
	Title, About string
	Rows         []opRow
}

// opRow is one operation. Gap is how many were left out before it.
type opRow struct {
	Index, Client, Process, Number, Gap       int
	Node, F, Key, In, Out, Start, Took, Error string
	Outcome, Sign                             string
	Guilty                                    bool
}

func (d *digest) opRow(at int) opRow {
	o := &d.ops[at]
	row := opRow{
		Index: o.Invoke.Index, Client: o.lane, Process: o.Invoke.Process, Node: shown(o.Invoke.Node, 24),
		F: shown(o.Invoke.F, 24), Key: shown(o.Invoke.Key, maxValue), In: value(o.Invoke.Value),
		Start: fine(o.start), Took: took(o), Outcome: o.outcome.String(), Guilty: o.guilty,
	}
	row.Sign = outcomes[o.outcome-histories.OK].sign
	if !o.returned() {
		row.Error = "never returned"
		return row
	}
	row.Error = shown(o.Complete.Error, 160)
	if !o.Complete.Value.Equal(o.Invoke.Value) {
		row.Out = value(o.Complete.Value)
	}
	return row
}

func (d *digest) opTable() opTable {
	for _, a := range d.anomalies {
		if len(a.proof) > 0 {
			return d.nearTable(a)
		}
	}
	return d.slowTable()
}

// nearTable lists the operations of an anomaly's keys nearest to its proof, in
// order.
func (d *digest) nearTable(a anomaly) opTable {
	keys := (&scene{d: d, proof: a.proof}).keys(a)
	var near []int
	for i := range d.ops {
		if keys[d.ops[i].Invoke.Key] {
			near = append(near, i)
		}
	}
	all := slices.Clone(near)
	far := func(i int) int { return steps(a.proof, i) }
	slices.SortStableFunc(near, func(i, j int) int { return cmp.Compare(far(i), far(j)) })
	near = near[:min(len(near), maxRows)]
	slices.Sort(near)
	t := opTable{Title: "Operations round the anomaly", About: fmt.Sprintf("%s of %s on the same key, by invocation.", count(len(near)), count(len(all)))}
	d.fill(&t, near, all)
	return t
}

// steps is how many operations lie between one and the nearest of a proof.
func steps(proof []int, i int) int {
	least := int(^uint(0) >> 1)
	for _, p := range proof {
		least = min(least, max(p-i, i-p))
	}
	return least
}

// fill adds the rows of chosen, a subsequence of all, with the gaps between.
func (d *digest) fill(t *opTable, chosen, all []int) {
	next := 0
	for _, i := range chosen {
		at, _ := slices.BinarySearch(all, i)
		row := d.opRow(i)
		row.Gap, next = at-next, at+1
		t.Rows = append(t.Rows, row)
	}
}

func (d *digest) slowTable() opTable {
	order := make([]int, len(d.ops))
	for i := range order {
		order[i] = i
	}
	length := func(i int) time.Duration { return d.ops[i].end - d.ops[i].start }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(length(j), length(i)) })
	t := opTable{Title: "The slowest operations"}
	for _, i := range order[:min(len(order), maxSlowest)] {
		t.Rows = append(t.Rows, d.opRow(i))
	}
	t.About = fmt.Sprintf("%s of %s.", count(len(t.Rows)), count(len(order)))
	return t
}

// traceTable is what the nodes said at the time of the first anomaly.
type traceTable struct {
	About string
	Rows  []traceRow
}

type traceRow struct {
	Time, Node, Name, Attrs string
	Incarnation             int
}

// traceTable takes the events nearest to the first proof, or the first of all.
func (d *digest) traceTable() traceTable {
	order := make([]int, len(d.Trace))
	for i := range order {
		order[i] = i
	}
	if len(d.anomalies) > 0 && len(d.anomalies[0].proof) > 0 {
		from, to := d.span(d.anomalies[0].proof)
		far := func(i int) time.Duration { return max(from-d.Trace[i].Time, d.Trace[i].Time-to, 0) }
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(far(i), far(j)) })
	}
	order = order[:min(len(order), maxTraced)]
	slices.Sort(order)
	t := traceTable{About: fmt.Sprintf("%s of %s.", count(len(order)), plural(len(d.Trace), "event"))}
	for _, i := range order {
		e := d.Trace[i]
		t.Rows = append(t.Rows, traceRow{
			Time: fine(e.Time), Node: shown(e.Node, 24), Name: shown(e.Name, 40), Attrs: attrs(e.Attrs), Incarnation: e.Incarnation,
		})
	}
	return t
}

// attrs writes attributes as JSON, which orders them by name.
func attrs(a map[string]any) string {
	if len(a) == 0 {
		return ""
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		return "(" + shown(err.Error(), 120) + ")"
	}
	return shown(string(bytes.TrimSpace(b.Bytes())), 300)
}
