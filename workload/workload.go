package workload

import (
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// Workload is what clients do and the promise that it is judged by.
type Workload interface {
	// Name names it in commands and reports.
	Name() string
	// Model names what the history claims to be: an argument of
	// "gauntlet check --model".
	Model() string
	// Generator returns the operations of one run.
	Generator(seed uint64, lanes int) Generator
	// Checker judges the history.
	Checker() checker.Checker
}

// Generator makes the operations of one run. Its methods may be called by all
// lanes at once.
type Generator interface {
	// Next returns the next operation of a lane: F, Key and Value.
	Next(lane int) histories.Op
	// Completed tells how an operation ended.
	Completed(op histories.Op)
	// Final returns the next operation of a lane after the network has healed,
	// false when none is left. An operation that did not end well comes again.
	Final(lane int) (histories.Op, bool)
}

// Keyed is a generator that knows patterns over the keys it uses, as of
// path.Match, which match some of them and not all.
type Keyed interface {
	KeyPatterns() []string
}
