package cluster

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A frame is an 8-byte header, the payload's length and its CRC-32C, both
// little-endian, and the payload.
const (
	headerSize = 8
	// MaxFrame is the greatest payload, in bytes.
	MaxFrame = 16 << 20
)

// ErrFrame is what a stream of frames that cannot be read is reported with.
var ErrFrame = errors.New("bad frame")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// BeginFrame appends room for a header to b. The caller appends the payload
// and then calls EndFrame with the length that b had before.
func BeginFrame(b []byte) []byte { return append(b, 0, 0, 0, 0, 0, 0, 0, 0) }

// EndFrame fills in the header of the frame that begins at start and ends with
// b.
func EndFrame(b []byte, start int) []byte {
	payload := b[start+headerSize:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// AppendFrame appends payload as a frame to b.
func AppendFrame(b, payload []byte) []byte {
	start := len(b)
	return EndFrame(append(BeginFrame(b), payload...), start)
}

// Reader reads frames from a stream.
type Reader struct {
	buf  *bufio.Reader
	rest int // bytes of buf that the last payload still occupies
}

// NewReader returns a Reader of the frames of r.
func NewReader(r io.Reader) *Reader { return &Reader{buf: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the next payload, which is valid until the next call. At the
// end of the stream between two frames it returns io.EOF, within a frame
// io.ErrUnexpectedEOF, and for a frame that cannot be right an error that
// matches ErrFrame.
func (r *Reader) Next() ([]byte, error) {
	if r.rest > 0 {
		if _, err := r.buf.Discard(r.rest); err != nil {
			return nil, err
		}
		r.rest = 0
	}
	header, err := r.buf.Peek(headerSize)
	if err != nil {
		if errors.Is(err, io.EOF) && len(header) > 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	size, sum := binary.LittleEndian.Uint32(header), binary.LittleEndian.Uint32(header[4:])
	if size > MaxFrame {
		return nil, fmt.Errorf("%w: length %d, expected at most %d", ErrFrame, size, MaxFrame)
	}
	payload, err := r.payload(int(size))
	if err != nil {
		return nil, err
	}
	if got := crc32.Checksum(payload, castagnoli); got != sum {
		return nil, fmt.Errorf("%w: checksum %08x, expected %08x", ErrFrame, got, sum)
	}
	return payload, nil
}

// payload returns the bytes behind the header: out of the buffer if they fit
// there, else out of a copy.
func (r *Reader) payload(size int) ([]byte, error) {
	if headerSize+size <= r.buf.Size() {
		whole, err := r.buf.Peek(headerSize + size)
		if err != nil {
			return nil, unexpected(err)
		}
		r.rest = headerSize + size
		return whole[headerSize:], nil
	}
	if _, err := r.buf.Discard(headerSize); err != nil {
		return nil, err
	}
	// The length is not trusted before the bytes are there.
	big, err := io.ReadAll(io.LimitReader(r.buf, int64(size)))
	if err != nil {
		return nil, unexpected(err)
	}
	if len(big) < size {
		return nil, io.ErrUnexpectedEOF
	}
	return big, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Framer tells a testbed where the frames of this package end.
type Framer struct{}

// HeaderSize is the number of bytes of a frame's header.
func (Framer) HeaderSize() int { return headerSize }

// FrameSize returns the size of the whole frame with this header.
func (Framer) FrameSize(header []byte) (int, error) {
	size := binary.LittleEndian.Uint32(header)
	if size > MaxFrame {
		return 0, fmt.Errorf("%w: length %d, expected at most %d", ErrFrame, size, MaxFrame)
	}
	return headerSize + int(size), nil
}
