package nemesis

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

// Result is a step that was executed.
type Result struct {
	Step    Step
	Outcome Outcome
}

// Tally is how often a kind of fault was planned and what came of it.
type Tally struct {
	Kind      Kind
	Planned   int // steps in the schedule
	Executed  int // of these, begun before the run ended
	Effective int // of these, with evidence of an effect
	Failed    int // of the executed, with an error
}

// Report is what became of a schedule.
type Report struct {
	Results []Result // what was executed, in the order of the schedule
	Kinds   []Tally  // every kind of the schedule, in the order of [Kinds]
	// Unreached are the names of the steps that did not begin because the run
	// was cancelled.
	Unreached []string
	// Unplanned lists what happened and no step had asked for: nodes that went
	// down by themselves.
	Unplanned []string
	// Omitted is the schedule's list of what it lacks.
	Omitted []Omission
}

// Effective is the number of steps that had an effect.
func (r *Report) Effective() int {
	sum := 0
	for _, t := range r.Kinds {
		sum += t.Effective
	}
	return sum
}

func (r *runner) report(s Schedule, results []*Result) *Report {
	report := &Report{Omitted: slices.Clone(s.Omitted)}
	tallies := map[Kind]*Tally{}
	for i, step := range s.Steps {
		t := tallies[step.Kind]
		if t == nil {
			t = &Tally{Kind: step.Kind}
			tallies[step.Kind] = t
		}
		t.Planned++
		if results[i] == nil {
			report.Unreached = append(report.Unreached, step.Name)
			continue
		}
		report.Results = append(report.Results, *results[i])
		t.count(results[i].Outcome)
	}
	for _, k := range Kinds() {
		if t := tallies[k]; t != nil {
			report.Kinds = append(report.Kinds, *t)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	report.Unplanned = slices.SortedFunc(slices.Values(r.surprises), cmp.Compare[string])
	return report
}

func (t *Tally) count(out Outcome) {
	t.Executed++
	if out.Effect {
		t.Effective++
	}
	if out.Err != nil {
		t.Failed++
	}
}

// String returns the report as text: a line a step, then what is remarkable.
func (r *Report) String() string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, result := range r.Results {
		out := result.Outcome
		fmt.Fprintf(w, "%v–%v\t%s\t%s\t%s\n", out.Start.Round(time.Millisecond), out.Recovered.Round(time.Millisecond),
			result.Step.Name, result.Step.Shape, out.Evidence)
		if out.Err != nil {
			fmt.Fprintf(w, "\t\t\terror: %v\n", out.Err)
		}
	}
	w.Flush() //nolint:errcheck // a bytes.Buffer does not fail
	for _, t := range r.Kinds {
		fmt.Fprintf(&b, "%s: %d of %d had an effect\n", t.Kind, t.Effective, t.Planned)
	}
	for _, name := range r.Unreached {
		fmt.Fprintf(&b, "not reached: %s\n", name)
	}
	for _, text := range r.Unplanned {
		fmt.Fprintf(&b, "unplanned: %s\n", text)
	}
	for _, o := range r.Omitted {
		fmt.Fprintf(&b, "omitted: %s\n", o)
	}
	return b.String()
}
