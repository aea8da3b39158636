package nemesis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// text is a duration as files have it: "1.25s".
type text time.Duration

func (d text) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

type wireCondition struct {
	Cut       bool    `json:"cut,omitempty"`
	Lost      bool    `json:"lost,omitempty"`
	Delay     text    `json:"delay,omitzero"`
	Jitter    text    `json:"jitter,omitzero"`
	Loss      float64 `json:"loss,omitempty"`
	Duplicate float64 `json:"duplicate,omitempty"`
	Reorder   float64 `json:"reorder,omitempty"`
	Split     int     `json:"split,omitempty"`
	Merge     text    `json:"merge,omitzero"`
}

type wireFlow struct {
	From      string        `json:"from"`
	To        string        `json:"to"`
	Condition wireCondition `json:"condition,omitzero"`
}

type wireStep struct {
	Name    string   `json:"name"`
	At      text     `json:"at"`
	For     text     `json:"for"`
	Kind    Kind     `json:"kind"`
	Shape   string   `json:"shape,omitempty"`
	Nodes   []string `json:"nodes,omitempty"`
	Point   string   `json:"point,omitempty"`
	Delay   text     `json:"delay,omitzero"`
	Down    text     `json:"down,omitzero"`
	Pattern string   `json:"pattern,omitempty"`
	Stagger text     `json:"stagger,omitzero"`
	Every   text     `json:"every,omitzero"`
}

type wireOmission struct {
	Kind Kind   `json:"kind"`
	Why  string `json:"why"`
}

func (c Condition) wire() wireCondition {
	return wireCondition{c.Cut, c.Lost, text(c.Delay), text(c.Jitter), c.Loss, c.Duplicate, c.Reorder, c.Split, text(c.Merge)}
}

func (s Step) wire() wireStep {
	return wireStep{s.Name, text(s.At), text(s.For), s.Kind, s.Shape, s.Nodes,
		s.Point, text(s.Delay), text(s.Down), s.Pattern, text(s.Stagger), text(s.Every)}
}

// writer writes JSON with a layout that a person can read and diff: one line a
// step, one line a link. The first error stays.
type writer struct {
	bytes.Buffer
	err error
}

func (w *writer) value(v any) {
	data, err := json.Marshal(v)
	if w.err == nil {
		w.err = err
	}
	w.Write(data)
}

// list writes n lines at an indentation, each by line, and the brackets.
func (w *writer) list(indent string, n int, line func(i int)) {
	w.WriteByte('[')
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString("\n" + indent + "  ")
		line(i)
	}
	if n > 0 {
		w.WriteString("\n" + indent)
	}
	w.WriteByte(']')
}

func (w *writer) step(s Step) {
	w.value(s.wire())
	if len(s.Links) == 0 {
		return
	}
	w.Truncate(max(w.Len()-1, 0)) // reopen the object
	w.WriteString(`,"links":`)
	w.list("    ", len(s.Links), func(i int) {
		f := s.Links[i]
		w.value(wireFlow{f.From, f.To, f.Condition.wire()})
	})
	w.WriteByte('}')
}

// MarshalJSON returns the schedule as it is saved: durations are strings such as
// "1.25s", what is zero is left out, and the same schedule gives the same bytes.
func (s Schedule) MarshalJSON() ([]byte, error) {
	w := &writer{}
	fmt.Fprintf(w, "{\n  \"seed\": %d,\n  \"duration\": \"%v\",\n", s.Seed, s.Duration)
	if len(s.Nodes) > 0 {
		w.WriteString("  \"nodes\": ")
		w.value(s.Nodes)
		w.WriteString(",\n")
	}
	w.WriteString("  \"steps\": ")
	w.list("  ", len(s.Steps), func(i int) { w.step(s.Steps[i]) })
	if len(s.Omitted) > 0 {
		w.WriteString(",\n  \"omitted\": ")
		w.list("  ", len(s.Omitted), func(i int) { w.value(wireOmission(s.Omitted[i])) })
	}
	w.WriteString("\n}\n")
	if w.err != nil {
		return nil, fmt.Errorf("encode schedule: %w", w.err)
	}
	return w.Bytes(), nil
}

// UnmarshalJSON is [Decode].
func (s *Schedule) UnmarshalJSON(data []byte) error {
	decoded, err := Decode(data)
	if err != nil {
		return err
	}
	*s = decoded
	return nil
}
