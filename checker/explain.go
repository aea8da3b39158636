package checker

import (
	"fmt"
	"strings"

	"github.com/gauntlet-go/gauntlet/histories"
)

// The standard names of what can be wrong with a register.
const (
	staleRead       = "stale read"
	lostWrite       = "lost write"
	phantomRead     = "phantom read"
	abortedRead     = "aborted read"
	readFromFuture  = "read from the future"
	notLinearizable = "not linearizable"
)

// anomaly puts a witness into words.
func (z *zones) anomaly(s story, w witness) Anomaly {
	core := w.core()
	a := Anomaly{Key: w.key, Ops: eventsOf(core...)}
	switch w.rule {
	case unwritten:
		a.Name, a.Explanation = s.unwritten(w.key, *w.old.first, w.failed)
		if w.failed != nil {
			core = append(core, *w.failed)
			a.Ops = eventsOf(core...)
		}
	case future:
		a.Name, a.Explanation = readFromFuture, s.future(w)
	default:
		a.Name = staleRead
		if z.lost(w) {
			a.Name = lostWrite
		}
		a.Explanation = s.outdated(w, a.Name)
	}
	a.Explanation += " " + s.faults(core)
	return a
}

// lost reports whether the fresh value looks lost rather than overlooked by one
// node: it was acknowledged, no later read returned it, and the old value came
// back from several nodes, or again and again until the end.
func (z *zones) lost(w witness) bool {
	fresh := w.fresh.writer
	if fresh == nil || fresh.Outcome() != histories.OK {
		return false
	}
	freshValue, oldValue := fresh.Invoke.Value, registerValue(*w.old.last)
	nodes := make(map[string]bool)
	reads, lastIsOld := 0, false
	for _, op := range z.ops {
		if op.Invoke.Key != w.key || op.Invoke.F != read || op.Outcome() != histories.OK || op.Invoke.Index < fresh.Complete.Index {
			continue
		}
		v := registerValue(op)
		if v.Equal(freshValue) {
			return false
		}
		if lastIsOld = v.Equal(oldValue); lastIsOld {
			reads++
			nodes[op.Invoke.Node] = true
		}
	}
	return len(nodes) >= 2 || reads >= 2 && lastIsOld
}

func (s story) unwritten(key string, r histories.Operation, failed *histories.Operation) (name, text string) {
	v := short(registerValue(r))
	text = fmt.Sprintf("On %s, %s read %s. ", place(key), s.did(r), v)
	if failed != nil {
		return abortedRead, text + fmt.Sprintf("The only write of %s, by %s, had failed: it certainly did not happen and never will, so no read may return its value.",
			v, s.did(*failed))
	}
	return phantomRead, text + fmt.Sprintf("No client ever wrote %s there, and a new register holds nil, so no order of the operations can produce this value.", v)
}

func (s story) future(w witness) string {
	v := short(registerValue(*w.old.first))
	return fmt.Sprintf("On %s, %s read %s. The only write of %s is by %s. The read had returned before that write was invoked, so no order can put the write first.",
		place(w.key), s.did(*w.old.first), v, v, s.did(*w.old.writer))
}

// outdated explains two values each of which must come before the other.
func (s story) outdated(w witness, name string) string {
	late := *w.old.last
	oldV, freshV := short(registerValue(late)), short(registerValue(*w.fresh.last))
	var b strings.Builder
	fmt.Fprintf(&b, "On %s, %s. ", place(w.key), s.origin(w.fresh, freshV))
	if seen := w.fresh.first; w.fresh.writer == nil || *seen != *w.fresh.writer {
		fmt.Fprintf(&b, "%s read %s. ", sentence(s.did(*seen)), freshV)
	}
	fmt.Fprintf(&b, "After that, %s read %s and got the older value %s: %s. ", s.did(late), place(w.key), oldV, s.origin(w.old, oldV))
	fmt.Fprintf(&b, "%s is older because %s. ", oldV, s.older(w, oldV))
	fmt.Fprintf(&b, "No order explains this: %s must come before %s, yet %s had returned at %s, before this read of %s was invoked at %s, and nobody wrote %s a second time.",
		oldV, freshV, s.call(*w.fresh.first), seconds(w.fresh.first.Complete.Time), oldV, seconds(late.Invoke.Time), oldV)
	if name == lostWrite {
		fmt.Fprintf(&b, " No read that was invoked after the acknowledgement ever returned %s: the write is lost.", freshV)
	}
	return b.String()
}

// origin says where a value came from.
func (s story) origin(m members, v string) string {
	if m.writer == nil {
		return fmt.Sprintf("%s is what a register holds before any write", v)
	}
	return fmt.Sprintf("%s was written by %s", v, s.did(*m.writer))
}

// older says why the old value must come before the fresh one.
func (s story) older(w witness, oldV string) string {
	if w.old.writer == nil {
		return "it was there before any write"
	}
	first, last := *w.old.first, *w.fresh.last
	return fmt.Sprintf("%s had returned at %s, before %s was invoked at %s",
		s.call(first), seconds(first.Complete.Time), s.call(last), seconds(last.Invoke.Time))
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
