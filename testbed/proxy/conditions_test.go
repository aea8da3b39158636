package proxy_test

import (
	"bytes"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

func TestDelayIsADelayLine(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	const delay, chunks = 60 * time.Millisecond, 40
	r.apply(nemesis.Matrix{ab: {Delay: delay}})
	start := time.Now()
	for i := range chunks {
		send(t, near, frame(i, 60))
		r.eventually(ab, "chunk delayed", func(s nemesis.LinkStats) bool { return s.Delayed > int64(i) })
	}
	got := receive(t, far, chunks*64)
	took := time.Since(start)
	require.GreaterOrEqual(t, took, delay)
	require.Less(t, took, chunks*delay/2, "delays add up: that would be a throughput limit")
	for i := range chunks {
		require.Equal(t, frame(i, 60), got[i*64:(i+1)*64])
	}
}

// TestDelayEndsAtOnce: the healed network does not wait for a long delay.
func TestDelayEndsAtOnce(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Delay: time.Hour, Jitter: time.Hour}})
	send(t, near, []byte("slow"))
	r.eventually(ab, "chunk delayed", func(s nemesis.LinkStats) bool { return s.Delayed == 1 })
	require.NoError(t, near.CloseWrite())
	silent(t, far)
	r.apply(nil)
	require.Equal(t, "slow", string(receive(t, far, 4)))
	require.NoError(t, ending(t, far))
}

func TestDelayLineIsBounded(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Delay: time.Hour}})
	sent := fill(t, near)
	require.Less(t, sent, 32<<20)
	require.Zero(t, r.LinkStats()[ab].Passed)
	r.apply(nil)
	require.Equal(t, pattern(sent), receive(t, far, sent))
}

func TestJitterKeepsTheOrder(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Jitter: 5 * time.Millisecond}})
	data := pattern(50 << 10)
	for b := data; len(b) > 0; b = b[512:] {
		send(t, near, b[:512])
	}
	require.Equal(t, data, receive(t, far, len(data)))
	require.Positive(t, r.LinkStats()[ab].Delayed)
}

func TestSplitMakesSmallSegments(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Split: 3}})
	data := pattern(5000)
	send(t, near, data)
	require.Equal(t, data, receive(t, far, len(data)))
	require.Positive(t, r.LinkStats()[ab].Split)
}

func TestMergeJoinsSegments(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Merge: 200 * time.Millisecond}})
	var want []byte
	deadline := time.Now().Add(patience)
	for r.LinkStats()[ab].Merged == 0 {
		require.True(t, time.Now().Before(deadline), "nothing was merged")
		send(t, near, []byte("x"))
		want = append(want, 'x')
		time.Sleep(time.Millisecond) // the proxy may read them one by one
	}
	buf := make([]byte, len(want))
	n, err := far.Read(buf)
	require.NoError(t, err)
	require.Greater(t, n, 1, "several writes arrive as one segment")
	r.apply(nil)
	require.Equal(t, want[n:], receive(t, far, len(want)-n))
}

// readFrames reads frames to the end of the stream and returns how often each
// number came and how often one came after a later one.
func readFrames(t *testing.T, stream []byte) (seen map[int]int, late int) {
	seen = map[int]int{}
	last := -1
	for len(stream) > 0 {
		size, err := prefixed{}.FrameSize(stream[:4])
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(stream), size)
		number := int(stream[11]) | int(stream[10])<<8
		require.Equal(t, frame(number, size-4), stream[:size], "a frame is whole or not at all")
		seen[number]++
		if number < last {
			late++
		}
		last = max(last, number)
		stream = stream[size:]
	}
	return seen, late
}

func TestFramesAreLostRepeatedAndReordered(t *testing.T) {
	for name, c := range map[string]nemesis.Condition{
		"loss":      {Loss: 0.3},
		"duplicate": {Duplicate: 0.3},
		"reorder":   {Reorder: 0.3},
		"all":       {Loss: 0.2, Duplicate: 0.2, Reorder: 0.2, Split: 100, Jitter: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, framed)
			near, far := r.pair()
			r.apply(nemesis.Matrix{ab: c})
			const frames = 400
			go func() {
				for i := range frames {
					_, _ = near.Write(frame(i, i%100))
				}
				_ = near.CloseWrite()
			}()
			seen, late := readFrames(t, all(t, far))
			checkFrames(t, r.LinkStats()[ab], c, frames, seen, late)
		})
	}
}

