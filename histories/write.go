package histories

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// WriteTo writes the history in the format gauntlet/1, after it has validated
// it. A history that was interrupted gets no trailer and stays so. The number is
// that of the bytes written.
func (h *History) WriteTo(w io.Writer) (int64, error) {
	if err := Validate(h); err != nil {
		return 0, err
	}
	out := summing{w: w}
	buffered := bufio.NewWriterSize(&out, 64<<10)
	line := appendHeader(nil, &h.Header)
	buffered.Write(line) // its error is kept until Flush
	for i := range h.Ops {
		line = append(h.Ops[i].AppendJSON(line[:0]), '\n')
		if _, err := buffered.Write(line); err != nil {
			break
		}
	}
	if err := buffered.Flush(); err != nil {
		return out.n, fmt.Errorf("write history: %w", err)
	}
	if h.Interrupted == "" {
		if _, err := out.Write(appendTrailer(line[:0], len(h.Ops), out.sum)); err != nil {
			return out.n, fmt.Errorf("write history: %w", err)
		}
	}
	return out.n, nil
}

// summing counts what it writes and takes its CRC-32C.
type summing struct {
	w   io.Writer
	n   int64
	sum uint32
}

func (s *summing) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.n += int64(n)
	s.sum = crc32.Update(s.sum, castagnoli, b[:n])
	return n, err
}

// WriteFile writes the history to a file, in place of what is in it. If that
// fails in the middle, the file lacks its trailer, so that readers know.
func (h *History) WriteFile(path string) error {
	if err := Validate(h); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	_, err = h.WriteTo(file)
	if closed := file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("write history: %w", closed)
	}
	return err
}
