package histories

import (
	"fmt"
	"strconv"
	"time"
)

// ledger keeps the rules of the sequence of events. The recorder asks it before
// it writes, readers ask it for every line.
type ledger struct {
	next      int // index of the next event
	processes map[int]process
	faults    map[string]process // the nemesis, by key
	lastFault time.Duration
}

// process is what the ledger knows of a client's process, or of one key of the
// nemesis.
type process struct {
	state  state
	f, key string        // of the last invocation
	index  int           // of the last event
	last   time.Duration // time of the last event
}

type state uint8

const (
	fresh   state = iota // has done nothing yet
	idle                 // its last operation is complete
	open                 // waits for its completion
	retired              // ended with info
)

// add takes the next event, or says which rule it breaks and stays as it was.
func (l *ledger) add(op *Op) *Error {
	if err := l.check(op); err != nil {
		return err
	}
	if l.processes == nil {
		l.processes, l.faults = make(map[int]process), make(map[string]process)
	}
	if op.Process == Nemesis {
		return l.addFault(op)
	}
	p := l.processes[op.Process]
	if err := p.step(op); err != nil {
		return err
	}
	l.processes[op.Process] = p
	l.next++
	return nil
}

// check keeps the rules that need no memory of the process.
func (l *ledger) check(op *Op) *Error {
	switch {
	case op.Index != l.next:
		return broken(op, RuleIndex, "index "+strconv.Itoa(op.Index), "index "+strconv.Itoa(l.next))
	case op.Type < Invoke || op.Type > Info:
		return broken(op, RuleType, op.Type.String(), "invoke, ok, fail or info")
	case op.Process < 0 && op.Process != Nemesis:
		return broken(op, RuleProcess, "process "+strconv.Itoa(op.Process), "0 or more, or the nemesis")
	case !op.Value.nestedWithin(MaxDepth):
		return broken(op, RuleValue, "a deeper list", tooDeep)
	}
	return nil
}

// addFault takes an event of the nemesis, which never retires.
func (l *ledger) addFault(op *Op) *Error {
	if l.lastFault > op.Time && len(l.faults) > 0 {
		return broken(op, RuleTime, op.Time.String(), "at least "+l.lastFault.String()+", the time of the nemesis' last event")
	}
	p := l.faults[op.Key]
	if err := p.step(op); err != nil {
		return err
	}
	if p.state == retired {
		p.state = idle
	}
	l.faults[op.Key] = p
	l.lastFault = op.Time
	l.next++
	return nil
}

// step takes the next event of a process.
func (p *process) step(op *Op) *Error {
	switch {
	case p.state != fresh && op.Time < p.last:
		return broken(op, RuleTime, op.Time.String(), fmt.Sprintf("at least %v, the time of event %d of %s", p.last, p.index, who(op)))
	case p.state == retired:
		return broken(op, RuleRetired, describe(op), fmt.Sprintf("a new process after the info of event %d", p.index))
	case op.Type == Invoke && p.state == open:
		return broken(op, RuleOpen, describe(op), fmt.Sprintf("the completion of the %s that event %d opened", p.f, p.index))
	case op.Type == Invoke:
		*p = process{state: open, f: op.F, key: op.Key, index: op.Index, last: op.Time}
		return nil
	case p.state != open:
		return broken(op, RuleInvoked, describe(op), "an invocation before its completion")
	case op.F != p.f || op.Key != p.key:
		return broken(op, RuleMatch, describe(op), fmt.Sprintf("f %q with key %q, as event %d invoked it", p.f, p.key, p.index))
	}
	*p = process{state: idle, index: op.Index, last: op.Time}
	if op.Type == Info {
		p.state = retired
	}
	return nil
}

func broken(op *Op, rule Rule, found, expected string) *Error {
	return &Error{Index: op.Index, Rule: rule, Found: found, Expected: expected}
}

// describe names an event for people.
func describe(op *Op) string {
	return fmt.Sprintf("%v of f %q with key %q by %s", op.Type, op.F, op.Key, who(op))
}

func who(op *Op) string {
	if op.Process == Nemesis {
		return "the nemesis"
	}
	return "process " + strconv.Itoa(op.Process)
}
