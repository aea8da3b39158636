package nemesis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Decode reads a schedule from JSON and checks all of it that can be checked
// without knowing the nodes. It is strict: an unknown or repeated field, a value
// of the wrong type or out of its range and anything after the schedule are
// errors that name the step and the field, what was found and what was expected.
func Decode(data []byte) (Schedule, error) {
	var s Schedule
	err := object(data, fields{
		"seed":     scalar(&s.Seed, "a whole number from 0"),
		"duration": duration(&s.Duration),
		"nodes":    list(&s.Nodes, decodeName),
		"steps":    list(&s.Steps, decodeStep),
		"omitted":  list(&s.Omitted, decodeOmission),
	})
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule: %w", err)
	}
	return s, nil
}

func decodeStep(i int, raw []byte) (Step, error) {
	var s Step
	var kind string
	err := object(raw, fields{
		"name":    scalar(&s.Name, "a string"),
		"at":      duration(&s.At),
		"for":     duration(&s.For),
		"kind":    scalar(&kind, "a string"),
		"shape":   scalar(&s.Shape, "a string"),
		"nodes":   list(&s.Nodes, decodeName),
		"links":   list(&s.Links, decodeFlow),
		"point":   scalar(&s.Point, "a string"),
		"delay":   duration(&s.Delay),
		"down":    duration(&s.Down),
		"pattern": scalar(&s.Pattern, "a string"),
		"stagger": duration(&s.Stagger),
		"every":   duration(&s.Every),
	})
	s.Kind = Kind(kind)
	if err != nil {
		return s, fmt.Errorf("step %s: %w", stepName(i, s.Name, raw), err)
	}
	return s, nil
}

// stepName is how an error calls a step. The name may stand behind the field
// that is wrong, hence the second look.
func stepName(i int, name string, raw []byte) string {
	var peek struct {
		Name string `json:"name"`
	}
	if name == "" && json.Unmarshal(raw, &peek) == nil {
		name = peek.Name
	}
	if name == "" {
		return fmt.Sprintf("%d", i+1)
	}
	return fmt.Sprintf("%d (%s)", i+1, name)
}

func decodeName(i int, raw []byte) (string, error) {
	var name string
	if err := scalar(&name, "a string")(raw); err != nil {
		return "", fmt.Errorf("element %d: %w", i+1, err)
	}
	return name, nil
}

func decodeFlow(i int, raw []byte) (Flow, error) {
	var f Flow
	c := &f.Condition
	condition := func(raw []byte) error {
		return object(raw, fields{
			"cut":       scalar(&c.Cut, "true or false"),
			"lost":      scalar(&c.Lost, "true or false"),
			"delay":     duration(&c.Delay),
			"jitter":    duration(&c.Jitter),
			"loss":      scalar(&c.Loss, "a number from 0 to 1"),
			"duplicate": scalar(&c.Duplicate, "a number from 0 to 1"),
			"reorder":   scalar(&c.Reorder, "a number from 0 to 1"),
			"split":     scalar(&c.Split, "a whole number of bytes"),
			"merge":     duration(&c.Merge),
		})
	}
	err := object(raw, fields{
		"from":      scalar(&f.From, "a string"),
		"to":        scalar(&f.To, "a string"),
		"condition": condition,
	})
	if err != nil {
		return f, fmt.Errorf("link %d: %w", i+1, err)
	}
	return f, nil
}

func decodeOmission(i int, raw []byte) (Omission, error) {
	var o Omission
	var kind string
	err := object(raw, fields{"kind": scalar(&kind, "a string"), "why": scalar(&o.Why, "a string")})
	o.Kind = Kind(kind)
	if err != nil {
		return o, fmt.Errorf("element %d: %w", i+1, err)
	}
	return o, nil
}

// fields says how the value of each field of an object is read.
type fields map[string]func(raw []byte) error

// object reads one JSON object and nothing else.
func object(raw []byte, known fields) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("found %s, expected an object", short(raw))
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
		name, _ := key.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
		read, ok := known[name]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			return fmt.Errorf("field %q: unknown, expected one of %s", name, strings.Join(names, ", "))
		}
		if seen[name] {
			return fmt.Errorf("field %q: found twice, expected once", name)
		}
		seen[name] = true
		if err := read(value); err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("at byte %d: found no end of the object: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("at byte %d: found more after the object, expected the end", d.InputOffset())
	}
	return nil
}

func list[T any](dst *[]T, read func(i int, raw []byte) (T, error)) func([]byte) error {
	return func(raw []byte) error {
		var elements []json.RawMessage
		if raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
			return fmt.Errorf("found %s, expected a list", short(raw))
		}
		for i, e := range elements {
			v, err := read(i, e)
			if err != nil {
				return err
			}
			*dst = append(*dst, v)
		}
		return nil
	}
}

func scalar[T any](dst *T, expected string) func([]byte) error {
	return func(raw []byte) error {
		if string(raw) == "null" || json.Unmarshal(raw, dst) != nil {
			return fmt.Errorf("found %s, expected %s", short(raw), expected)
		}
		return nil
	}
}

func duration(dst *time.Duration) func([]byte) error {
	return func(raw []byte) error {
		var word string
		if string(raw) == "null" || json.Unmarshal(raw, &word) != nil {
			return fmt.Errorf("found %s, expected a duration such as \"1.25s\"", short(raw))
		}
		d, err := time.ParseDuration(word)
		if err != nil {
			return fmt.Errorf("found %q, expected a duration such as \"1.25s\"", word)
		}
		*dst = d
		return nil
	}
}

// short returns what was found, cut to a length that suits an error.
func short(raw []byte) string {
	const most = 40
	text := strings.TrimSpace(string(raw))
	if text == "" {
		return "nothing"
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
