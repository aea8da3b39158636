package cluster

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// chunks returns a reader of data in pieces of the given sizes, over and over.
func chunks(data []byte, sizes []int) io.Reader {
	var readers []io.Reader
	for i := 0; len(data) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(data))
		readers = append(readers, bytes.NewReader(data[:n]))
		data = data[n:]
	}
	return io.MultiReader(readers...)
}

func TestFramesSurviveAnySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payloads := rapid.SliceOf(rapid.SliceOf(rapid.Byte())).Draw(t, "payloads")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 8).Draw(t, "sizes")
		var stream []byte
		for _, p := range payloads {
			stream = AppendFrame(stream, p)
		}
		r := NewReader(chunks(stream, sizes))
		for _, p := range payloads {
			got, err := r.Next()
			require.NoError(t, err)
			require.True(t, bytes.Equal(p, got), "%x, expected %x", got, p)
		}
		_, err := r.Next()
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestFrameLargerThanTheBuffer(t *testing.T) {
	big := bytes.Repeat([]byte("gauntlet"), 1<<17) // 1 MiB
	stream := AppendFrame(AppendFrame(nil, big), []byte("next"))
	r := NewReader(iotest.OneByteReader(bytes.NewReader(stream)))
	got, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, big, got)
	got, err = r.Next()
	require.NoError(t, err)
	require.Equal(t, "next", string(got))
}

func TestCutAndSpoiltFrames(t *testing.T) {
	whole := AppendFrame(nil, []byte("some payload"))
	for cut := 1; cut < len(whole); cut++ {
		_, err := NewReader(bytes.NewReader(whole[:cut])).Next()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", cut)
	}
	for i := 4; i < len(whole); i++ { // the checksum and all that it covers
		spoilt := bytes.Clone(whole)
		spoilt[i] ^= 0x10
		_, err := NewReader(bytes.NewReader(spoilt)).Next()
		require.ErrorIs(t, err, ErrFrame, "byte %d", i)
	}
	_, err := NewReader(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})).Next()
	require.ErrorIs(t, err, ErrFrame)
}

func TestFramerAgreesWithReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		frame := AppendFrame(nil, payload)
		size, err := Framer{}.FrameSize(frame[:Framer{}.HeaderSize()])
		require.NoError(t, err)
		require.Equal(t, len(frame), size)
	})
	_, err := Framer{}.FrameSize([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	require.ErrorIs(t, err, ErrFrame)
}

func FuzzReader(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, []byte("a")), nil))
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(bytes.NewReader(stream))
		var again []byte
		for {
			payload, err := r.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrFrame) {
					t.Fatal(err)
				}
				break
			}
			again = AppendFrame(again, payload)
		}
		if !bytes.HasPrefix(stream, again) {
			t.Fatalf("read %x out of %x", again, stream)
		}
	})
}

func FuzzHello(f *testing.F) {
	f.Add(appendHello(nil, 3, "n1"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		incarnation, id, err := parseHello(payload)
		if err != nil {
			require.ErrorIs(t, err, ErrFrame)
			return
		}
		i2, id2, err := parseHello(appendHello(nil, incarnation, id))
		require.NoError(t, err)
		require.Equal(t, incarnation, i2)
		require.Equal(t, id, id2)
	})
}
