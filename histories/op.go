package histories

import (
	"fmt"
	"strconv"
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

// MarshalText returns the word that history files use.
func (t Type) MarshalText() ([]byte, error) {
	if t < Invoke || t > Info {
		return nil, fmt.Errorf("%v: expected invoke, ok, fail or info", t)
	}
	return []byte(typeNames[t]), nil
}

// UnmarshalText is [ParseType].
func (t *Type) UnmarshalText(word []byte) (err error) {
	*t, err = ParseType(string(word))
	return err
}

// AppendJSON appends the event as it stands in history files, without a newline.
// It does not allocate if b has room.
func (op *Op) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"index":`...), int64(op.Index), 10)
	b = strconv.AppendInt(append(b, `,"time":`...), int64(op.Time), 10)
	b = append(append(b, `,"type":"`...), op.Type.String()...)
	if op.Process == Nemesis {
		b = append(b, `","process":"nemesis"`...)
	} else {
		b = strconv.AppendInt(append(b, `","process":`...), int64(op.Process), 10)
	}
	b = appendString(append(b, `,"f":`...), op.F)
	if op.Key != "" {
		b = appendString(append(b, `,"key":`...), op.Key)
	}
	if !op.Value.IsNil() {
		b = op.Value.AppendJSON(append(b, `,"value":`...))
	}
	if op.Node != "" {
		b = appendString(append(b, `,"node":`...), op.Node)
	}
	if op.Error != "" {
		b = appendString(append(b, `,"error":`...), op.Error)
	}
	return append(b, '}')
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
