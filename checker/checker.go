package checker

import (
	"context"
	"fmt"

	"github.com/gauntlet-go/gauntlet/histories"
)

// Validity is the three-valued answer of a check. Its zero value is Unknown.
type Validity uint8

// The answers, weakest first; composition takes the greatest that occurs:
// Invalid over Unknown over Valid, see [Merge].
const (
	Unknown Validity = iota
	Valid
	Invalid
)

// String returns unknown, valid or invalid.
func (v Validity) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	default:
		return fmt.Sprintf("Validity(%d)", uint8(v))
	}
}

// MarshalText makes the word appear in JSON.
func (v Validity) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the word.
func (v *Validity) UnmarshalText(text []byte) error {
	for _, w := range []Validity{Unknown, Valid, Invalid} {
		if w.String() == string(text) {
			*v = w
			return nil
		}
	}
	return fmt.Errorf("validity %q: expected valid, invalid or unknown", text)
}

// Run is what a checker may look at: the history and, where nodes state what
// they do, their trace. A checker never changes either.
type Run struct {
	History *histories.History
	Trace   []histories.Event
}

// Checker judges a run. It keeps to the deadline of ctx and to its own limit of
// memory: it answers Unknown with the reason rather than late. It never answers
// Valid for a history that it could not judge, and never Invalid because of the
// form of its input.
type Checker interface {
	Check(ctx context.Context, run Run) Verdict
}

// Func makes a function a [Checker].
type Func func(ctx context.Context, run Run) Verdict

// Check calls f.
func (f Func) Check(ctx context.Context, run Run) Verdict { return f(ctx, run) }

// Verdict is the answer of a checker.
type Verdict struct {
	Checker   string    `json:"checker"`             // standard name: "linearizable", "exercised", …
	Validity  Validity  `json:"validity"`            //
	Reason    string    `json:"reason,omitempty"`    // why it is Unknown
	Anomalies []Anomaly `json:"anomalies,omitempty"` // why it is Invalid; at least one
	// Notes are figures worth showing beside the answer, such as
	// {"engine", "zone"} or {"operations", "41280"}, in order of interest.
	Notes []Note `json:"notes,omitempty"`
	// Parts are the verdicts that this one is composed of.
	Parts []Verdict `json:"parts,omitempty"`
}

// Note is one figure of a verdict.
type Note struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Anomaly is one proof that the history is wrong.
type Anomaly struct {
	// Name is the standard name: "stale read", "aborted read", "phantom
	// read", "lost update", ….
	Name string `json:"name"`
	// Key is the object, "" if there is only one.
	Key string `json:"key,omitempty"`
	// Ops are the indexes of the events that prove it, as few as possible, in
	// index order: both events of an operation where it has both.
	Ops []int `json:"ops"`
	// Explanation is one paragraph that can be followed without a picture:
	// which operations, at which nodes, which fault was in force.
	Explanation string `json:"explanation"`
}
