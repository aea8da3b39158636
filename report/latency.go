package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// cell is the edge of the grid on which the points of the latency picture are
// put; of the points in one cell only the most important is drawn, so that the
// size of the picture does not grow with the run.
const cell = 3

// sparse is the number of operations below which points are drawn larger.
const sparse = 4000

// decades is a logarithmic axis of latencies from the bottom up.
type decades struct {
	low, high   float64 // powers of ten, in ns
	top, bottom float64
}

func (d decades) y(latency time.Duration) float64 {
	l := math.Log10(float64(max(latency, 1)))
	return d.bottom - (d.bottom-d.top)*min(max((l-d.low)/(d.high-d.low), 0), 1)
}

func (d decades) draw(s *drawing, x0, x1 float64) {
	for p := d.low; p <= d.high; p++ {
		latency := time.Duration(math.Pow(10, p))
		s.line(x0, d.y(latency), x1, d.y(latency), "grid")
		s.text(x0-10, d.y(latency)+4, "tick", "end", span(latency))
	}
}

// latencyAxis holds every latency of the run, and two decades at least.
func (d *digest) latencyAxis(top, bottom float64) decades {
	least, most := time.Duration(math.MaxInt64), time.Duration(1)
	for i := range d.ops {
		if o := &d.ops[i]; o.returned() {
			least, most = min(least, max(o.end-o.start, 1)), max(most, o.end-o.start)
		}
	}
	low := math.Floor(math.Log10(float64(min(least, most))))
	return decades{low: low, high: max(math.Ceil(math.Log10(float64(most))), low+2), top: top, bottom: bottom}
}

// scatter draws the latency of every operation that returned.
func (d *digest) scatter() template.HTML {
	const top, bottom = 12.0, 282.0
	a := straight(0, d.end, gutter, pictureWidth-margin)
	ys := d.latencyAxis(top, bottom)
	s := newDrawing(pictureWidth, bottom+26, "Latency of operations",
		"A point for each operation at the time of its completion, logarithmic, with the median and the 99th percentile.")
	bands, _ := layBands(d.faults, a)
	columns(s, bands, top, bottom)
	ys.draw(s, a.left(), a.right())
	d.points(s, a, ys)
	d.quantiles(s, a, ys)
	a.draw(s, top, bottom)
	return s.html()
}

// rank orders outcomes by how much they must be seen: invalid, info, fail, ok.
func (o *operation) rank() int {
	switch {
	case o.guilty:
		return 4
	case o.outcome == histories.Info:
		return 3
	case o.outcome == histories.Fail:
		return 2
	default:
		return 1
	}
}

// points draws the grid, one path for each outcome, and each guilty operation.
func (d *digest) points(s *drawing, a axis, ys decades) {
	columns := int(pictureWidth)/cell + 1
	rows := int(ys.bottom)/cell + 1
	grid := make([]uint8, rows*columns)
	for i := range d.ops {
		if o := &d.ops[i]; o.returned() {
			at := int(ys.y(o.end-o.start))/cell*columns + int(a.x(o.end))/cell
			grid[at] = max(grid[at], uint8(o.rank()))
		}
	}
	shapes := [...]string{1: "h0", 2: "m-2 0h4", 3: "m-3 2h6l-3 -5z"}
	var paths [4]strings.Builder
	for at, rank := range grid {
		if rank > 0 && rank < 4 {
			fmt.Fprintf(&paths[rank], "M%d %d%s", at%columns*cell+1, at/columns*cell+1, shapes[rank])
		}
	}
	density := "dots"
	if len(d.ops) < sparse {
		density = "dots sparse"
	}
	s.open("g", "class", density)
	s.path(paths[1].String(), "dot-ok")
	s.path(paths[2].String(), "dot-fail")
	s.path(paths[3].String(), "dot-info")
	s.end("g")
	d.crosses(s, a, ys)
}

// crosses draws each operation that proves an anomaly, above all others.
func (d *digest) crosses(s *drawing, a axis, ys decades) {
	for i := range d.ops {
		if o := &d.ops[i]; o.guilty && o.returned() {
			s.open("g")
			s.title("proves an anomaly: " + d.told(o))
			s.path(cross(a.x(o.end), ys.y(o.end-o.start), 5), "cross")
			s.end("g")
		}
	}
}

// quantiles draws the lines of p50 and p99, interrupted where nothing was ok.
func (d *digest) quantiles(s *drawing, a axis, ys decades) {
	ws := d.windows(60)
	for _, q := range []struct {
		class string
		of    func(window) time.Duration
	}{
		{"p50", func(w window) time.Duration { return w.p50 }},
		{"p99", func(w window) time.Duration { return w.p99 }},
	} {
		var path strings.Builder
		move := "M"
		for _, w := range ws {
			if q.of(w) == 0 {
				move = "M"
				continue
			}
			fmt.Fprintf(&path, "%s%s %s", move, number(a.x((w.from+min(w.to, d.end))/2)), number(ys.y(q.of(w))))
			move = "L"
		}
		s.path(path.String(), q.class+" halo")
		s.path(path.String(), q.class)
	}
}
