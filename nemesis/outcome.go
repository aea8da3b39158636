package nemesis

import (
	"context"
	"fmt"
	"time"
)

// Outcome is what became of a step. Times are since the call of [Run].
type Outcome struct {
	Start     time.Duration // the injection began
	Effective time.Duration // the fault was in force
	End       time.Duration // the recovery began
	Recovered time.Duration // the recovery was complete
	// Effect says that there is evidence of an effect. If the load was idle a
	// cut may withhold nothing: that is honestly no effect.
	Effect bool
	// Evidence is the evidence in words and figures: "cut 12 links: 41.0 kB
	// withheld on 8 of them, 6 dials blocked".
	Evidence string
	// Err is what the testbed could not do; nil if it could do everything.
	Err error
}

// Log is told of every step: of the intention before anything is done, so that
// it is on disk when the step ends the harness itself, and of the outcome.
// Steps overlap: it must be safe for concurrent use.
type Log interface {
	Begin(step Step)
	End(step Step, outcome Outcome)
}

// fault is a step in execution. Each method is called once, in this order, by
// one goroutine.
type fault interface {
	// inject returns when the fault is in force.
	inject(ctx context.Context) error
	// hold returns when the fault's time is over or ctx ends.
	hold(ctx context.Context) error
	// recover takes back what inject and hold did and nothing else; it returns
	// when that is done. It is called whatever they returned.
	recover(ctx context.Context) error
	// evidence says what the fault did.
	evidence() (effect bool, text string)
}

// observed turns the evidence into that of a fault without effect if need be.
func observed(effect bool, format string, args ...any) (bool, string) {
	text := fmt.Sprintf(format, args...)
	if !effect {
		text = "no effect observed: " + text
	}
	return effect, text
}
