package nemesis

import (
	"fmt"
	"slices"
	"strings"
)

// Kind names a kind of fault. In a [Profile] it may carry a shape and ask for
// clients to be disturbed too: "kill", "kill/all", "partition/halves+clients". A
// crash may name its failpoint: "crash/one@before-sync".
// The names are stable: they stand in schedules, histories and commands.
type Kind string

// The kinds of faults.
const (
	// Partition cuts links: shapes isolate-one, minority, halves,
	// majorities-ring, bridge, one-way, flap (one node, again and again) and
	// client (one client from all nodes but one, or all).
	Partition Kind = "partition"
	// Slow delays what travels over all or some links.
	Slow Kind = "slow"
	// Drop, Duplicate and Reorder disturb single frames on all or some links.
	Drop      Kind = "drop"
	Duplicate Kind = "duplicate"
	Reorder   Kind = "reorder"
	// Segments splits and merges what one write sent.
	Segments Kind = "segments"
	// Reset resets live connections, several times.
	Reset Kind = "reset"
	// Kill ends nodes at the same time, as a power failure would: shapes one,
	// minority, all.
	Kill Kind = "kill"
	// Restart kills and starts all nodes, one shortly after the other.
	Restart Kind = "restart"
	// Pause makes nodes stand still: shapes one, minority.
	Pause Kind = "pause"
	// Torn kills nodes whose last unsynced write is left half done: shapes one,
	// minority, all.
	Torn Kind = "torn"
	// Crash ends nodes at a failpoint: shapes one, minority, all.
	Crash Kind = "crash"
	// RefuseKey makes nodes refuse to store keys: shapes minority, majority.
	RefuseKey Kind = "refuse-key"
	// SlowDisk makes every sync of a node's disk take longer: shapes one,
	// minority, all. What waits for a sync is lost by a kill.
	SlowDisk Kind = "slow-disk"
)

// shape is a variant of a kind, with what it needs at least.
type shape struct {
	name    string
	nodes   int
	clients int
}

// field is a set of the fields of a Step that a kind uses.
type field uint

const (
	useNodes field = 1 << iota
	useLinks
	usePoint
	usePattern
	useStagger
	useEvery
	useDown
	useDelay
)

// spec is what there is to know about a kind before it is drawn.
type spec struct {
	kind   Kind
	shapes []shape
	needs  []Ability
	uses   field
	frames bool // needs a framer
	each   bool // every shape belongs to a full deck, not only one of them
}

// isProcess says that the kind takes nodes down or stops them.
func (s spec) isProcess() bool {
	return s.uses&useNodes != 0 && s.kind != RefuseKey && s.kind != SlowDisk
}

var (
	linkShapes = []shape{{name: "all", nodes: 2}, {name: "some", nodes: 2}}
	nodeShapes = []shape{{name: "one", nodes: 1}, {name: "minority", nodes: 3}, {name: "all", nodes: 2}}
)