func checkFrames(t *testing.T, s nemesis.LinkStats, c nemesis.Condition, sent int, seen map[int]int, late int) {
	received := 0
	for _, times := range seen {
		received += times
		require.LessOrEqual(t, times, 2)
	}
	require.EqualValues(t, sent, int64(received)+s.Dropped-s.Duplicated)
	require.EqualValues(t, sent-len(seen), s.Dropped)
	require.Equal(t, c.Loss > 0, s.Dropped > 0)
	require.Equal(t, c.Duplicate > 0, s.Duplicated > 0)
	require.Equal(t, c.Reorder > 0, s.Reordered > 0)
	require.Equal(t, c.Reorder > 0, late > 0)
}

// all reads to the end of the stream, which must be orderly.
func all(t *testing.T, c interface {
	Read([]byte) (int, error)
	SetReadDeadline(time.Time) error
}) []byte {
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	var b bytes.Buffer
	_, err := b.ReadFrom(c)
	require.NoError(t, err)
	return b.Bytes()
}

// TestReorderDoesNotWaitForever: the last frame has nobody to overtake it.
func TestReorderDoesNotWaitForever(t *testing.T) {
	r := newRig(t, framed)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Reorder: 1}})
	send(t, near, frame(1, 20))
	require.Equal(t, frame(1, 20), receive(t, far, 24))
	require.Zero(t, r.LinkStats()[ab].Reordered)
}

// TestConditionBeginsInTheMiddleOfAFrame: that frame passes whole.
func TestConditionBeginsInTheMiddleOfAFrame(t *testing.T) {
	r := newRig(t, framed)
	near, far := r.pair()
	first := frame(1, 100)
	send(t, near, first[:50])
	receive(t, far, 50)
	r.apply(nemesis.Matrix{ab: {Loss: 1}})
	send(t, near, append(first[50:], frame(2, 100)...))
	require.Equal(t, first[50:], receive(t, far, 54))
	r.eventually(ab, "the second frame dropped", func(s nemesis.LinkStats) bool { return s.Dropped == 1 })
	silent(t, far)

	third := frame(3, 100)
	send(t, near, third[:2]) // not even a header
	silent(t, far)
	r.apply(nil)
	require.Equal(t, third[:2], receive(t, far, 2))
	send(t, near, third[2:])
	require.Equal(t, third[2:], receive(t, far, 102))
	require.EqualValues(t, 1, r.LinkStats()[ab].Dropped)
}

func TestGarbagePassesAsBytes(t *testing.T) {
	var log bytes.Buffer
	n := proxy.New(proxy.Config{Framer: framed, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	addr, err := n.Open(ab, system.RolePeer)
	require.NoError(t, err)
	inn := newInn(t)
	n.SetTarget("b", system.RolePeer, inn.ln.Addr().String())
	require.NoError(t, n.Apply(t.Context(), nemesis.Matrix{ab: {Loss: 1}}))
	near := dial(t, addr)
	send(t, near, append(frame(1, 10), "\xff\xff\xff\xff garbage"...))
	require.Equal(t, "\xff\xff\xff\xff garbage", string(receive(t, inn.next(), 12)))
	require.EqualValues(t, 1, n.LinkStats()[ab].Dropped)
	require.NoError(t, n.Close())
	require.Contains(t, log.String(), "not framed")
}

func TestApplyRefusesByName(t *testing.T) {
	r := newRig(t, nil)
	stranger := nemesis.Link{From: "a", To: "nobody"}
	for name, m := range map[string]nemesis.Matrix{
		"no such link":             {stranger: {Cut: true}},
		"has a framer":             {ab: {Loss: 0.5}},
		"loss is 1.5":              {ab: {Loss: 1.5}},
		"reorder is NaN":           {ab: {Reorder: math.NaN()}},
		"negative":                 {ab: {Delay: -1}},
		"apply to a -> b: delay 0": {ab: {Split: -1}},
	} {
		m[ba] = nemesis.Condition{Cut: true}
		require.ErrorContains(t, r.Apply(t.Context(), m), name)
	}
	near, far := r.pair() // nothing was changed: the cut of the others is not in force
	send(t, far, []byte("ok"))
	require.Equal(t, "ok", string(receive(t, near, 2)))
}

func TestOpenRefuses(t *testing.T) {
	r := newRig(t, nil)
	_, err := r.Open(ab, system.RolePeer)
	require.ErrorContains(t, err, "already open")
	_, err = r.Open(nemesis.Link{From: "a", To: "a"}, system.RolePeer)
	require.ErrorContains(t, err, "two different ends")
}
