package mutants

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// overlayFile is the form of the file that go build -overlay reads.
type overlayFile struct {
	Replace map[string]string
}

// Overlay writes the changed file and the overlay that puts it in its place
// into dir, which is made if need be, and returns the path of the overlay. All
// paths in it are absolute, since the Go command reads relative ones from its
// own working directory and ignores those that match nothing.
//
// It is an error if the old lines do not occur exactly once in the file below
// moduleRoot, if the change leaves the file as it is, if any other line
// differs, or if gofmt would change the result.
func (m *Mutant) Overlay(moduleRoot, dir string) (string, error) {
	root, err := filepath.Abs(moduleRoot)
	if err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	source := filepath.Join(root, filepath.FromSlash(m.File))
	original, err := os.ReadFile(source)
	if err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	changed, err := m.Apply(original)
	if err != nil {
		return "", err
	}
	return m.write(dir, source, changed)
}

func (m *Mutant) write(dir, source string, changed []byte) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	replacement := filepath.Join(dir, m.ID+"-"+filepath.Base(source))
	overlay, err := json.MarshalIndent(overlayFile{Replace: map[string]string{source: replacement}}, "", "\t")
	if err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	if err := os.WriteFile(replacement, changed, 0o644); err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	path := filepath.Join(dir, m.ID+".json")
	if err := os.WriteFile(path, append(overlay, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	return path, nil
}

// Apply returns the file with the mutant in it. The errors are those of
// [Mutant.Overlay].
func (m *Mutant) Apply(original []byte) ([]byte, error) {
	lines := strings.Split(string(original), "\n")
	at, err := m.find(lines)
	if err != nil {
		return nil, err
	}
	changed := slices.Concat(lines[:at], m.New, lines[at+len(m.Old):])
	if err := m.onlyThere(lines, changed, at); err != nil {
		return nil, err
	}
	text := []byte(strings.Join(changed, "\n"))
	formatted, err := format.Source(text)
	if err != nil {
		return nil, fmt.Errorf("mutant %s: %s with the mutant: %w", m.ID, m.File, err)
	}
	if !bytes.Equal(formatted, text) {
		return nil, fmt.Errorf("mutant %s: %s with the mutant: gofmt would change line %d", m.ID, m.File, firstDifference(text, formatted))
	}
	return text, nil
}

// find returns the index of the only place where the old lines stand.
func (m *Mutant) find(lines []string) (int, error) {
	var places []int
	for i := 0; i+len(m.Old) <= len(lines); i++ {
		if slices.Equal(lines[i:i+len(m.Old)], m.Old) {
			places = append(places, i+1)
		}
	}
	switch len(places) {
	case 1:
		return places[0] - 1, nil
	case 0:
		return 0, fmt.Errorf("mutant %s: %s: the old lines do not occur, expected them once", m.ID, m.File)
	default:
		return 0, fmt.Errorf("mutant %s: %s: the old lines occur at lines %d, expected them once", m.ID, m.File, places)
	}
}

// onlyThere says whether the two texts differ, and nowhere but in the old lines.
func (m *Mutant) onlyThere(original, changed []string, at int) error {
	if slices.Equal(original, changed) {
		return fmt.Errorf("mutant %s: %s: the new lines leave the file as it is", m.ID, m.File)
	}
	after := original[at+len(m.Old):]
	same := len(changed) >= at+len(after) &&
		slices.Equal(changed[:at], original[:at]) && slices.Equal(changed[len(changed)-len(after):], after)
	if !same {
		return fmt.Errorf("mutant %s: %s: a line differs outside of lines %d to %d", m.ID, m.File, at+1, at+len(m.Old))
	}
	return nil
}

// Changed returns the numbers of old and of new lines that really differ: the
// blocks without the lines that they have in common at their beginning and end.
func (m *Mutant) Changed() (removed, added int) {
	from, end := common(m.Old, m.New)
	return len(m.Old) - from - end, len(m.New) - from - end
}

// common returns the length of the common beginning of two lists and that of
// the common end of what follows it.
func common(a, b []string) (beginning, end int) {
	for beginning < min(len(a), len(b)) && a[beginning] == b[beginning] {
		beginning++
	}
	for end < min(len(a), len(b))-beginning && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return beginning, end
}

func firstDifference(a, b []byte) (line int) {
	n, _ := common(strings.Split(string(a), "\n"), strings.Split(string(b), "\n"))
	return n + 1
}
