package report

import (
	"html"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// drawing collects an SVG picture. Every attribute and text is escaped here and
// nowhere else. Colours come from the page's style sheet by class, since the
// page's policy forbids style attributes.
type drawing struct{ b []byte }

// newDrawing begins a picture of w × h units with a name and a description for
// those who cannot see it.
func newDrawing(w, h float64, name, description string) *drawing {
	d := &drawing{}
	d.open("svg", "viewBox", "0 0 "+number(w)+" "+number(h), "role", "img", "class", "picture",
		"aria-label", name+". "+description, "preserveAspectRatio", "xMinYMin meet")
	return d
}

// html ends the picture.
func (d *drawing) html() template.HTML {
	d.end("svg")
	return template.HTML(d.b) // everything in it was escaped by this type
}

// open begins an element; attrs are names and values in turn.
func (d *drawing) open(tag string, attrs ...any) {
	d.tag(tag, attrs)
	d.b = append(d.b, '>')
}

func (d *drawing) end(tag string) { d.b = append(append(append(d.b, "</"...), tag...), '>') }

// element adds an element without content.
func (d *drawing) element(tag string, attrs ...any) {
	d.tag(tag, attrs)
	d.b = append(d.b, "/>"...)
}

func (d *drawing) tag(tag string, attrs []any) {
	d.b = append(append(d.b, '<'), tag...)
	for i := 0; i+1 < len(attrs); i += 2 {
		name, value := attrs[i].(string), attrs[i+1]
		d.b = append(append(append(d.b, ' '), name...), `="`...)
		switch v := value.(type) {
		case float64:
			d.b = appendNumber(d.b, v)
		case int:
			d.b = strconv.AppendInt(d.b, int64(v), 10)
		case string:
			d.b = append(d.b, html.EscapeString(v)...)
		}
		d.b = append(d.b, '"')
	}
}

// text writes one line; class names its style, anchor is start, middle or end.
func (d *drawing) text(x, y float64, class, anchor, line string) {
	d.open("text", "x", x, "y", y, "class", class, "text-anchor", anchor)
	d.b = append(d.b, html.EscapeString(line)...)
	d.end("text")
}

// title names the element that it stands in; browsers show it under the mouse.
func (d *drawing) title(line string) {
	d.open("title")
	d.b = append(d.b, html.EscapeString(line)...)
	d.end("title")
}

func (d *drawing) rect(x, y, w, h float64, class string, attrs ...any) {
	d.element("rect", append([]any{"x", x, "y", y, "width", max(w, 0), "height", max(h, 0), "class", class}, attrs...)...)
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	d.element("line", "x1", x1, "y1", y1, "x2", x2, "y2", y2, "class", class)
}

func (d *drawing) path(data, class string) {
	if data != "" {
		d.element("path", "d", data, "class", class)
	}
}

// number writes a coordinate to a tenth of a unit.
func number(x float64) string { return string(appendNumber(nil, x)) }

func appendNumber(b []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		x = 0
	}
	return strconv.AppendFloat(b, math.Round(x*10)/10, 'f', -1, 64)
}

// width estimates the width of a line in the pictures' fixed-width font.
func width(line string) float64 {
	n := 0
	for _, r := range line {
		n++
		if unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.So) {
			n++
		}
	}
	return float64(n) * 6.7
}

// fit cuts a line so that it is no wider than w, "" if nothing useful remains.
func fit(line string, w float64) string {
	if width(line) <= w {
		return line
	}
	n := int(w/6.7) - 1
	if n < 3 {
		return ""
	}
	return strings.TrimSpace(string([]rune(line)[:min(n, len([]rune(line)))])) + "…"
}

// shelf is a row on which things are put side by side.
type shelf [][2]float64

// take claims an interval of the row if it is free.
func (s *shelf) take(from, to float64) bool {
	if !s.free(from, to) {
		return false
	}
	*s = append(*s, [2]float64{from, to})
	return true
}

func (s *shelf) free(from, to float64) bool {
	return !slices.ContainsFunc(*s, func(taken [2]float64) bool { return from < taken[1] && to > taken[0] })
}
