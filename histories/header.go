package histories

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"time"
)

// Format is the name of the file format, with its version.
const Format = "gauntlet/1"

const clock = "monotonic-ns"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is the first line of a history file.
type Header struct {
	Start    time.Time // wall clock when Time was 0
	Seed     uint64
	Workload string // the workload's name
	Model    string // what the history claims to be, for the checker: "register", …
	Nodes    []string
	Clients  int // number of client lanes: lane of a process = process mod Clients
}

// check reports what a file could not hold.
func (h *Header) check() *Error {
	if y := h.Start.UTC().Year(); y < 0 || y > 9999 {
		return &Error{Index: -1, Rule: RuleHeader, Found: fmt.Sprintf("a start in the year %d", y), Expected: "a year from 0 to 9999 (RFC 3339)"}
	}
	if h.Clients < 0 {
		return &Error{Index: -1, Rule: RuleHeader, Found: fmt.Sprintf("%d clients", h.Clients), Expected: "0 or more"}
	}
	return nil
}

// appendHeader appends the first line of a file.
func appendHeader(b []byte, h *Header) []byte {
	b = append(append(b, `{"format":"`...), Format...)
	b = h.Start.UTC().AppendFormat(append(b, `","start":"`...), time.RFC3339Nano)
	b = append(append(b, `","clock":"`...), clock...)
	b = strconv.AppendUint(append(b, `","seed":"`...), h.Seed, 10)
	b = appendString(append(b, `","workload":`...), h.Workload)
	b = appendString(append(b, `,"model":`...), h.Model)
	b = append(b, `,"nodes":[`...)
	for i, node := range h.Nodes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, node)
	}
	b = strconv.AppendInt(append(b, `],"clients":`...), int64(h.Clients), 10)
	return append(b, "}\n"...)
}

// appendTrailer appends the last line of a file.
func appendTrailer(b []byte, events int, sum uint32) []byte {
	b = strconv.AppendInt(append(b, `{"end":true,"events":`...), int64(events), 10)
	return fmt.Appendf(b, ",\"crc32c\":\"%08x\"}\n", sum)
}

// parseHeader reads the first line of a file.
func parseHeader(s *scanner, line []byte) (Header, *Error) {
	var h Header
	s.reset(line)
	format := false
	s.begin('{', "a header: {\"format\":\""+Format+"\",…}")
	for first := true; s.more(first, '}'); first = false {
		switch string(s.key()) {
		case "format":
			format = s.word(Format)
		case "clock":
			s.word(clock)
		case "start":
			h.Start = s.time()
		case "seed":
			h.Seed = s.uint64()
		case "workload":
			h.Workload = s.str()
		case "model":
			h.Model = s.str()
		case "nodes":
			h.Nodes = s.strs()
		case "clients":
			h.Clients = s.int()
		default:
			s.skip(0)
		}
	}
	s.end()
	if s.failure == nil && !format {
		s.pos = 0
		s.fail(RuleHeader, `a header with "format":"`+Format+`"`)
	}
	if s.failure != nil {
		s.failure.Rule = RuleHeader
		return Header{}, s.failure
	}
	return h, h.check()
}

// word reads a string that can only be one.
func (s *scanner) word(only string) bool {
	start := s.pos
	if string(s.bytes()) != only {
		s.pos = start
		s.fail(RuleHeader, strconv.Quote(only))
	}
	return s.failure == nil
}

func (s *scanner) time() time.Time {
	start := s.pos
	t, err := time.Parse(time.RFC3339Nano, string(s.bytes()))
	if err != nil {
		s.pos = start
		s.fail(RuleHeader, "a time of RFC 3339")
	}
	return t
}

// uint64 reads a seed: a string of decimal digits or a number.
func (s *scanner) uint64() uint64 {
	start := s.pos
	var text []byte
	if s.peek() == '"' {
		text = s.bytes()
	} else {
		s.number()
		text = s.data[start:s.pos]
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		s.pos = start
		s.fail(RuleHeader, "a seed of 64 bits, in decimal")
	}
	return n
}

// strs reads a list of strings or null.
func (s *scanner) strs() []string {
	if s.literal("null") {
		return nil
	}
	var list []string
	s.begin('[', "a list of strings")
	for first := true; s.more(first, ']'); first = false {
		list = append(list, s.str())
	}
	return list
}
