package mutants

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// fields are the header lines of a mutant's file, in their order. Only run may
// be empty.
var fields = [...]string{"id", "title", "file", "seen", "nemesis", "checker", "run"}

// The lines that begin the two blocks.
const (
	oldMark = "-- old --"
	newMark = "-- new --"
)

var idForm = regexp.MustCompile(`^[A-Z][1-9][0-9]{0,3}$`)

// Parse reads the text of a mutant's file: one header line "field: value" each
// for id, title, file, seen, nemesis, checker and run, in this order; then the
// line "-- old --" and the lines to replace; then the line "-- new --" and the
// lines that replace them, up to the end of the text. Lines are taken as they
// are, white space included. Errors name the file, the line and the field.
func Parse(name string, text []byte) (Mutant, error) {
	lines, err := split(name, text)
	if err != nil {
		return Mutant{}, err
	}
	values, err := header(name, lines)
	if err != nil {
		return Mutant{}, err
	}
	m := Mutant{
		ID: values[0], Title: values[1], File: values[2], Seen: values[3],
		Nemesis: values[4], Checker: values[5], Args: strings.Fields(values[6]),
	}
	if err := m.blocks(name, lines, len(fields)); err != nil {
		return Mutant{}, err
	}
	return m, nil
}

func split(name string, text []byte) ([]string, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s: the text is not UTF-8", name)
	}
	whole, complete := strings.CutSuffix(string(text), "\n")
	lines := strings.Split(whole, "\n")
	if !complete {
		return nil, fmt.Errorf("%s:%d: the last line has no line end", name, len(lines))
	}
	for i, line := range lines {
		if strings.ContainsAny(line, "\r\x00") {
			return nil, fmt.Errorf("%s:%d: the line has a carriage return or a zero byte", name, i+1)
		}
	}
	return lines, nil
}

func header(name string, lines []string) ([]string, error) {
	values := make([]string, len(fields))
	for i, field := range fields {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		value, found := strings.CutPrefix(line, field+":")
		if !found {
			return nil, fmt.Errorf("%s:%d: field %s: found %q, expected %q", name, i+1, field, line, field+": …")
		}
		values[i] = strings.TrimSpace(value)
		if err := checkField(field, values[i]); err != nil {
			return nil, fmt.Errorf("%s:%d: field %s: %w", name, i+1, field, err)
		}
	}
	return values, nil
}

func checkField(field, value string) error {
	switch {
	case value == "" && field != "run":
		return errors.New("found nothing, expected a value")
	case field == "id" && !idForm.MatchString(value):
		return fmt.Errorf("found %q, expected a letter and a number such as A1", value)
	case field == "file" && (!fs.ValidPath(value) || !strings.HasSuffix(value, ".go")):
		return fmt.Errorf("found %q, expected the slash-separated path of a Go file in the module", value)
	case field == "file" && strings.HasSuffix(value, "_test.go"):
		return fmt.Errorf("found %q, which is a test and no part of the command", value)
	}
	return nil
}

// blocks reads the old and the new lines, which begin at index at.
func (m *Mutant) blocks(name string, lines []string, at int) error {
	if at >= len(lines) || lines[at] != oldMark {
		return fmt.Errorf("%s:%d: expected the line %q after field run", name, at+1, oldMark)
	}
	rest := lines[at+1:]
	mark := slices.Index(rest, newMark)
	if mark < 0 {
		return fmt.Errorf("%s:%d: block old: no line %q follows it", name, at+1, newMark)
	}
	m.Old, m.New = rest[:mark], rest[mark+1:]
	if slices.Contains(m.New, newMark) || slices.Contains(rest, oldMark) {
		return fmt.Errorf("%s:%d: a block may occur only once", name, at+1)
	}
	if !slices.ContainsFunc(m.Old, func(l string) bool { return strings.TrimSpace(l) != "" }) {
		return fmt.Errorf("%s:%d: block old: found no text, expected the lines to replace", name, at+2)
	}
	if slices.Equal(m.Old, m.New) {
		return fmt.Errorf("%s:%d: block new: equal to block old", name, at+2+mark+1)
	}
	return nil
}

// Text returns the file that [Parse] reads.
func (m *Mutant) Text() []byte {
	var b strings.Builder
	values := [...]string{m.ID, m.Title, m.File, m.Seen, m.Nemesis, m.Checker, strings.Join(m.Args, " ")}
	for i, field := range fields {
		b.WriteString(strings.TrimSpace(field+": "+values[i]) + "\n")
	}
	for _, line := range slices.Concat([]string{oldMark}, m.Old, []string{newMark}, m.New) {
		b.WriteString(line + "\n")
	}
	return []byte(b.String())
}
