package proxy

import (
	"fmt"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
)

// frames follows the frames of one direction of a connection. It does so from
// the first byte on, since a condition may begin at any time and must know where
// the next frame starts.
type frames struct {
	framer system.Framer // nil: the stream has no frames
	head   []byte        // of a frame whose header is incomplete
	left   int           // bytes of the current frame that have not come

	begun   bool   // the first bytes of the current frame are on their way
	partial []byte // the current frame as far as it came, if not begun

	overtaken []byte    // a frame that waits for the next one to overtake it
	patience  time.Time // when it has waited long enough
}

// next says how many of the bytes b belong to the current frame and whether they end it.
func (f *frames) next(b []byte) (n int, end bool, err error) {
	if f.left == 0 {
		if n, err = f.header(b); err != nil || f.left < 0 {
			f.left = max(f.left, 0)
			return n, false, err
		}
	}
	k := min(f.left, len(b)-n)
	f.left -= k
	return n + k, f.left == 0, nil
}

// header takes the bytes of a header from b and sets left to the size of what
// follows it, -1 if the header is still incomplete.
func (f *frames) header(b []byte) (n int, err error) {
	size := f.framer.HeaderSize()
	if size < 0 {
		return 0, fmt.Errorf("the framer wants headers of %d bytes", size)
	}
	header := b[:min(size, len(b))]
	n = len(header)
	if len(f.head) > 0 || n < size {
		n = min(size-len(f.head), len(b))
		f.head = append(f.head, b[:n]...)
		if len(f.head) < size {
			f.left = -1
			return n, nil
		}
		header, f.head = f.head, f.head[:0]
	}
	total, err := f.framer.FrameSize(header)
	if err == nil && (total < size || total == 0) {
		err = fmt.Errorf("a frame of %d bytes, its header alone has %d", total, size)
	}
	f.left = total - size
	return n, err
}

// skip follows frames that pass untouched.
func (f *frames) skip(b []byte) error {
	for len(b) > 0 {
		if b = f.skipWhole(b); len(b) == 0 {
			break
		}
		n, end, err := f.next(b)
		if err != nil {
			return err
		}
		f.begun = !end
		b = b[n:]
	}
	return nil
}

// skipWhole skips the frames that lie whole at the beginning of b: the way of
// nearly all of them. It leaves anything odd to next.
func (f *frames) skipWhole(b []byte) []byte {
	size := f.framer.HeaderSize()
	if f.left > 0 || len(f.head) > 0 || size < 0 {
		return b
	}
	for len(b) >= size && len(b) > 0 {
		total, err := f.framer.FrameSize(b[:size])
		if err != nil || total < size || total == 0 || total > len(b) {
			break
		}
		b = b[total:]
		f.begun = false
	}
	return b
}

// flush gives up what waits for a later frame to overtake it.
func (f *frames) flush() []byte {
	b := f.overtaken
	f.overtaken = nil
	return b
}

// release gives up the incomplete frame: it will pass as it comes.
func (f *frames) release() []byte {
	b := f.partial
	f.partial = nil
	f.begun = f.begun || len(b) > 0
	return b
}
