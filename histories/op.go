package histories

import (
	"fmt"
	"time"
)

// Type says which of the four events of an operation an [Op] records. Its zero
// value is none of them, so that a forgotten assignment can never mean [OK].
type Type uint8

const (
	// Invoke: the client is about to send the request.
	Invoke Type = iota + 1
	// OK: the operation happened.
	OK
	// Fail: the operation did not happen and never will.
	Fail
	// Info: nobody knows; it may still happen, at any later time. The process
	// id retires.
	Info
)

var typeNames = [...]string{Invoke: "invoke", OK: "ok", Fail: "fail", Info: "info"}

// String returns the word that history files use: invoke, ok, fail or info.
func (t Type) String() string {
	if t < Invoke || t > Info {
		return fmt.Sprintf("Type(%d)", uint8(t))
	}
	return typeNames[t]
}

// ParseType is the inverse of [Type.String].
func ParseType(word string) (Type, error) {
	for t := Invoke; t <= Info; t++ {
		if typeNames[t] == word {
			return t, nil
		}
	}
	return 0, fmt.Errorf("type %q: expected invoke, ok, fail or info", word)
}

// Nemesis is the process id of the nemesis, written as "nemesis" in history
// files. Unlike a client's process it may have many faults open at once: they
// are paired by Key, which names the step of the schedule.
const Nemesis = -1

// Op is one event of a history, with Jepsen's fields.
type Op struct {
	Index   int           // dense from 0; the real-time order
	Time    time.Duration // since the start of the run, monotonic; for people
	Process int           // logical process, or Nemesis
	Type    Type
	F       string // what is done: "read", "write", …; for the nemesis the kind of fault
	Key     string // the object; "" if the model has only one. For the nemesis the step's name
	Value   Value  // argument on Invoke, result on OK
	Node    string // the node that was asked; may be empty
	Error   string // why it is Fail or Info; for the nemesis the evidence in words
}

// Operation is an invocation with its completion. Complete is nil when the
// history ends before the operation does, which means the same as Info.
type Operation struct {
	Invoke, Complete *Op
}

// Outcome is the type of the completion; Info when there is none.
func (o Operation) Outcome() Type {
	if o.Complete == nil {
		return Info
	}
	return o.Complete.Type
}

// Value is the result of an OK operation and the argument of any other, which
// is the value that a register operation wrote or read.
func (o Operation) Value() Value {
	if o.Outcome() == OK && o.Complete.Value.Kind() != Nil {
		return o.Complete.Value
	}
	return o.Invoke.Value
}

// Header is the first line of a history file.
type Header struct {
	Start    time.Time // wall clock when Time was 0
	Seed     uint64
	Workload string // the workload's name
	Model    string // what the history claims to be, for the checker: "register", …
	Nodes    []string
	Clients  int // number of client lanes: lane of a process = process mod Clients
}

// History is a recorded or read history. Ops is in index order.
type History struct {
	Header Header
	Ops    []Op
	// Interrupted says why the file has no valid trailer: "" when it is
	// complete.
	Interrupted string
}

// Lane is the client lane of a process: processes that retired and the ones
// that replaced them share it.
func (h *History) Lane(process int) int {
	if h.Header.Clients <= 0 || process < 0 {
		return process
	}
	return process % h.Header.Clients
}
