package nemesis

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// Validate checks the schedule for an environment: every target exists, none is
// empty, every step lies within the duration, and the testbed and the system can
// do all of it. The error lists everything that is wrong, each with the step and
// the field, what was found and what was expected.
func (s Schedule) Validate(env Env) error {
	errs := []error{env.validate(), s.check()}
	for _, n := range s.Nodes {
		if !slices.Contains(env.Nodes, n) {
			errs = append(errs, wrong("nodes", "%q", "one of "+joinWords(env.Nodes), n))
		}
	}
	for i, step := range s.Steps {
		for _, err := range step.fits(env) {
			errs = append(errs, fmt.Errorf("step %s: %w", stepName(i, step.Name, nil), err))
		}
	}
	return errors.Join(errs...)
}

// check checks what can be checked without an environment.
func (s Schedule) check() error {
	var errs []error
	if s.Duration <= 0 {
		errs = append(errs, fmt.Errorf("field \"duration\": found %v, expected more than 0", s.Duration))
	}
	errs = append(errs, checkNodes(s.Nodes)...)
	names := map[string]bool{}
	for i, step := range s.Steps {
		found := step.check(s.Duration)
		if names[step.Name] {
			found = append(found, wrong("name", "%q twice", "each name once", step.Name))
		}
		names[step.Name] = true
		for _, err := range found {
			errs = append(errs, fmt.Errorf("step %s: %w", stepName(i, step.Name, nil), err))
		}
	}
	return errors.Join(errs...)
}

// wrong is the error about the value of a field.
func wrong(field, found, expected string, args ...any) error {
	return fmt.Errorf("field %q: found %s, expected %s", field, fmt.Sprintf(found, args...), expected)
}

func (s Step) check(length time.Duration) []error {
	var errs []error
	fail := func(field, found, expected string, args ...any) {
		errs = append(errs, wrong(field, found, expected, args...))
	}
	if s.Name == "" {
		fail("name", "none", "a name that is unique in the schedule")
	}
	if s.At < 0 || s.At > length {
		fail("at", "%v", "a time from 0 to the duration of the schedule", s.At)
	} else if s.For <= 0 || s.For > length-s.At {
		fail("for", "%v", "more than 0, and an end within the duration of the schedule", s.For)
	}
	spec, err := lookup(s.Kind)
	if err != nil {
		return append(errs, err)
	}
	if _, err := spec.shape(s.Shape); s.Shape != "" && err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, s.checkUse(spec.uses)...)
	errs = append(errs, checkNodes(s.Nodes)...)
	return append(errs, s.checkLinks()...)
}

// checkUse says which fields are missing and which the kind does not have.
func (s Step) checkUse(uses field) []error {
	var errs []error
	for _, f := range []struct {
		name          string
		use           field
		set, optional bool
	}{
		{"nodes", useNodes, len(s.Nodes) > 0, false},
		{"links", useLinks, len(s.Links) > 0, false},
		{"point", usePoint, s.Point != "", false},
		{"pattern", usePattern, s.Pattern != "", false},
		{"delay", useDelay, s.Delay != 0, true},
		{"down", useDown, s.Down != 0, true},
		{"stagger", useStagger, s.Stagger != 0, true},
		{"every", useEvery, s.Every != 0, true},
	} {
		if f.set && uses&f.use == 0 {
			errs = append(errs, fmt.Errorf("field %q: found one, expected none in a step of kind %s", f.name, s.Kind))
		}
		if !f.set && !f.optional && uses&f.use != 0 {
			errs = append(errs, wrong(f.name, "none", "at least one"))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"delay", s.Delay}, {"down", s.Down}, {"stagger", s.Stagger}, {"every", s.Every}} {
		if d.value < 0 {
			errs = append(errs, wrong(d.name, "%v", "0 or more", d.value))
		}
	}
	if s.Every > 0 && s.Every < time.Millisecond {
		errs = append(errs, wrong("every", "%v", "0 or at least 1ms", s.Every))
	}
	if s.Pattern != "" {
		if err := checkPattern(s.Pattern); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func checkPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return wrong("pattern", "%q", "a pattern as path.Match takes it", pattern)
	}
	return nil
}

