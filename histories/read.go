package histories

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
)

// ReadFile reads a history file in the format gauntlet/1 and validates it. See
// [Read].
func ReadFile(path string) (*History, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer file.Close()
	events := 0
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		events = int(info.Size() / typicalLine)
	}
	return read(file, path, events)
}

// typicalLine is about the length in bytes of an event's line; it only decides
// how much room a history gets at first.
const typicalLine = 96

// maxRoom bounds that room, in events.
const maxRoom = 4 << 20

// Read reads a history in the format gauntlet/1 and validates it. The name is
// for errors, which are of type [*Error] unless r failed.
//
// A history without its trailer is no error: a recording that was interrupted
// ends that way, perhaps in the middle of a line. Then Interrupted says so, and
// Ops are all events before the cut. Fields that Read does not know are dropped.
func Read(r io.Reader, name string) (*History, error) { return read(r, name, 0) }

// reader reads one history.
type reader struct {
	lines  lines
	name   string
	parser lineParser
	ledger ledger
	sum    uint32 // CRC-32C of the lines so far
	ended  bool   // the trailer has been read
	h      History
}

func read(from io.Reader, name string, events int) (*History, error) {
	r := reader{lines: newLines(from), name: name}
	if err := r.header(); err != nil {
		return nil, err
	}
	r.h.Ops = make([]Op, 0, min(events, maxRoom))
	for {
		line, err := r.lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", name, r.lines.number, err)
		}
		if broken := r.line(line); broken != nil {
			return nil, r.at(broken)
		}
	}
	if !r.ended && r.h.Interrupted == "" {
		r.h.Interrupted = fmt.Sprintf("the file ends after %d events, without a trailer", len(r.h.Ops))
	}
	return &r.h, nil
}

// at puts the place into an error.
func (r *reader) at(e *Error) *Error {
	e.File, e.Line = r.name, r.lines.number
	return e
}

func (r *reader) header() error {
	line, err := r.lines.next()
	if err != nil && err != io.EOF {
		return fmt.Errorf("read %s: line 1: %w", r.name, err)
	}
	h, broken := parseHeader(&r.parser.s, line)
	if broken != nil {
		return r.at(broken)
	}
	r.h.Header = h
	r.sum = crc32.Update(0, castagnoli, line)
	return nil
}

// line takes any line but the first.
func (r *reader) line(line []byte) *Error {
	if blank(line) {
		r.sum = crc32.Update(r.sum, castagnoli, line)
		return nil
	}
	if r.ended {
		return &Error{Index: -1, Rule: RuleTrailer, Found: "a line after the trailer", Expected: "nothing"}
	}
	r.h.Ops = slices.Grow(r.h.Ops, 1)[:len(r.h.Ops)+1]
	op := &r.h.Ops[len(r.h.Ops)-1]
	*op = Op{}
	if err := r.parser.parse(line, op); err != nil {
		r.h.Ops = r.h.Ops[:len(r.h.Ops)-1]
		if whole(line) {
			return err
		}
		r.h.Interrupted = fmt.Sprintf("line %d is cut after %d bytes; there are %d events before it, and no trailer", r.lines.number, len(line), len(r.h.Ops))
		return nil
	}
	if r.parser.end {
		r.h.Ops = r.h.Ops[:len(r.h.Ops)-1]
		return r.trailer()
	}
	r.sum = crc32.Update(r.sum, castagnoli, line)
	return r.ledger.add(op)
}

// trailer compares the last line with what was read.
func (r *reader) trailer() *Error {
	r.ended = true
	t := r.parser.trailer
	if t.events != len(r.h.Ops) {
		return &Error{Index: -1, Rule: RuleTrailer, Found: fmt.Sprintf("%d events", len(r.h.Ops)), Expected: fmt.Sprintf("%d, as the trailer says", t.events)}
	}
	if sum := fmt.Sprintf("%08x", r.sum); sum != t.sum {
		return &Error{Index: -1, Rule: RuleChecksum, Found: "a CRC-32C of " + sum + " over the lines before", Expected: fmt.Sprintf("%q, as the trailer says", t.sum)}
	}
	return nil
}
