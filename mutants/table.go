package mutants

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

var columns = []string{"mutant", "change", "nemesis", "caught", "runs", "seconds", "operations", "anomaly", "seed"}

// Table writes the results as aligned text: one line a mutant, then how many
// were caught and the median run time in seconds until the first violation of
// those that were. A mutant that was not caught is listed like any other.
func Table(w io.Writer, results []Result) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t")) //nolint:errcheck // a buffer
	for _, r := range results {
		fmt.Fprintln(t, strings.Join(r.cells(), "\t")) //nolint:errcheck // a buffer
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	fmt.Fprintf(&b, "\n%s\n", Summary(results))
	_, err := w.Write(b.Bytes())
	return err
}

// Markdown writes the same table in Markdown.
func Markdown(w io.Writer, results []Result) error {
	var b bytes.Buffer
	row := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	row(columns)
	b.WriteString("|---|---|---|---|--:|--:|--:|---|--:|\n")
	for _, r := range results {
		row(r.cells())
	}
	fmt.Fprintf(&b, "\n%s\n", Summary(results))
	_, err := w.Write(b.Bytes())
	return err
}

// cells are the cells of one line. A mutant that was not caught shows the run
// time that was spent on it.
func (r Result) cells() []string {
	caught, seconds, operations, anomaly := "no", fmt.Sprintf("> %.1f", r.RunTime()), "", ""
	if r.Caught {
		caught, seconds = "yes", fmt.Sprintf("%.1f", r.RunTime())
		operations, anomaly = strconv.Itoa(r.Operations), r.Anomaly
	}
	return []string{
		r.Mutant.ID, r.Mutant.Title, r.Mutant.Nemesis, caught, strconv.Itoa(r.Runs),
		seconds, operations, anomaly, strconv.FormatUint(r.Seed, 10),
	}
}

// Summary says in one sentence how many mutants were caught, after which median
// run time, and which were missed.
func Summary(results []Result) string {
	var times []float64
	var missed []string
	for _, r := range results {
		if r.Caught {
			times = append(times, r.RunTime())
		} else {
			missed = append(missed, r.Mutant.ID)
		}
	}
	s := fmt.Sprintf("%d of %d mutants caught", len(times), len(results))
	if len(times) > 0 {
		s += fmt.Sprintf(", median %.1f s of run time to the first violation", median(times))
	}
	if len(missed) > 0 {
		s += "; missed: " + strings.Join(missed, ", ")
	}
	return s + "."
}

// median of an even number of values is the mean of the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
