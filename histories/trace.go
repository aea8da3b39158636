package histories

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"
)

// AppendJSON appends the event as it stands in trace files, without a newline:
//
//	{"time":1200000,"node":"n2","incarnation":1,"name":"vote","attrs":{"for":"n1","term":3}}
//
// The attributes are sorted by name and encoded by encoding/json, except that an
// error is its text. If one cannot be encoded, b is returned as it was.
func (e Event) AppendJSON(b []byte) ([]byte, error) {
	var attrs []byte
	if len(e.Attrs) > 0 {
		var err error
		if attrs, err = json.Marshal(printable(e.Attrs)); err != nil {
			return b, fmt.Errorf("event %q of node %s: attributes: %w", e.Name, e.Node, err)
		}
	}
	b = strconv.AppendInt(append(b, `{"time":`...), int64(e.Time), 10)
	b = appendString(append(b, `,"node":`...), e.Node)
	b = strconv.AppendInt(append(b, `,"incarnation":`...), int64(e.Incarnation), 10)
	b = appendString(append(b, `,"name":`...), e.Name)
	if attrs != nil {
		b = append(append(b, `,"attrs":`...), attrs...)
	}
	return append(b, '}'), nil
}

// printable replaces errors by their texts: encoding/json would write {}.
func printable(attrs map[string]any) map[string]any {
	out := maps.Clone(attrs)
	for name, v := range attrs {
		err, isError := v.(error)
		if _, own := v.(json.Marshaler); isError && !own {
			out[name] = fmt.Sprint(err)
		}
	}
	return out
}

// ReadTrace reads a trace: one event per line, in the order of the lines. The
// name is for errors, which are of type [*Error] unless r failed.
//
// A last line that is cut, as the death of a node leaves it, is dropped.
// Attributes that are integers come as int64, or uint64 if they need it; other
// numbers as float64; the rest as encoding/json has it. Fields that ReadTrace
// does not know are dropped.
func ReadTrace(r io.Reader, name string) ([]Event, error) {
	in := newLines(r)
	var s scanner
	var events []Event
	for {
		line, err := in.next()
		if err == io.EOF {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", name, in.number, err)
		}
		if blank(line) {
			continue
		}
		event, broken := parseEvent(&s, line)
		if broken != nil && whole(line) {
			broken.File, broken.Line = name, in.number
			return nil, broken
		}
		if broken == nil {
			events = append(events, event)
		}
	}
}

func parseEvent(s *scanner, line []byte) (Event, *Error) {
	var e Event
	seen := make(map[string]bool, 5)
	s.reset(line)
	s.begin('{', "an event: a JSON object")
	for first := true; s.more(first, '}'); first = false {
		start := s.pos
		key := string(s.key())
		if seen[key] {
			s.twice(key, start)
		}
		seen[key] = true
		e.field(s, key)
	}
	s.end()
	for _, key := range []string{"time", "node", "name"} {
		if s.failure == nil && !seen[key] {
			return e, &Error{Index: -1, Rule: RuleFields, Found: fmt.Sprintf("no field %q", key), Expected: "one"}
		}
	}
	return e, s.failure
}

// field reads the value of a field.
func (e *Event) field(s *scanner, key string) {
	switch key {
	case "time":
		e.Time = time.Duration(s.int64())
	case "node":
		e.Node = s.str()
	case "incarnation":
		e.Incarnation = s.int()
	case "name":
		e.Name = s.str()
	case "attrs":
		e.Attrs = s.attrs()
	default:
		s.skip(0)
	}
}

// attrs reads an object of attributes or null.
func (s *scanner) attrs() map[string]any {
	start := s.pos
	s.skip(0)
	if s.failure != nil {
		return nil
	}
	var attrs map[string]any
	d := json.NewDecoder(bytes.NewReader(s.data[start:s.pos]))
	d.UseNumber()
	if err := d.Decode(&attrs); err != nil {
		s.pos = start
		s.fail(RuleSyntax, "an object of attributes ("+err.Error()+")")
		return nil
	}
	for name, v := range attrs {
		attrs[name] = plainNumbers(v)
	}
	return attrs
}

// plainNumbers replaces the numbers in a value by Go's own.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainNumbers(v[name])
		}
	}
	return v
}

func number(n json.Number) any {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return u
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n.String() // a number that Go does not have, such as 1e999
}
