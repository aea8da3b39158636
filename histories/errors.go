package histories

import (
	"errors"
	"fmt"
	"strings"
)

// Rule names a rule that every history keeps.
type Rule string

// The rules. The first group is about the text of a file, the second about the
// sequence of events.
const (
	RuleHeader   Rule = "header"   // the first line is a header that this package understands
	RuleSyntax   Rule = "syntax"   // a line is one JSON object with fields of the right types
	RuleFields   Rule = "fields"   // no field is missing and none occurs twice
	RuleTrailer  Rule = "trailer"  // nothing follows the trailer, and it counts the events
	RuleChecksum Rule = "checksum" // the trailer has the CRC-32C of all bytes before it

	RuleIndex   Rule = "dense-index"                   // indexes are 0, 1, 2, …
	RuleTime    Rule = "time-order"                    // the time of a process never goes back
	RuleType    Rule = "type"                          // a type is one of invoke, ok, fail, info
	RuleProcess Rule = "process"                       // a process is 0 or more, or the nemesis
	RuleValue   Rule = "value"                         // lists are nested at most MaxDepth deep
	RuleOpen    Rule = "one-open-operation"            // a process has at most one open operation, the nemesis one per key
	RuleInvoked Rule = "completion-without-invocation" // only an open operation is completed
	RuleMatch   Rule = "completion-matches-invocation" // a completion has the f and the key of its invocation
	RuleRetired Rule = "reuse-after-info"              // a process does nothing after an info
)

// Error says which rule a history or a trace breaks, and where.
type Error struct {
	File     string // name of the file, "" if there is none
	Line     int    // from 1; 0 if the event was not read from a file
	Index    int    // index of the event, or the one that it would have had; -1 if it is not about one
	Rule     Rule
	Found    string
	Expected string
}

// Error returns the place, what was found, what was expected, and the rule.
func (e *Error) Error() string {
	var place []string
	if e.File != "" {
		place = append(place, e.File)
	}
	if e.Line > 0 {
		place = append(place, fmt.Sprintf("line %d", e.Line))
	} else if e.Index >= 0 {
		place = append(place, fmt.Sprintf("event %d", e.Index))
	}
	if len(place) == 0 {
		place = append(place, "history")
	}
	return fmt.Sprintf("%s: found %s, expected %s (rule %s)", strings.Join(place, ": "), e.Found, e.Expected, e.Rule)
}

// ErrClosed is what a closed [Recorder] answers.
var ErrClosed = errors.New("the history is closed")
