package report

import (
	"slices"
	"strings"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// window is what happened in a stretch of the run, counted at completion.
type window struct {
	from, to time.Duration
	counts   [histories.Info + 1]int
	p50, p99 time.Duration // of ok operations; 0 when there are none
}

// times is when a window is, in seconds: 0.5–1.0.
func (w *window) times() string {
	step := w.to - w.from
	return strings.TrimSuffix(seconds(w.from, step), " s") + "–" + strings.TrimSuffix(seconds(w.to, step), " s")
}

// windows cuts the run into at most n stretches of equal and round length.
func (d *digest) windows(n int) []window {
	length := round(d.end / time.Duration(n))
	ws := make([]window, (d.end+length-1)/length)
	latencies := make([][]time.Duration, len(ws))
	for i := range ws {
		ws[i].from, ws[i].to = time.Duration(i)*length, time.Duration(i+1)*length
	}
	for i := range d.ops {
		o := &d.ops[i]
		if !o.returned() {
			continue
		}
		at := min(int(o.end/length), len(ws)-1)
		ws[at].counts[o.outcome]++
		if o.outcome == histories.OK {
			latencies[at] = append(latencies[at], o.end-o.start)
		}
	}
	for i, l := range latencies {
		slices.Sort(l)
		ws[i].p50, ws[i].p99 = quantile(l, 0.50), quantile(l, 0.99)
	}
	return ws
}

// quantile is the nearest-rank quantile of sorted durations, 0 if there are none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// latencies are those of all ok operations, sorted.
func (d *digest) latencies() []time.Duration {
	l := make([]time.Duration, 0, len(d.ops))
	for i := range d.ops {
		if o := &d.ops[i]; o.outcome == histories.OK {
			l = append(l, o.end-o.start)
		}
	}
	slices.Sort(l)
	return l
}