func checkNodes(nodes []string) []error {
	var errs []error
	seen := map[string]bool{}
	for _, n := range nodes {
		if n == "" || seen[n] {
			errs = append(errs, wrong("nodes", "%q empty or twice", "distinct names", n))
		}
		seen[n] = true
	}
	return errs
}

func (s Step) checkLinks() []error {
	var errs []error
	seen := map[Link]bool{}
	for i, f := range s.Links {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("field \"links\": link %d (%s to %s): %s", i+1, f.From, f.To, fmt.Sprintf(format, args...)))
		}
		if f.From == "" || f.To == "" || f.From == f.To || seen[f.Link()] {
			bad("found the same or no ends, or a link twice, expected two ends and each link once")
		}
		seen[f.Link()] = true
		if err := f.Condition.check(); err != nil {
			bad("%v", err)
		} else if !f.Condition.suits(s.Kind) {
			bad("found %+v, expected a condition of kind %s", f.Condition, s.Kind)
		}
	}
	return errs
}

func (c Condition) check() error {
	for _, p := range []struct {
		name  string
		value float64
	}{{"loss", c.Loss}, {"duplicate", c.Duplicate}, {"reorder", c.Reorder}} {
		if !(p.value >= 0 && p.value <= 1) { // NaN, too
			return wrong(p.name, "%v", "a number from 0 to 1", p.value)
		}
	}
	if c.Delay < 0 || c.Jitter < 0 || c.Merge < 0 || c.Split < 0 {
		return fmt.Errorf("found delay %v, jitter %v, merge %v, split %d, expected 0 or more", c.Delay, c.Jitter, c.Merge, c.Split)
	}
	if c.Lost && !c.Cut {
		return errors.New("found lost without cut, expected it only with a cut")
	}
	return nil
}

// suits reports whether the condition disturbs in the way of the kind. It may
// disturb in others as well, except for a reset, which leaves no condition.
func (c Condition) suits(k Kind) bool {
	switch k {
	case Partition:
		return c.Cut
	case Slow:
		return c.Delay > 0 || c.Jitter > 0
	case Drop:
		return c.Loss > 0
	case Duplicate:
		return c.Duplicate > 0
	case Reorder:
		return c.Reorder > 0
	case Segments:
		return c.Split > 0 || c.Merge > 0
	}
	return c == Condition{}
}

// fits checks a step against who there is and what can be done.
func (s Step) fits(env Env) []error {
	spec, err := lookup(s.Kind)
	if err != nil {
		return nil // check says so
	}
	var errs []error
	if why := env.lacks(spec, true); why != "" {
		errs = append(errs, fmt.Errorf("kind %s: %s", s.Kind, why))
	}
	for _, n := range s.Nodes {
		if !slices.Contains(env.Nodes, n) {
			errs = append(errs, wrong("nodes", "%q", "one of "+joinWords(env.Nodes), n))
		}
	}
	for i, f := range s.Links {
		from, to := slices.Contains(env.Nodes, f.From), slices.Contains(env.Nodes, f.To)
		known := (from || slices.Contains(env.Clients, f.From)) && (to || slices.Contains(env.Clients, f.To))
		if !known || !from && !to {
			errs = append(errs, fmt.Errorf("field \"links\": link %d: found %s to %s, expected two nodes, or a node and a client", i+1, f.From, f.To))
		}
	}
	if s.Kind == Crash && !slices.Contains(env.Failpoints, s.Point) {
		errs = append(errs, wrong("point", "%q", "one of "+joinWords(env.Failpoints), s.Point))
	}
	return errs
}
