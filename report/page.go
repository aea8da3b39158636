package report

import (
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// Page is what is known about one run. Every field may be left out: the page
// says less then.
type Page struct {
	Title   string             // what was run, such as "quorum/register/all"
	Verdict checker.Verdict    // a verdict without a Validity is shown as unknown
	History *histories.History // nil is the same as an empty one
	Trace   []histories.Event  // what the nodes said they did, in order of time
	Replay  string             // the command that repeats the run
	// Config is the effective configuration: system, design, nodes, duration,
	// versions. Values of names that look like secrets are not shown.
	Config []checker.Note
	// Faults are the steps of the nemesis. When nil they are taken from the
	// operations of the nemesis in the history.
	Faults   []Fault
	Pictures []Link // other pictures of this run, relative to the page
	Files    []Link // the run's files, relative to the page
}

// Fault is one step of the nemesis: what was planned, and what is known about
// its effect. Times are since the start of the run.
type Fault struct {
	Step        string // name of the step in the schedule
	Kind        string // "partition", "kill", …
	Description string // what was planned, in words: "cut n1 | n2 n3"
	Start       time.Duration
	End         time.Duration // at most Start: in force until the run ended
	Effect      bool          // whether evidence of an effect was found
	Evidence    string        // that evidence in words: "1.2 MB withheld"
}

// Link leads from the page to another file.
type Link struct {
	Text string
	Href string
}
