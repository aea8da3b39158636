package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// digest is a page prepared for drawing.
type digest struct {
	Page
	ops       []operation // of clients, by invocation
	end       time.Duration
	faults    []Fault // by start, each with an end
	anomalies []anomaly
	skipped   int // anomalies beyond maxAnomalies
	counts    [histories.Info + 1]int
}

// operation is one operation of a client. Its end is the end of the run if it
// never returned.
type operation struct {
	histories.Operation
	lane       int
	start, end time.Duration
	outcome    histories.Type
	guilty     bool // part of the proof of an anomaly
}

// returned reports whether the client got an answer or gave up.
func (o *operation) returned() bool { return o.Complete != nil }

// anomaly is one anomaly with the checker that found it and the positions in
// digest.ops of the operations that prove it.
type anomaly struct {
	checker.Anomaly
	checker string
	proof   []int
}

const (
	maxAnomalies = 20 // told in words
	maxProof     = 40 // operations of one proof that are listed
)

func newDigest(p Page) *digest {
	if p.History == nil {
		p.History = &histories.History{}
	}
	d := &digest{Page: p}
	d.measure()
	d.pair()
	d.collectFaults()
	d.collectAnomalies()
	return d
}

func (d *digest) measure() {
	for i := range d.History.Ops {
		d.end = max(d.end, d.History.Ops[i].Time)
	}
	for _, f := range d.Page.Faults {
		d.end = max(d.end, f.Start, f.End)
	}
	for _, e := range d.Trace {
		d.end = max(d.end, e.Time)
	}
	d.end = max(d.end, time.Microsecond)
}

// pair takes the operations of clients. Whatever is not clearly ok or fail is
// info, also in a history that breaks the rules.
func (d *digest) pair() {
	for _, p := range d.History.Operations() {
		o := operation{
			Operation: p, outcome: p.Outcome(), lane: d.History.Lane(p.Invoke.Process),
			start: p.Invoke.Time, end: d.end,
		}
		if o.returned() {
			o.end = max(p.Complete.Time, o.start)
		}
		if o.outcome != histories.OK && o.outcome != histories.Fail {
			o.outcome = histories.Info
		}
		d.counts[o.outcome]++
		d.ops = append(d.ops, o)
	}
}

func (d *digest) collectFaults() {
	d.faults = slices.Clone(d.Page.Faults)
	if d.Page.Faults == nil {
		d.faults = faultsOf(d.History)
	}
	for i := range d.faults {
		f := &d.faults[i]
		f.Start = max(f.Start, 0)
		if f.End <= f.Start {
			f.End = max(d.end, f.Start)
		}
	}
	slices.SortStableFunc(d.faults, func(a, b Fault) int { return cmp.Compare(a.Start, b.Start) })
}

// faultsOf reads the faults out of a history. A completion that is ok states
// that the fault had its effect; the evidence stands in Error.
func faultsOf(h *histories.History) []Fault {
	var faults []Fault
	for _, o := range h.Faults() {
		f := Fault{Step: o.Invoke.Key, Kind: o.Invoke.F, Description: words(o.Invoke.Value), Start: o.Invoke.Time}
		if o.Complete != nil {
			f.End, f.Evidence, f.Effect = o.Complete.Time, o.Complete.Error, o.Complete.Type == histories.OK
		}
		faults = append(faults, f)
	}
	return faults
}

// words writes a value that is meant to be read, without quotes around text.
func words(v histories.Value) string {
	switch v.Kind() {
	case histories.Nil:
		return ""
	case histories.String:
		return v.Str()
	default:
		return v.String()
	}
}

func (d *digest) collectAnomalies() {
	at := d.positions()
	d.walk(d.Verdict, func(v checker.Verdict) {
		for _, a := range v.Anomalies {
			if slices.ContainsFunc(d.anomalies, func(b anomaly) bool { return same(a, b.Anomaly) }) {
				continue
			}
			if len(d.anomalies) == maxAnomalies {
				d.skipped++
				continue
			}
			d.anomalies = append(d.anomalies, anomaly{Anomaly: a, checker: v.Checker, proof: proof(a, at)})
		}
	})
	for _, a := range d.anomalies {
		for _, i := range a.proof {
			d.ops[i].guilty = true
		}
	}
}

func same(a, b checker.Anomaly) bool {
	return a.Name == b.Name && a.Key == b.Key && a.Explanation == b.Explanation && slices.Equal(a.Ops, b.Ops)
}

// walk visits a verdict and its parts, the deepest first, so that an anomaly is
// credited to the checker that found it.
func (d *digest) walk(v checker.Verdict, visit func(checker.Verdict)) {
	for _, part := range v.Parts {
		d.walk(part, visit)
	}
	visit(v)
}

// positions maps the index of each event to the operation that it belongs to.
func (d *digest) positions() map[int]int {
	if d.Verdict.Validity != checker.Invalid {
		return nil
	}
	at := make(map[int]int, 2*len(d.ops))
	for i, o := range d.ops {
		at[o.Invoke.Index] = i
		if o.returned() {
			at[o.Complete.Index] = i
		}
	}
	return at
}

func proof(a checker.Anomaly, at map[int]int) []int {
	var positions []int
	for _, index := range a.Ops {
		if i, ok := at[index]; ok {
			positions = append(positions, i)
		}
	}
	slices.Sort(positions)
	positions = slices.Compact(positions)
	return positions[:min(len(positions), maxProof)]
}

// span is the time from the first invocation of a proof to its last event.
func (d *digest) span(proof []int) (from, to time.Duration) {
	from = math.MaxInt64
	for _, i := range proof {
		from, to = min(from, d.ops[i].start), max(to, d.ops[i].end)
	}
	return min(from, to), to
}

// during returns the faults in force at some time of an interval.
func (d *digest) during(from, to time.Duration) []Fault {
	var in []Fault
	for _, f := range d.faults {
		if f.Start <= to && f.End >= from {
			in = append(in, f)
		}
	}
	return in
}
