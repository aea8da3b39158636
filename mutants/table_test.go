package mutants

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func results() []Result {
	mutant := func(id, title string) Mutant { return Mutant{ID: id, Title: title, Nemesis: "halves"} }
	return []Result{
		{Mutant: mutant("A1", "no write-back"), Caught: true, Runs: 2, Seed: 2, Seconds: 3, Before: 10,
			Operations: 812, Anomaly: "stale read"},
		{Mutant: mutant("A3", "majority = n/2 | off by one"), Caught: true, Runs: 1, Seed: 1, Seconds: 2,
			Operations: 90, Anomaly: "lost update"},
		{Mutant: mutant("A10", "local version"), Runs: 6, Seed: 6, Before: 60},
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Table(&b, results()))
	require.Equal(t, `mutant  change                       nemesis  caught  runs  seconds  operations  anomaly      seed
A1      no write-back                halves   yes     2     13.0     812         stale read   2
A3      majority = n/2 | off by one  halves   yes     1     2.0      90          lost update  1
A10     local version                halves   no      6     > 60.0                            6

2 of 3 mutants caught, median 7.5 s of run time to the first violation; missed: A10.
`, b.String())
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Markdown(&b, results()))
	require.Equal(t, `| mutant | change | nemesis | caught | runs | seconds | operations | anomaly | seed |
|---|---|---|---|--:|--:|--:|---|--:|
| A1 | no write-back | halves | yes | 2 | 13.0 | 812 | stale read | 2 |
| A3 | majority = n/2 \| off by one | halves | yes | 1 | 2.0 | 90 | lost update | 1 |
| A10 | local version | halves | no | 6 | > 60.0 |  |  | 6 |

2 of 3 mutants caught, median 7.5 s of run time to the first violation; missed: A10.
`, b.String())
}

func TestSummary(t *testing.T) {
	require.Equal(t, "0 of 0 mutants caught.", Summary(nil))
	require.Equal(t, 2.0, median([]float64{9, 1, 2}))
	require.Equal(t, 1.5, median([]float64{2, 1}))
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

func TestTableReportsTheWriter(t *testing.T) {
	full := errors.New("the disk is full")
	require.ErrorIs(t, Table(failing{full}, results()), full)
	require.ErrorIs(t, Markdown(failing{full}, results()), full)
}
