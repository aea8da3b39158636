package checker

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gauntlet-go/gauntlet/histories"
)

// story puts operations into words.
type story struct{ h *histories.History }

// seconds is a time of the run.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// short is a value for a sentence.
func short(v histories.Value) string {
	if v.IsNil() {
		return "nil"
	}
	return clip(v.String())
}

const clipAt = 80

func clip(s string) string {
	if len(s) <= clipAt {
		return s
	}
	cut := clipAt
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// place names an object.
func place(key string) string {
	if key == "" {
		return "the register"
	}
	return fmt.Sprintf("key %q", key)
}

// who is the client lane and the node that it asked.
func (s story) who(op histories.Operation) string {
	who := fmt.Sprintf("client %d", s.h.Lane(op.Invoke.Process))
	if op.Invoke.Node != "" {
		who += " at " + op.Invoke.Node
	}
	return who
}

// when is the interval of an operation and how it ended.
func when(op histories.Operation) string {
	start := "invoked " + seconds(op.Invoke.Time)
	reason := ""
	if op.Complete == nil {
		return start + ", never completed, so that nobody knows whether and when it took effect"
	}
	if op.Complete.Error != "" {
		reason = ": " + clip(op.Complete.Error)
	}
	end := seconds(op.Complete.Time)
	switch {
	case op.Complete.Type == histories.Fail:
		return fmt.Sprintf("%s, failed %s%s", start, end, reason)
	case op.Complete.Type != histories.OK:
		return fmt.Sprintf("%s, of unknown outcome since %s%s", start, end, reason)
	case op.Invoke.F == read:
		return fmt.Sprintf("%s, returned %s", start, end)
	default:
		return fmt.Sprintf("%s, acknowledged %s", start, end)
	}
}

// did is "client 1 at n2 (invoked 1.000 s, acknowledged 1.004 s)".
func (s story) did(op histories.Operation) string {
	return fmt.Sprintf("%s (%s)", s.who(op), when(op))
}

// call names an operation in passing: "the write of 5 by client 1 at n2".
func (s story) call(op histories.Operation) string {
	return fmt.Sprintf("the %s of %s by %s", op.Invoke.F, short(registerValue(op)), s.who(op))
}

// noFault is said of what happened all by itself.
const noFault = "No fault was in force meanwhile."

// faults says what was in force between the first and the last event of the
// operations.
func (s story) faults(ops []histories.Operation) string {
	first, last := s.span(ops)
	var list []string
	for _, f := range s.h.Faults() {
		if f.Invoke.Index > last || f.Complete != nil && f.Complete.Index < first {
			continue
		}
		list = append(list, describeFault(f))
	}
	if len(list) == 0 {
		return noFault
	}
	const most = 5
	if more := len(list) - most; more > 0 {
		list = append(list[:most], fmt.Sprintf("%d more", more))
	}
	return "In force meanwhile: " + strings.Join(list, "; ") + "."
}

// describeFault is "partition n1 | n2 n3, 0.900–1.500 s".
func describeFault(f histories.Operation) string {
	text := f.Invoke.F
	if d := f.Invoke.Value; d.Kind() == histories.String {
		text += " " + clip(d.Str())
	} else if !d.IsNil() {
		text += " " + short(d)
	}
	if f.Complete == nil {
		return fmt.Sprintf("%s, from %s to the end", text, seconds(f.Invoke.Time))
	}
	text += fmt.Sprintf(", %.3f–%s", f.Invoke.Time.Seconds(), seconds(f.Complete.Time))
	if f.Outcome() != histories.OK {
		text += " (no effect observed)"
	}
	return text
}

// span is the least and the greatest event index of the operations; an
// operation that never returned counts with its invocation.
func (s story) span(ops []histories.Operation) (first, last int) {
	first, last = len(s.h.Ops), 0
	for _, op := range ops {
		first, last = min(first, op.Invoke.Index), max(last, op.Invoke.Index)
		if op.Outcome() == histories.OK {
			last = max(last, op.Complete.Index)
		}
	}
	return first, last
}
