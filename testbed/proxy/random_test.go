package proxy_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

// stream is one direction of a connection under a script.
type stream struct {
	link     nemesis.Link
	src, dst *net.TCPConn
	sent     []byte
	frames   int
	got      bytes.Buffer
	end      error
}

// write sends a chunk of the drawn number of frames, cut anywhere.
func (s *stream) write(t *rapid.T) {
	var b []byte
	for range rapid.IntRange(0, 4).Draw(t, "frames") {
		b = append(b, frame(s.frames, rapid.IntRange(8, 300).Draw(t, "size"))...)
		s.frames++
	}
	s.sent = append(s.sent, b...)
	at := rapid.IntRange(0, len(b)).Draw(t, "cut at")
	_, _ = s.src.Write(b[:at]) // an error means a reset, which the reader will see
	_, _ = s.src.Write(b[at:])
}

func (s *stream) read() {
	_ = s.dst.SetReadDeadline(time.Now().Add(patience))
	_, s.end = io.Copy(&s.got, s.dst)
}

// script is a rig, streams in both directions over some connections, and their readers.
type script struct {
	*rig
	streams []*stream
	readers sync.WaitGroup
}

func newScript(t *testing.T, framer func(string) system.Framer) *script {
	s := &script{rig: newRig(t, framer)}
	for range 2 {
		near, far := s.pair()
		s.streams = append(s.streams, &stream{link: ab, src: near, dst: far}, &stream{link: ba, src: far, dst: near})
	}
	for _, stream := range s.streams {
		s.readers.Go(stream.read)
	}
	return s
}

// play applies drawn conditions between drawn writes, heals and reads to the end.
func (s *script) play(t *rapid.T, condition *rapid.Generator[nemesis.Condition]) {
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		require.NoError(t, s.Apply(s.t.Context(), nemesis.Matrix{
			ab: condition.Draw(t, "a to b"), ba: condition.Draw(t, "b to a"),
		}))
		for _, stream := range s.streams {
			stream.write(t)
		}
	}
	for _, stream := range s.streams {
		_ = stream.src.CloseWrite()
	}
	require.NoError(t, s.Apply(s.t.Context(), nil))
	s.readers.Wait()
	require.NoError(t, s.Close())
	for _, inn := range s.inns { // not only when the test ends: it plays many scripts
		_ = inn.ln.Close()
	}
	for _, stream := range s.streams {
		_ = stream.src.Close()
	}
}

// harmless conditions delay and reshape a stream, but lose nothing of it.
func harmless() *rapid.Generator[nemesis.Condition] {
	return rapid.Custom(func(t *rapid.T) nemesis.Condition {
		ms := func(name string, most int) time.Duration {
			return time.Duration(rapid.SampledFrom([]int{0, 0, 1, most}).Draw(t, name)) * time.Millisecond
		}
		return nemesis.Condition{
			Cut:   rapid.Bool().Draw(t, "cut"),
			Delay: ms("delay", 3_600_000), Jitter: ms("jitter", 5), Merge: ms("merge", 3),
			Split: rapid.SampledFrom([]int{0, 0, 1, 7, 1000}).Draw(t, "split"),
		}
	})
}

func TestScriptsLoseNothing(t *testing.T) {
	for name, framer := range map[string]func(string) system.Framer{"framed": framed, "bytes": nil} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				s := newScript(t, framer)
				s.play(rt, harmless())
				for _, stream := range s.streams {
					require.NoError(rt, stream.end)
					require.True(rt, bytes.Equal(stream.sent, stream.got.Bytes()), "%v differs", stream.link)
				}
				for link, stats := range s.LinkStats() {
					require.EqualValues(rt, s.bytesSent(link), stats.Passed)
				}
			})
		})
	}
}

func (s *script) bytesSent(l nemesis.Link) (n int) {
	for _, stream := range s.streams {
		if stream.link == l {
			n += len(stream.sent)
		}
	}
	return n
}

func TestScriptsKeepFramesWhole(t *testing.T) {
	condition := rapid.Custom(func(t *rapid.T) nemesis.Condition {
		c := harmless().Draw(t, "shape")
		p := rapid.SampledFrom([]float64{0, 0.2, 1})
		c.Loss, c.Duplicate, c.Reorder = p.Draw(t, "loss"), p.Draw(t, "duplicate"), p.Draw(t, "reorder")
		return c
	})
	rapid.Check(t, func(rt *rapid.T) {
		s := newScript(t, framed)
		s.play(rt, condition)
		balance := map[nemesis.Link]int64{}
		for _, stream := range s.streams {
			require.NoError(rt, stream.end)
			seen, _ := readFrames(t, stream.got.Bytes())
			balance[stream.link] += int64(stream.frames)
			for number, times := range seen {
				require.Less(rt, number, stream.frames)
				balance[stream.link] -= int64(times)
			}
		}
		for link, stats := range s.LinkStats() {
			require.Equal(rt, balance[link], stats.Dropped-stats.Duplicated, "%v", link)
		}
	})
}

