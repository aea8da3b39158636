package mutants

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Mutant is one planted bug.
type Mutant struct {
	// ID is a letter and a number: the letter is the kind of system (A:
	// register, B: election, C: log, D: queues, chat and links).
	ID string
	// Title says in one line what the change is.
	Title string
	// File is the file that is changed: its slash-separated path in the module.
	File string
	// Seen tells where the bug was seen in real life.
	Seen string
	// Nemesis is the fault that should show the bug, Checker the checker or
	// the anomaly that should see it.
	Nemesis, Checker string
	// Args are further arguments of "gauntlet run".
	Args []string
	// Old are the lines to replace, New the lines that replace them, without
	// line ends. New is empty if the lines are only removed.
	Old, New []string
}

//go:embed data
var data embed.FS

// All returns the mutants that come with the module, in the order of their ids:
// A2 before A10. The error joins what is wrong with each file.
func All() ([]Mutant, error) {
	dir, err := fs.Sub(data, "data")
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	return Load(dir)
}

// Load reads the mutants of a directory: every file of it but README.md is one,
// named <ID>.txt.
func Load(dir fs.FS) ([]Mutant, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	var all []Mutant
	var wrong []error
	for _, e := range entries {
		if e.Name() == "README.md" {
			continue
		}
		m, err := loadFile(dir, e.Name())
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Mutant) int { return compareIDs(a.ID, b.ID) })
	return all, errors.Join(wrong...)
}

func loadFile(dir fs.FS, name string) (Mutant, error) {
	content, err := fs.ReadFile(dir, name)
	if err != nil {
		return Mutant{}, fmt.Errorf("mutants: %w", err)
	}
	m, err := Parse(name, content)
	if err != nil {
		return Mutant{}, err
	}
	if name != m.ID+".txt" {
		return Mutant{}, fmt.Errorf("%s: field id: found %q, expected the name of the file without .txt", name, m.ID)
	}
	return m, nil
}

// ByID returns the mutant with an id.
func ByID(id string) (Mutant, error) {
	all, err := All()
	if err != nil {
		return Mutant{}, err
	}
	for _, m := range all {
		if m.ID == id {
			return m, nil
		}
	}
	return Mutant{}, fmt.Errorf("mutants: no mutant %q", id)
}

// Select returns the mutants whose ids match one of the comma-separated
// patterns of [path.Match], such as "A1,A3,B*", in the order of their ids. A
// pattern that matches none is an error; "" selects all.
func Select(patterns string) ([]Mutant, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	return choose(all, patterns)
}

func choose(all []Mutant, patterns string) ([]Mutant, error) {
	if patterns == "" {
		return all, nil
	}
	chosen := make([]bool, len(all))
	for pattern := range strings.SplitSeq(patterns, ",") {
		found := false
		for i, m := range all {
			matches, err := path.Match(strings.TrimSpace(pattern), m.ID)
			if err != nil {
				return nil, fmt.Errorf("mutants: pattern %q: %w", pattern, err)
			}
			chosen[i] = chosen[i] || matches
			found = found || matches
		}
		if !found {
			return nil, fmt.Errorf("mutants: no mutant matches %q", pattern)
		}
	}
	var out []Mutant
	for i, m := range all {
		if chosen[i] {
			out = append(out, m)
		}
	}
	return out, nil
}

// compareIDs orders valid ids by letter, then by number.
func compareIDs(a, b string) int {
	x, _ := strconv.Atoi(a[1:])
	y, _ := strconv.Atoi(b[1:])
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(x, y))
}
