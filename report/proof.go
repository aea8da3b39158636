package report

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
)

const (
	laneHeight = 50.0
	boxTop     = 22.0 // of the box, below the top of its lane; its label stands above
	boxHeight  = 20.0
	badge      = 18.0
)

// canvas is a scene being drawn.
type canvas struct {
	*scene
	*drawing
	top    float64 // of the first client's lane
	bottom float64 // of the last
	labels map[int]*shelf
}

// picture draws a scene: a row for each client, time to the right, the faults
// above and behind.
func (s *scene) picture(name string) template.HTML {
	bands, lanes := layBands(s.d.faults, s.axis)
	top := 8 + float64(lanes)*bandHeight
	bottom := top + float64(len(s.lanes))*laneHeight + 6
	c := canvas{scene: s, top: top, bottom: bottom, labels: map[int]*shelf{},
		drawing: newDrawing(pictureWidth, bottom+42, "Counterexample: "+name,
			fmt.Sprintf("A row for each of %s, %s prove it and are numbered.", plural(len(s.lanes), "client"), plural(len(s.proof), "operation")))}
	columns(c.drawing, bands, top, bottom)
	c.rows()
	c.guides()
	for _, i := range s.others {
		c.box(&s.d.ops[i], 0)
	}
	for n, i := range s.proof {
		c.box(&s.d.ops[i], n+1)
	}
	bars(c.drawing, bands, 4)
	if lanes > 0 {
		c.text(gutter+14, 18, "tick", "end", "faults")
	}
	s.axis.draw(c.drawing, 2, bottom)
	c.writeLabels()
	return c.html()
}

func (c *canvas) y(lane int) float64 {
	return c.top + float64(slices.Index(c.lanes, lane))*laneHeight
}

func (c *canvas) rows() {
	for _, lane := range c.lanes {
		y := c.y(lane)
		c.line(4, y, c.axis.right(), y, "grid")
		c.text(8, y+boxTop+15, "lane", "start", "client "+strconv.Itoa(lane))
		c.labels[lane] = &shelf{}
	}
}

// guides are the moments of the proof from top to bottom, so that the eye can
// tell what was over before what began.
func (c *canvas) guides() {
	for _, i := range c.proof {
		o := &c.d.ops[i]
		c.line(c.axis.x(o.start), c.top, c.axis.x(o.start), c.bottom, "guide")
		if o.returned() {
			c.line(c.axis.x(o.end), c.top, c.axis.x(o.end), c.bottom, "guide")
		}
	}
}

// box draws an operation; n is its number in the proof, 0 for others.
func (c *canvas) box(o *operation, n int) {
	x0, x1, y := c.axis.x(o.start), c.axis.x(o.end), c.y(o.lane)+boxTop
	w := max(x1-x0, 4)
	class := "op " + o.outcome.String()
	if n > 0 {
		class += " bad"
	}
	c.open("g", "class", class, "data-op", o.Invoke.Index)
	c.title(c.d.told(o))
	if o.rests() {
		c.rect(x0+w, y+6, c.axis.right()-x0-w, boxHeight-12, "tail")
	}
	c.rect(x0, y, w, boxHeight, "ground", "rx", 3)
	c.rect(x0, y, w, boxHeight, "box", "rx", 3)
	c.end("g")
}

// writeLabels puts a label above every box where there is room, those of the
// proof first, which get their number in any case.
func (c *canvas) writeLabels() {
	for n, i := range c.proof {
		c.writeLabel(&c.d.ops[i], n+1)
	}
	for _, i := range c.others {
		c.writeLabel(&c.d.ops[i], 0)
	}
}

func (c *canvas) writeLabel(o *operation, n int) {
	line := caption(o)
	if c.keyed {
		line = shown(o.Invoke.Key, 24) + ": " + line
	}
	line = fit(line, 260)
	x, y, w := c.axis.x(o.start), c.y(o.lane)+boxTop-6, width(line)
	row := c.labels[o.lane]
	if n == 0 {
		if x+w < c.axis.right() && row.take(x, x+w+8) {
			c.text(x, y, "label", "start", line)
		}
		return
	}
	x = min(x, c.axis.right()-w-badge-6)
	c.circle(x+badge/2, y-4, n)
	if !row.take(x, x+badge+w+8) {
		row.take(x, x+badge+2)
		return
	}
	c.text(x+badge+4, y, "label bad-label", "start", line)
}

// circle draws the number of an operation of the proof.
func (c *canvas) circle(x, y float64, n int) {
	c.element("circle", "cx", x, "cy", y, "r", badge/2-1, "class", "badge")
	c.text(x, y+4, "badge-number", "middle", strconv.Itoa(n))
}

// caption is the label of an operation with the node that was asked.
func caption(o *operation) string {
	line := label(o)
	if o.Invoke.Node != "" {
		line += " @" + shown(o.Invoke.Node, 16)
	}
	switch {
	case !o.returned():
		line += " …"
	case o.outcome.String() != "ok":
		line += " " + o.outcome.String()
	}
	return line
}
