package storage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Recovered says what OpenLog found.
type Recovered struct {
	Records  int           // replayed
	CutBytes int64         // cut off the end, 0 after an orderly end
	Cut      *CorruptError // what was cut off; nil if nothing was
}

// reader reads a file line by line and knows where it is.
type reader struct {
	b    *bufio.Reader
	line []byte
	next int64 // offset of the next line
}

func newReader(r io.Reader, at int64) *reader {
	return &reader{b: bufio.NewReaderSize(r, 256<<10), next: at}
}

// read returns the next line without its newline. It is not whole if the file
// or the patience ends before the newline; the error is io.EOF after the last.
func (r *reader) read() (line []byte, at int64, whole bool, err error) {
	r.line, at = r.line[:0], r.next
	for len(r.line) <= header+MaxRecord {
		var part []byte
		part, err = r.b.ReadSlice('\n')
		r.line = append(r.line, part...)
		r.next += int64(len(part))
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	switch {
	case err == nil:
		return r.line[:len(r.line)-1], at, true, nil
	case err == io.EOF && len(r.line) > 0, errors.Is(err, bufio.ErrBufferFull):
		return r.line, at, false, nil
	}
	return nil, at, false, err
}

// replay hands all records of the file to f and returns where the good part
// ends, with what is bad after it.
func replay(file io.Reader, name string, f func(record []byte) error) (end int64, r Recovered, err error) {
	lines := newReader(file, 0)
	for {
		line, at, whole, err := lines.read()
		if err == io.EOF {
			return at, r, nil
		} else if err != nil {
			return 0, r, fmt.Errorf("%s: read at offset %d: %w", name, at, err)
		}
		record, reason := decode(line)
		if reason == "" && !whole {
			reason = "expected the end of the line"
		}
		if reason != "" {
			r.Cut = corrupt(name, at, line, reason)
			r.CutBytes, err = tail(lines, line, whole, r.Cut)
			return at, r, err
		}
		if f == nil {
			r.Records++
			continue
		}
		if err := f(record); err != nil {
			return 0, r, fmt.Errorf("%s: replay of record %d at offset %d: %w", name, r.Records+1, at, err)
		}
		r.Records++
	}
}

// tail reads on after a bad line and returns the size of what is to be cut off.
// A valid record in it is an error: no kill leaves that behind.
func tail(lines *reader, line []byte, whole bool, bad *CorruptError) (int64, error) {
	at := bad.Offset
	for {
		if i, ok := holds(line); ok && whole {
			bad.Reason += fmt.Sprintf("; a valid record follows at offset %d, so this is not the torn end of the file", at+int64(i))
			return 0, bad
		}
		var err error
		line, at, whole, err = lines.read()
		if err == io.EOF {
			return at - bad.Offset, nil
		} else if err != nil {
			return 0, fmt.Errorf("%s: read at offset %d: %w", bad.File, at, err)
		}
	}
}
