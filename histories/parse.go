package histories

import (
	"math/bits"
	"time"
)

// lineParser reads the lines after the header.
type lineParser struct {
	s       scanner
	seen    field
	end     bool
	trailer trailer
}

// trailer is the last line of a complete file.
type trailer struct {
	events int
	sum    string
}

// field is a set of known fields.
type field uint

const (
	fieldIndex field = 1 << iota
	fieldTime
	fieldType
	fieldProcess
	fieldF
	fieldKey
	fieldValue
	fieldNode
	fieldError
	fieldEnd
	fieldEvents
	fieldSum

	eventFields   = fieldIndex | fieldTime | fieldType | fieldProcess | fieldF
	trailerFields = fieldEnd | fieldEvents | fieldSum
)

var fieldNames = [...]string{"index", "time", "type", "process", "f", "key", "value", "node", "error", "end", "events", "crc32c"}

// first is the name of a field of the set.
func (f field) first() string { return fieldNames[bits.TrailingZeros(uint(f))] }

// parse reads a line into op, or into p.trailer if it says that it is the end.
func (p *lineParser) parse(line []byte, op *Op) *Error {
	p.s.reset(line)
	p.seen, p.end = 0, false
	p.s.begin('{', "an event: a JSON object")
	for first := true; p.s.more(first, '}'); first = false {
		p.field(op)
	}
	p.s.end()
	need := eventFields
	if p.end {
		need = trailerFields
	}
	if missing := need &^ p.seen; missing != 0 && p.s.failure == nil {
		return &Error{Index: -1, Rule: RuleFields, Found: `no field "` + missing.first() + `"`, Expected: "one"}
	}
	return p.s.failure
}

// field reads one field and its value.
func (p *lineParser) field(op *Op) {
	s := &p.s
	start := s.pos
	var f field
	switch string(s.key()) {
	case "index":
		f, op.Index = fieldIndex, s.int()
	case "time":
		f, op.Time = fieldTime, time.Duration(s.int64())
	case "type":
		f, op.Type = fieldType, p.opType()
	case "process":
		f, op.Process = fieldProcess, p.process()
	case "f":
		f, op.F = fieldF, s.str()
	case "key":
		f, op.Key = fieldKey, s.str()
	case "value":
		f, op.Value = fieldValue, s.value(0)
	case "node":
		f, op.Node = fieldNode, s.str()
	case "error":
		f, op.Error = fieldError, s.str()
	case "end":
		f, p.end = fieldEnd, p.isEnd()
	case "events":
		f, p.trailer.events = fieldEvents, s.int()
	case "crc32c":
		f, p.trailer.sum = fieldSum, s.str()
	default:
		s.skip(0)
	}
	if p.seen&f != 0 {
		s.twice(f.first(), start)
	}
	p.seen |= f
}

func (p *lineParser) opType() Type {
	start := p.s.pos
	switch string(p.s.bytes()) {
	case "invoke":
		return Invoke
	case "ok":
		return OK
	case "fail":
		return Fail
	case "info":
		return Info
	}
	p.reject(start, RuleType, "invoke, ok, fail or info")
	return 0
}

func (p *lineParser) process() int {
	start := p.s.pos
	if p.s.peek() == '"' {
		if string(p.s.bytes()) == "nemesis" {
			return Nemesis
		}
	} else if n := p.s.int(); n >= 0 {
		return n
	}
	p.reject(start, RuleProcess, `0 or more, or "nemesis"`)
	return 0
}

func (p *lineParser) isEnd() bool {
	start := p.s.pos
	if p.s.literal("true") {
		return true
	}
	p.reject(start, RuleTrailer, "true")
	return false
}

func (p *lineParser) reject(at int, rule Rule, expected string) {
	if p.s.failure == nil {
		p.s.pos = at
	}
	p.s.fail(rule, expected)
}
