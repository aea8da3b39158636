package storage

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// MaxRecord is the size of the largest record in bytes.
const MaxRecord = 16 << 20

// header is the size of what stands before the record: the sum and a space.
const header = 9

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CorruptError says where a file is not what was written.
type CorruptError struct {
	File   string
	Offset int64  // of the first bad line
	Found  []byte // its beginning
	Reason string // what was expected instead
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: corrupt at offset %d: %s; found %q", e.File, e.Offset, e.Reason, e.Found)
}

func corrupt(file string, offset int64, line []byte, reason string) *CorruptError {
	return &CorruptError{file, offset, bytes.Clone(line[:min(len(line), 64)]), reason}
}

// valid says whether a record can be stored.
func valid(record []byte) error {
	switch {
	case len(record) == 0:
		return fmt.Errorf("empty record")
	case len(record) > MaxRecord:
		return fmt.Errorf("record of %d bytes, expected at most %d", len(record), MaxRecord)
	}
	if i := bytes.IndexByte(record, '\n'); i >= 0 {
		return fmt.Errorf("record with a newline at byte %d, expected JSON in one line", i)
	}
	return nil
}

func checksum(record []byte) uint32 { return crc32.Checksum(record, castagnoli) }

// encode appends the line of a record with the given checksum.
func encode(dst, record []byte, sum uint32) []byte {
	dst = append(appendSum(dst, sum), record...)
	return append(dst, '\n')
}

func appendSum(dst []byte, sum uint32) []byte {
	dst = hex.AppendEncode(dst, []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return append(dst, ' ')
}

// decode returns the record of a line, which comes without its newline, or a
// reason why there is none.
func decode(line []byte) (record []byte, reason string) {
	if len(line) <= header {
		return nil, "expected a checksum and a record"
	}
	if line[header-1] != ' ' || !isHex(line[:header-1]) {
		return nil, "expected a checksum of eight hexadecimal digits and a space"
	}
	record = line[header:]
	want := appendSum(nil, checksum(record))
	if !bytes.Equal(line[:header], want) {
		return nil, fmt.Sprintf("expected checksum %s", want[:header-1])
	}
	return record, ""
}

func isHex(s []byte) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// holds returns where in a bad line a whole record ends it, and whether there
// is one: lost bytes may have taken the newline before it along.
func holds(line []byte) (int, bool) {
	for at := 0; ; {
		i := bytes.IndexByte(line[at:], ' ')
		if i < 0 {
			return 0, false
		}
		at += i + 1
		if at < header {
			continue
		}
		if _, reason := decode(line[at-header:]); reason == "" {
			return at - header, true
		}
	}
}
