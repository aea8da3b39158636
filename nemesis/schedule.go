package nemesis

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// Schedule says what goes wrong, and when. It is drawn from a seed by [Plan], or
// written by hand, and executed by [Run].
type Schedule struct {
	Seed     uint64        // what the schedule was drawn from, and what replays it
	Duration time.Duration // the time in which the steps lie
	// Nodes are the nodes that the schedule is for: a death that no step asked
	// for is noticed in these and in the targets of the steps.
	Nodes []string
	Steps []Step // in order of At; their times may overlap
	// Omitted lists what was wanted and is not in the schedule, and why.
	Omitted []Omission
}

// Step is one fault of a schedule. Which fields beside the first five a kind
// uses is said with each; the others must be zero.
type Step struct {
	Name  string        // unique in the schedule: "s01-partition"
	At    time.Duration // when it begins, since the start of the run
	For   time.Duration // how long it is held once it is in force
	Kind  Kind          // without shape
	Shape string        // "" for a step that is written by hand
	// Nodes are the targets: for restart in the order in which they are
	// restarted.
	Nodes []string
	// Links are the targets of faults of the network, with the condition of
	// each; for reset the conditions are healthy.
	Links []Flow
	// Point is the failpoint of a crash, Delay how long after its passage the
	// node dies, and Down for how long it stays down. For slow-disk Delay is
	// how much longer a sync takes.
	Point string
	Delay time.Duration
	Down  time.Duration
	// Pattern is the [path.Match] pattern of the keys that refuse-key refuses.
	Pattern string
	// Stagger is the time from one node to the next of a restart.
	Stagger time.Duration
	// Every is the time between two rounds of a restart or a reset, and of the
	// two edges of a flapping partition. 0 means one round.
	Every time.Duration
}

// Flow is one direction of traffic with its desired condition.
type Flow struct {
	From, To  string
	Condition Condition
}

// Link returns the link that the flow is on.
func (f Flow) Link() Link { return Link{f.From, f.To} }

// Label returns the kind with the shape: "kill/all".
func (s Step) Label() string {
	if s.Shape == "" {
		return string(s.Kind)
	}
	return string(s.Kind) + "/" + s.Shape
}

// Save writes the schedule to a file, as a whole or not at all.
func (s Schedule) Save(name string) error {
	data, err := s.MarshalJSON()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".schedule-*")
	if err != nil {
		return fmt.Errorf("save schedule: %w", err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone after the rename
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("save schedule: %w", err)
	}
	return nil
}

// Load reads a schedule from a file that [Schedule.Save] or a person wrote. An
// error names the step and the field, what was found and what was expected.
func Load(name string) (Schedule, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return Schedule{}, fmt.Errorf("load schedule: %w", err)
	}
	s, err := Decode(data)
	if err != nil {
		return Schedule{}, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// String returns the schedule as a table.
func (s Schedule) String() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "schedule of seed %d: %s in %v\n", s.Seed, count(len(s.Steps), "step"), s.Duration)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "at\tfor\tstep\tshape\twhat\n")
	for _, step := range s.Steps {
		fmt.Fprintf(w, "%v\t%v\t%s\t%s\t%s\n", step.At, step.For, step.Name, step.Shape, step.Describe())
	}
	w.Flush() //nolint:errcheck // a bytes.Buffer does not fail
	for _, o := range s.Omitted {
		fmt.Fprintf(&b, "omitted: %s\n", o)
	}
	return b.String()
}