// catalogue lists every kind. It is never written.
var catalogue = []spec{
	{kind: Partition, each: true, uses: useLinks | useEvery, needs: []Ability{AbleLinks}, shapes: []shape{
		{name: "isolate-one", nodes: 2}, {name: "minority", nodes: 3}, {name: "halves", nodes: 2},
		{name: "majorities-ring", nodes: 3}, {name: "bridge", nodes: 3}, {name: "one-way", nodes: 2},
		{name: "flap", nodes: 2}, {name: "client", nodes: 1, clients: 1},
	}},
	{kind: Slow, uses: useLinks, needs: []Ability{AbleLinks}, shapes: linkShapes},
	{kind: Drop, uses: useLinks, needs: []Ability{AbleLinks}, shapes: linkShapes, frames: true},
	{kind: Duplicate, uses: useLinks, needs: []Ability{AbleLinks}, shapes: linkShapes, frames: true},
	{kind: Reorder, uses: useLinks, needs: []Ability{AbleLinks}, shapes: linkShapes, frames: true},
	{kind: Segments, uses: useLinks, needs: []Ability{AbleLinks}, shapes: linkShapes},
	{kind: Reset, uses: useLinks | useEvery, needs: []Ability{AbleLinks}, shapes: linkShapes},
	{kind: Kill, each: true, uses: useNodes, needs: []Ability{AbleProcesses}, shapes: nodeShapes},
	{kind: Restart, uses: useNodes | useStagger | useEvery, needs: []Ability{AbleProcesses},
		shapes: []shape{{name: "staggered", nodes: 1}}},
	{kind: Pause, uses: useNodes, needs: []Ability{AblePauses}, shapes: nodeShapes[:2]},
	{kind: Torn, uses: useNodes, needs: []Ability{AbleProcesses, AbleSettings, AbleCounters}, shapes: nodeShapes},
	{kind: Crash, uses: useNodes | usePoint | useDelay | useDown, shapes: nodeShapes,
		needs: []Ability{AbleFailpoints, AbleProcesses, AbleWatch, AbleCounters}},
	{kind: RefuseKey, uses: useNodes | usePattern, needs: []Ability{AbleSettings, AbleCounters},
		shapes: []shape{{name: "minority", nodes: 3}, {name: "majority", nodes: 1}}},
	{kind: SlowDisk, uses: useNodes | useDelay, needs: []Ability{AbleSettings, AbleCounters}, shapes: nodeShapes},
}

// Kinds returns every kind of fault, in a fixed order.
func Kinds() []Kind {
	kinds := make([]Kind, len(catalogue))
	for i, s := range catalogue {
		kinds[i] = s.kind
	}
	return kinds
}

// Shapes returns the names of the shapes of a kind, nil if there is no such
// kind.
func Shapes(k Kind) []string {
	s, err := lookup(k)
	if err != nil {
		return nil
	}
	names := make([]string, len(s.shapes))
	for i, shape := range s.shapes {
		names[i] = shape.name
	}
	return names
}

// lookup returns the spec of a kind without shape.
func lookup(k Kind) (spec, error) {
	for _, s := range catalogue {
		if s.kind == k {
			return s, nil
		}
	}
	return spec{}, fmt.Errorf("kind: found %q, expected one of %s", string(k), joinWords(Kinds()))
}

// shape returns the spec's shape of that name.
func (s spec) shape(name string) (shape, error) {
	i := slices.IndexFunc(s.shapes, func(sh shape) bool { return sh.name == name })
	if i < 0 {
		return shape{}, fmt.Errorf("shape of %s: found %q, expected one of %s", s.kind, name, joinWords(Shapes(s.kind)))
	}
	return s.shapes[i], nil
}

// choice is one entry of a profile, taken apart.
type choice struct {
	spec    spec
	shape   string // "" for any
	point   string // failpoint of a crash, "" for any
	clients bool
}

const clientsSuffix = "+clients"

func parseChoice(k Kind) (choice, error) {
	text, clients := strings.CutSuffix(string(k), clientsSuffix)
	text, point, pointed := strings.Cut(text, "@")
	name, shapeName, shaped := strings.Cut(text, "/")
	s, err := lookup(Kind(name))
	if err != nil {
		return choice{}, err
	}
	c := choice{spec: s, shape: shapeName, point: point, clients: clients}
	if pointed && (s.uses&usePoint == 0 || point == "") {
		return choice{}, fmt.Errorf("kind %q: found %q behind @, expected a failpoint, and that of a crash only", string(k), point)
	}
	if clients && s.uses&useLinks == 0 {
		return choice{}, fmt.Errorf("kind %q: %s disturbs no links, so it cannot have %s", string(k), name, clientsSuffix)
	}
	if shaped {
		if _, err := s.shape(shapeName); err != nil {
			return choice{}, err
		}
	}
	return c, nil
}

func joinWords[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ", ")
}