// TestScriptsWithLossEndStreams: what arrives is a prefix of what was sent, all
// of it unless the connection was reset.
func TestScriptsWithLossEndStreams(t *testing.T) {
	condition := rapid.Custom(func(t *rapid.T) nemesis.Condition {
		c := harmless().Draw(t, "shape")
		c.Lost = rapid.Bool().Draw(t, "lost")
		return c
	})
	rapid.Check(t, func(rt *rapid.T) {
		s := newScript(t, framed)
		s.play(rt, condition)
		resets := s.LinkStats()[ab].Resets + s.LinkStats()[ba].Resets
		for _, stream := range s.streams {
			require.True(rt, bytes.HasPrefix(stream.sent, stream.got.Bytes()), "%v has a gap", stream.link)
			if resets == 0 {
				require.NoError(rt, stream.end)
				require.Equal(rt, len(stream.sent), stream.got.Len())
			}
		}
	})
}

// TestApplyUnderHeavyTraffic changes the matrix as often as it can while streams
// flow as fast as they can.
func TestApplyUnderHeavyTraffic(t *testing.T) {
	for name, framer := range map[string]func(string) system.Framer{"framed": framed, "bytes": nil} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, framer)
			var block []byte
			for i := range 200 { // 500 KB
				block = append(block, frame(i, i*17%5000)...)
			}
			var work sync.WaitGroup
			var stop atomic.Bool
			for range 4 {
				near, far := r.pair()
				work.Go(func() { repeat(near, block, &stop) })
				work.Go(func() {
					if !repeats(far, block) {
						t.Error("the stream differs")
					}
				})
			}
			disturb(t, r)
			stop.Store(true)
			work.Wait()
		})
	}
}

// repeat writes the block over and over.
func repeat(c *net.TCPConn, block []byte, stop *atomic.Bool) {
	for !stop.Load() {
		if _, err := c.Write(block); err != nil {
			return
		}
	}
	_ = c.CloseWrite()
}

// repeats reads to the end of the stream and says whether it is that block
// repeated a whole number of times.
func repeats(c *net.TCPConn, block []byte) bool {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, len(block))
	for {
		_, err := io.ReadFull(c, buf)
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if !bytes.Equal(block, buf) {
			return false
		}
	}
}

// disturb applies one condition after the other, each for as long as it takes
// some bytes to pass, and heals.
func disturb(t *testing.T, r *rig) {
	conditions := []nemesis.Condition{
		{}, {Cut: true}, {Delay: time.Millisecond}, {Cut: true, Delay: time.Second}, {Split: 2000},
		{Merge: time.Millisecond}, {Jitter: time.Millisecond, Split: 5000},
	}
	rounds := 6
	if testing.Short() {
		rounds = 1
	}
	for i := range rounds * len(conditions) {
		c := conditions[i%len(conditions)]
		r.apply(nemesis.Matrix{ab: c})
		before := r.LinkStats()[ab].Passed
		if c.Cut {
			time.Sleep(time.Millisecond) // the time that a byte would have to slip through
			require.Equal(t, before, r.LinkStats()[ab].Passed, "nothing passes once Apply has returned")
			continue
		}
		r.eventually(ab, "progress", func(s nemesis.LinkStats) bool { return s.Passed >= before+100<<10 })
	}
	r.apply(nil)
}

// TestApplyIsAtomic: a byte goes round two links of which one is always cut, so
// it passes one link for each change. Were both whole for an instant it could
// pass more.
func TestApplyIsAtomic(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Cut: true}, ba: {Cut: true}})
	var echoes sync.WaitGroup
	echoes.Go(func() { echo(near) })
	echoes.Go(func() { echo(far) })
	send(t, near, []byte{0})
	for i := range 300 {
		open, cut := ab, ba
		if i%2 == 1 {
			open, cut = ba, ab
		}
		r.apply(nemesis.Matrix{cut: {Cut: true}})
		want := int64(i/2 + 1)
		s := r.eventually(open, "the byte passes", func(s nemesis.LinkStats) bool { return s.Passed >= want })
		require.Equal(t, want, s.Passed)
	}
	require.NoError(t, r.Close())
	echoes.Wait()
}

// TestCloseLeavesNoDescriptor counts them before and after.
func TestCloseLeavesNoDescriptor(t *testing.T) {
	const fds = "/proc/self/fd"
	if _, err := os.Stat(fds); err != nil {
		t.Skip("no " + fds)
	}
	echoes := serve(t, echo)
	use := func() {
		n := proxy.New(proxy.Config{})
		nodes := []string{"n1", "n2", "n3", "n4", "n5"}
		var conns []net.Conn
		for _, from := range nodes {
			for _, to := range nodes {
				if from != to {
					conns = append(conns, exchange(t, n, nemesis.Link{From: from, To: to}, echoes))
				}
			}
		}
		require.NoError(t, n.Close())
		for _, c := range conns {
			require.NoError(t, c.Close())
		}
	}
	use() // what the runtime opens once is open now
	before := sockets(t, fds)
	use()
	deadline := time.Now().Add(patience)
	for sockets(t, fds) > before { // the echo server closes its ends when it sees the resets
		require.True(t, time.Now().Before(deadline), "descriptors are left over")
		time.Sleep(time.Millisecond)
	}
}

func exchange(t *testing.T, n *proxy.Network, l nemesis.Link, server string) net.Conn {
	addr, err := n.Open(l, system.RolePeer)
	require.NoError(t, err)
	n.SetTarget(l.To, system.RolePeer, server)
	c := dial(t, addr)
	send(t, c, []byte("hello"))
	receive(t, c, 5)
	return c
}

func sockets(t *testing.T, fds string) int {
	open, err := filepath.Glob(filepath.Join(fds, "*"))
	require.NoError(t, err)
	return len(open)
}
