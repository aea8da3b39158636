package report

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// All pictures are this wide, with room for labels at the left.
const (
	pictureWidth = 1180.0
	gutter       = 78.0
	margin       = 14.0
)

// outcomes in the order in which they are stacked and listed, with the names of
// their colours.
var outcomes = []struct {
	typ         histories.Type
	class, sign string
}{
	{histories.OK, "ok", "✓"},
	{histories.Fail, "fail", "–"},
	{histories.Info, "info", "?"},
}

// overview draws the whole run: completions per second by outcome, where the
// anomalies are, the faults and the leaders.
func (d *digest) overview() template.HTML {
	const top, height = 26.0, 150.0
	a := straight(0, d.end, gutter, pictureWidth-margin)
	bands, lanes := layBands(d.faults, a)
	y := top + height
	lead := 0.0
	if len(d.leaders()) > 0 {
		lead = bandHeight
	}
	bottom := y + 8 + float64(lanes)*bandHeight + lead
	s := newDrawing(pictureWidth, bottom+26, "Overview of the run",
		fmt.Sprintf("Completions per second by outcome over %s, with %s.", span(d.end), plural(len(d.faults), "fault")))
	columns(s, bands, top, bottom)
	d.throughput(s, a, top, y)
	bars(s, bands, y+6)
	if lanes > 0 {
		s.text(gutter-10, y+20, "tick", "end", "faults")
	}
	if lead > 0 {
		s.text(gutter-10, bottom-6, "tick", "end", "leader")
		marks(s, d, a, bottom-bandHeight)
	}
	d.flags(s, a, top, bottom)
	a.draw(s, top, bottom)
	return s.html()
}

// throughput draws one stacked bar for each stretch of the run.
func (d *digest) throughput(s *drawing, a axis, top, bottom float64) {
	ws := d.windows(150)
	length := (ws[0].to - ws[0].from).Seconds()
	most := 0
	for _, w := range ws {
		most = max(most, w.counts[histories.OK]+w.counts[histories.Fail]+w.counts[histories.Info])
	}
	step := float64(round(time.Duration(math.Ceil(max(float64(most)/length, 1) / 4))))
	scale := (bottom - top) / max(float64(most)/length*1.05, 1)
	for v := 0.0; bottom-v*scale >= top; v += step {
		s.line(a.left(), bottom-v*scale, a.right(), bottom-v*scale, "grid")
		s.text(gutter-10, bottom-v*scale+4, "tick", "end", count(int(v)))
	}
	s.text(gutter-10, top-10, "tick", "end", "ops/s")
	for _, w := range ws {
		stack(s, w, a.x(w.from), a.x(w.to), bottom, scale/length)
	}
}

// stack draws the bar of one window; what happened at all is at least 2 high.
func stack(s *drawing, w window, x0, x1, y, scale float64) {
	if w.counts == [histories.Info + 1]int{} {
		return
	}
	s.open("g")
	s.title(fmt.Sprintf("%s s: %s ok, %s fail, %s info", w.times(),
		count(w.counts[histories.OK]), count(w.counts[histories.Fail]), count(w.counts[histories.Info])))
	for _, o := range outcomes {
		if n := w.counts[o.typ]; n > 0 {
			h := max(float64(n)*scale, 2)
			y -= h
			s.rect(x0+0.5, y, x1-x0-1, h, "fill-"+o.class)
		}
	}
	s.end("g")
}

// flags marks where each proof is complete.
func (d *digest) flags(s *drawing, a axis, top, bottom float64) {
	var row shelf
	for i, an := range d.anomalies {
		if len(an.proof) == 0 {
			continue
		}
		_, to := d.span(an.proof)
		x := a.x(to)
		s.open("g")
		s.title(fmt.Sprintf("anomaly %d: %s, proved at %s s", i+1, shown(an.Name, 60), moment(to)))
		s.line(x, top-6, x, bottom, "violation")
		s.path(cross(x, top-12, 5), "cross")
		label := shown(an.Name, 40)
		if w := width(label) + 12; x+w < a.right() && row.take(x-8, x+w) {
			s.text(x+10, top-8, "violation-label", "start", label)
		} else if x+w >= a.right() && row.take(x-w, x+8) {
			s.text(x-10, top-8, "violation-label", "end", label)
		}
		s.end("g")
	}
}

// cross is the path of a cross round a point.
func cross(x, y, r float64) string {
	return fmt.Sprintf("M%s %sl%s %sm0 %sl%s %s", number(x-r), number(y-r), number(2*r), number(2*r),
		number(-2*r), number(-2*r), number(2*r))
}
