package nemesis

import (
	"errors"
	"fmt"
	"slices"
)

// Ability is the name of one of the small interfaces of this package.
type Ability string

// The abilities of a testbed, named like the interfaces that they stand for.
const (
	AbleLinks      Ability = "Links"
	AbleProcesses  Ability = "Processes"
	AblePauses     Ability = "Pauses"
	AbleFailpoints Ability = "Failpoints"
	AbleSettings   Ability = "Settings"
	AbleCounters   Ability = "Counters"
	AbleWatch      Ability = "Watch"
)

// Abilities are the abilities of a testbed, each at most once.
type Abilities []Ability

// Has reports whether a is among them.
func (as Abilities) Has(a Ability) bool { return slices.Contains(as, a) }

// AbilitiesOf finds out by type assertion what a testbed can do.
func AbilitiesOf(target any) Abilities {
	var as Abilities
	add := func(ok bool, a Ability) {
		if ok {
			as = append(as, a)
		}
	}
	_, ok := target.(Links)
	add(ok, AbleLinks)
	_, ok = target.(Processes)
	add(ok, AbleProcesses)
	_, ok = target.(Pauses)
	add(ok, AblePauses)
	_, ok = target.(Failpoints)
	add(ok, AbleFailpoints)
	_, ok = target.(Settings)
	add(ok, AbleSettings)
	_, ok = target.(Counters)
	add(ok, AbleCounters)
	_, ok = target.(Watch)
	add(ok, AbleWatch)
	return as
}

// Env is what a schedule is drawn for: who there is, and what the testbed and
// the system can do. The order of the slices matters for the dice.
type Env struct {
	Nodes   []string // names of the nodes, at least one
	Clients []string // names of the clients; may be empty
	// Failpoints are the names of the failpoints in the nodes, RefusesKeys
	// says that nodes honour the setting "refuse-key". KeyPatterns are the
	// patterns to draw from (as [path.Match] takes them); empty means "*".
	Failpoints  []string
	RefusesKeys bool
	KeyPatterns []string
	// PeerFrames and ClientFrames say that the testbed knows the frames of
	// connections between nodes and of clients: without them no frame can be
	// lost, repeated or reordered there.
	PeerFrames   bool
	ClientFrames bool
	// Abilities are what the testbed can do: see [AbilitiesOf].
	Abilities Abilities
}

// Omission is a fault that is not in a schedule, and why.
type Omission struct {
	Kind Kind   // with its shape if only that is left out
	Why  string // "the testbed lacks the ability Pauses"
}

// String returns "pause: the testbed lacks the ability Pauses".
func (o Omission) String() string { return string(o.Kind) + ": " + o.Why }

func (e Env) validate() error {
	var errs []error
	if len(e.Nodes) == 0 {
		errs = append(errs, errors.New("nodes: found none, expected at least one"))
	}
	seen := map[string]bool{}
	for _, name := range slices.Concat(e.Nodes, e.Clients) {
		if name == "" || seen[name] {
			errs = append(errs, fmt.Errorf("nodes and clients: found %q twice or empty, expected distinct names", name))
		}
		seen[name] = true
	}
	for _, p := range e.KeyPatterns {
		errs = append(errs, checkPattern(p))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	return nil
}

// lacks says why a kind cannot be done at all here, "" if it can.
func (e Env) lacks(s spec, clients bool) string {
	for _, a := range s.needs {
		if !e.Abilities.Has(a) {
			return fmt.Sprintf("the testbed lacks the ability %s", a)
		}
	}
	switch {
	case s.frames && !e.PeerFrames && !(clients && e.ClientFrames):
		return "the system does not tell where its frames end (no framer)"
	case s.kind == Crash && len(e.Failpoints) == 0:
		return "the system has no failpoints"
	case s.kind == RefuseKey && !e.RefusesKeys:
		return "the system cannot refuse keys"
	}
	return ""
}

// lacksShape says why a shape cannot be done here, "" if it can.
func (e Env) lacksShape(sh shape) string {
	switch {
	case len(e.Nodes) < sh.nodes:
		return fmt.Sprintf("it needs %d nodes and there are %d", sh.nodes, len(e.Nodes))
	case len(e.Clients) < sh.clients:
		return "it needs a client whose links can be cut and there is none"
	}
	return ""
}
