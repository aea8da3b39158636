package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const (
	bandHeight   = 20.0
	maxBandLanes = 8
)

// band is a fault laid out on an axis.
type band struct {
	Fault
	x0, x1 float64
	lane   int
	label  string
	left   bool // the label stands left of the bar, not in it or right of it
	inside bool
}

// layBands puts the faults that an axis shows into as few lanes as their bars
// and labels need. Faults beyond the last lane share it, without labels.
func layBands(faults []Fault, a axis) (bands []band, lanes int) {
	shelves := make([]shelf, maxBandLanes)
	for _, f := range faults {
		if !a.shows(f.Start, f.End) {
			continue
		}
		b := newBand(f, a)
		from, to := b.extent()
		b.lane = slices.IndexFunc(shelves, func(s shelf) bool { return s.free(from, to) })
		if b.lane < 0 {
			b.lane, b.label = maxBandLanes-1, ""
		}
		shelves[b.lane].take(from, to)
		lanes = max(lanes, b.lane+1)
		bands = append(bands, b)
	}
	return bands, lanes
}

func newBand(f Fault, a axis) band {
	b := band{Fault: f, x0: a.x(f.Start), x1: max(a.x(f.End), a.x(f.Start)+3)}
	room := b.x1 - b.x0 - 10
	kind := shown(f.Kind, 24)
	for _, label := range []string{shown(cmp.Or(f.Description, f.Kind), 80), kind} {
		if width(label) <= room {
			b.label, b.inside = label, true
			return b
		}
	}
	b.label = kind
	b.left = b.x1+6+width(kind) > a.right()
	return b
}

// extent is what a bar takes of its lane, its label included.
func (b *band) extent() (from, to float64) {
	switch {
	case b.inside || b.label == "":
		return b.x0 - 1, b.x1 + 1
	case b.left:
		return b.x0 - width(b.label) - 8, b.x1 + 1
	default:
		return b.x0 - 1, b.x1 + width(b.label) + 8
	}
}

// columns shades the time of every fault from top to bottom.
func columns(d *drawing, bands []band, top, bottom float64) {
	for _, b := range bands {
		d.rect(b.x0, top, b.x1-b.x0, bottom-top, "column "+b.class())
	}
}

// bars draws the lanes of faults from height y.
func bars(d *drawing, bands []band, y float64) {
	for _, b := range bands {
		top := y + float64(b.lane)*bandHeight
		d.open("g", "class", "fault "+b.class())
		d.title(b.tip())
		d.rect(b.x0, top+2, b.x1-b.x0, bandHeight-4, "bar", "rx", 3)
		switch {
		case b.label == "":
		case b.inside:
			d.text(b.x0+5, top+14, "in", "start", b.label)
		case b.left:
			d.text(b.x0-4, top+14, "out", "end", b.label)
		default:
			d.text(b.x1+4, top+14, "out", "start", b.label)
		}
		d.end("g")
	}
}

func (b *band) tip() string {
	tip := shown(b.Kind, 40) + " " + shown(b.Description, 200) + ", " + moment(b.Start) + "–" + moment(b.End) + " s"
	if !b.Effect {
		return tip + ", no effect observed"
	}
	return tip + ", " + shown(b.Evidence, 200)
}

// class names the colour of a fault, and whether it had an effect.
func (b *band) class() string {
	class := "k-" + family(b.Kind)
	if !b.Effect {
		class += " idle"
	}
	return class
}

// families are the kinds of faults that have a colour of their own, found by a
// part of the name.
var families = []struct{ part, family string }{
	{"kill", "kill"}, {"crash", "kill"}, {"restart", "kill"}, {"power", "kill"},
	{"pause", "pause"}, {"stop", "pause"},
	{"partition", "cut"}, {"cut", "cut"}, {"isolate", "cut"}, {"majorit", "cut"}, {"bridge", "cut"}, {"ring", "cut"},
	{"drop", "packet"}, {"delay", "packet"}, {"loss", "packet"}, {"slow", "packet"}, {"dup", "packet"}, {"reorder", "packet"}, {"reset", "packet"}, {"packet", "packet"},
	{"clock", "clock"}, {"skew", "clock"}, {"strobe", "clock"},
	{"disk", "disk"}, {"sync", "disk"}, {"torn", "disk"}, {"file", "disk"}, {"lose", "disk"},
}

func family(kind string) string {
	kind = strings.ToLower(kind)
	for _, f := range families {
		if strings.Contains(kind, f.part) {
			return f.family
		}
	}
	return "other"
}

// marks is a lane of events on the trace that say who leads.
func marks(d *drawing, dg *digest, a axis, y float64) {
	var row shelf
	for _, e := range dg.leaders() {
		if !a.shows(e.Time, e.Time) {
			continue
		}
		x, node := a.x(e.Time), shown(e.Node, 16)
		d.open("g", "class", "leader")
		d.title("leader " + node + " from " + moment(e.Time) + " s")
		d.path("M"+number(x)+" "+number(y+3)+"l5 12h-10z", "flag")
		if row.take(x-6, x+10+width(node)) {
			d.text(x+8, y+14, "out", "start", node)
		}
		d.end("g")
	}
}

const maxLeaders = 400

// leaders are the events by which nodes said that they became leader.
func (d *digest) leaders() []traced {
	var found []traced
	for _, e := range d.Trace {
		if e.Name == "leader" && len(found) < maxLeaders {
			found = append(found, traced{e.Time, e.Node})
		}
	}
	return found
}

type traced struct {
	Time time.Duration
	Node string
}
