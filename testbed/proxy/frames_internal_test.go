package proxy

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// sized are frames of a 2-byte length and a body; a length of 0xffff is garbage.
type sized struct{}

func (sized) HeaderSize() int { return 2 }

func (sized) FrameSize(h []byte) (int, error) {
	n := binary.BigEndian.Uint16(h)
	if n == 0xffff {
		return 0, errors.New("garbage")
	}
	return 2 + int(n), nil
}

// ends returns where frames end in a stream that is seen in pieces, and whether
// it turned out to be garbage.
func ends(stream []byte, piece int) (at []int, garbage bool) {
	f := frames{framer: sized{}}
	for from := 0; from < len(stream); from += piece {
		b := stream[from:min(from+piece, len(stream))]
		for done := 0; done < len(b); {
			n, end, err := f.next(b[done:])
			if err != nil {
				return at, true
			}
			done += n
			if end {
				at = append(at, from+done)
			}
		}
	}
	return at, false
}

// FuzzFrames: where frames end does not depend on how the stream is cut into
// pieces, and skipping comes to the same state as walking.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 1, 'x', 0, 0, 0, 2, 'y', 'z', 0}, 1, 3)
	f.Add([]byte{0xff, 0xff, 1, 2, 3}, 1, 2)
	f.Add([]byte{0, 200, 1, 2, 3}, 4, 100)
	f.Fuzz(func(t *testing.T, stream []byte, one, other int) {
		one, other = max(one, 1), max(other, 1)
		a, badA := ends(stream, min(one, 1<<20))
		b, badB := ends(stream, min(other, 1<<20))
		require.Equal(t, a, b)
		require.Equal(t, badA, badB)

		skipper := frames{framer: sized{}}
		var err error
		for from := 0; from < len(stream) && err == nil; from += min(one, 1<<20) {
			err = skipper.skip(stream[from:min(from+min(one, 1<<20), len(stream))])
		}
		require.Equal(t, badA, err != nil)
		if !badA {
			whole := len(a) > 0 && a[len(a)-1] == len(stream) || len(stream) == 0
			require.Equal(t, !whole, skipper.begun)
		}
	})
}

// odd answers what the test wants.
type odd struct{ header, frame int }

func (o odd) HeaderSize() int               { return o.header }
func (o odd) FrameSize([]byte) (int, error) { return o.frame, nil }

func TestFramesRefuseAFramerThatMakesNoSense(t *testing.T) {
	for _, o := range []odd{{-1, 5}, {0, 0}, {4, 3}, {4, -1}} {
		f := frames{framer: o}
		require.Error(t, f.skip([]byte("some bytes")), "%+v", o)
	}
	fixed := frames{framer: odd{0, 5}}
	require.NoError(t, fixed.skip([]byte("1234512345")), "frames of a fixed size need no header")
	require.False(t, fixed.begun)
}
