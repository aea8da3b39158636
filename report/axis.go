package report

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// axis maps times to positions: pieces of one scale, with breaks between them.
type axis []piece

// piece is a part of an axis without a break.
type piece struct {
	from, to time.Duration
	x0, x1   float64
}

// straight is an axis without breaks.
func straight(from, to time.Duration, x0, x1 float64) axis {
	return axis{{from: from, to: max(to, from+1), x0: x0, x1: x1}}
}

const (
	maxBreaks  = 6
	breakWidth = 30.0
)

// broken is an axis that shows the surroundings of some moments and leaves out
// long stretches between them. No stretch shorter than 12 units is left out.
func broken(moments []time.Duration, unit time.Duration, x0, x1 float64) axis {
	if len(moments) == 0 {
		return straight(0, unit, x0, x1)
	}
	slices.Sort(moments)
	moments = slices.Compact(moments)
	cuts, kept := cut(moments, unit)
	pad := max(unit, kept/time.Duration(6*(len(cuts)+1)))
	a := axis{{from: max(0, moments[0]-pad), to: moments[0] + pad}}
	for i, m := range moments[1:] {
		if slices.Contains(cuts, i) {
			room := (m - moments[i]) / 3
			a[len(a)-1].to = moments[i] + min(pad, room)
			a = append(a, piece{from: m - min(pad, room)})
		}
		a[len(a)-1].to = m + pad
	}
	a.place(x0, x1)
	return a
}

// cut chooses the gaps to leave out: the longest, as long as one takes more
// than a third of what remains. It returns their positions and what remains.
func cut(moments []time.Duration, unit time.Duration) (cuts []int, kept time.Duration) {
	kept = moments[len(moments)-1] - moments[0]
	for len(cuts) < maxBreaks {
		longest, at := time.Duration(0), -1
		for i := range len(moments) - 1 {
			if gap := moments[i+1] - moments[i]; gap > longest && !slices.Contains(cuts, i) {
				longest, at = gap, i
			}
		}
		if at < 0 || longest <= 12*unit || longest < kept/3 {
			break
		}
		cuts = append(cuts, at)
		kept -= longest
	}
	return cuts, kept
}

// place gives every piece its share of the width.
func (a axis) place(x0, x1 float64) {
	var total time.Duration
	for _, p := range a {
		total += p.to - p.from
	}
	scale := (x1 - x0 - breakWidth*float64(len(a)-1)) / float64(max(total, 1))
	for i := range a {
		a[i].x0 = x0
		a[i].x1 = x0 + float64(a[i].to-a[i].from)*scale
		x0 = a[i].x1 + breakWidth
	}
}

// x is the position of a moment; moments outside are put at the nearest end.
func (a axis) x(t time.Duration) float64 {
	for i, p := range a {
		if t < p.from {
			if i == 0 {
				return p.x0
			}
			before := a[i-1]
			return before.x1 + (p.x0-before.x1)*float64(t-before.to)/float64(p.from-before.to)
		}
		if t <= p.to {
			return p.x0 + (p.x1-p.x0)*float64(t-p.from)/float64(max(p.to-p.from, 1))
		}
	}
	return a[len(a)-1].x1
}

// shows reports whether a part of the interval is on the axis, breaks excluded.
func (a axis) shows(from, to time.Duration) bool {
	return slices.ContainsFunc(a, func(p piece) bool { return from <= p.to && to >= p.from })
}

func (a axis) left() float64  { return a[0].x0 }
func (a axis) right() float64 { return a[len(a)-1].x1 }

// draw draws the axis at height y with its ticks in seconds, and the breaks
// from top down to it.
func (a axis) draw(d *drawing, top, y float64) {
	var labels shelf
	step := a.step()
	for _, p := range a {
		d.line(p.x0, y, p.x1, y, "axis")
		for t := (p.from + step - 1) / step * step; t <= p.to; t += step {
			x, label := a.x(t), seconds(t, step)
			if half := width(label)/2 + 6; labels.take(x-half, x+half) {
				d.line(x, y, x, y+5, "axis")
				d.text(min(x, pictureWidth-half+4), y+18, "tick", "middle", label)
			}
		}
	}
	for i := range len(a) - 1 {
		a.drawBreak(d, i, top, y)
	}
}

func (a axis) drawBreak(d *drawing, i int, top, y float64) {
	x := (a[i].x1 + a[i+1].x0) / 2
	d.rect(x-7, top, 14, y-top+6, "break")
	for _, side := range []float64{-7, 7} {
		zigzag := "M" + number(x+side) + " " + number(top)
		for n := range int((y - top + 6) / 12) {
			zigzag += "l" + number(float64(4-8*(n%2))) + " 12"
		}
		d.path(zigzag, "zigzag")
	}
	d.text(x, y+32, "tick", "middle", "⋯ "+span(a[i+1].from-a[i].to)+" ⋯")
}

// step is a round distance between ticks, about 100 units of width.
func (a axis) step() time.Duration {
	p := a[0]
	for _, q := range a {
		if q.x1-q.x0 > p.x1-p.x0 {
			p = q
		}
	}
	return round(time.Duration(float64(p.to-p.from) * 100 / max(p.x1-p.x0, 1)))
}

// round gives the least of 1, 2, 5 × 10ⁿ ns that is not below t.
func round(t time.Duration) time.Duration {
	for unit := time.Duration(1); unit < math.MaxInt64/10; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if n*unit >= t {
				return n * unit
			}
		}
	}
	return math.MaxInt64 / 10
}

// seconds writes a tick with the decimals that its step needs.
func seconds(t, step time.Duration) string {
	decimals := 0
	for unit := time.Second; unit > step && decimals < 9; unit /= 10 {
		decimals++
	}
	return strconv.FormatFloat(t.Seconds(), 'f', decimals, 64) + " s"
}
