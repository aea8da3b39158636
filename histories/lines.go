package histories

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lines splits a reader into lines of any length.
type lines struct {
	r      *bufio.Reader
	long   []byte // a line that is longer than the buffer of r
	number int    // of the last line, from 1
}

func newLines(r io.Reader) lines { return lines{r: bufio.NewReaderSize(r, 256<<10)} }

// next returns the next line with its newline, which only the last line may
// lack. The line is valid until the next call. The end is io.EOF.
func (l *lines) next() ([]byte, error) {
	l.number++
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return line, err
}

func (l *lines) rest(part []byte) ([]byte, error) {
	l.long = append(l.long[:0], part...)
	for {
		part, err := l.r.ReadSlice('\n')
		l.long = append(l.long, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

// whole reports whether a line has its newline.
func whole(line []byte) bool { return len(line) > 0 && line[len(line)-1] == '\n' }

// blank reports whether a line has nothing but white space.
func blank(line []byte) bool { return line[0] != '{' && len(bytes.TrimSpace(line)) == 0 }
