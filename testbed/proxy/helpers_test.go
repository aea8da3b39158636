package proxy_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that must happen.
const patience = 20 * time.Second

var (
	ab = nemesis.Link{From: "a", To: "b"}
	ba = nemesis.Link{From: "b", To: "a"}
)

// prefixed are frames of a length (4 bytes, itself not counted) and a body.
type prefixed struct{}

func (prefixed) HeaderSize() int { return 4 }

func (prefixed) FrameSize(header []byte) (int, error) {
	size := binary.BigEndian.Uint32(header)
	if size > 1<<20 {
		return 0, errors.New("too large a frame")
	}
	return 4 + int(size), nil
}

func framed(string) system.Framer { return prefixed{} }

// frame makes a frame whose body, of at least 8 bytes, begins with its number
// and goes on with bytes that follow from it.
func frame(number, size int) []byte {
	size = max(size, 8)
	b := binary.BigEndian.AppendUint32(nil, uint32(size))
	b = binary.BigEndian.AppendUint64(b, uint64(number))
	for len(b) < 4+size {
		b = append(b, byte(number+len(b)))
	}
	return b
}

// rig is a network of two ends, a and b, each with a listener, and their links in both directions.
type rig struct {
	*proxy.Network
	t    testing.TB
	addr map[nemesis.Link]string
	inns map[string]*inn
}

func newRig(t testing.TB, framer func(string) system.Framer) *rig {
	r := &rig{
		Network: proxy.New(proxy.Config{Seed: 7, Framer: framer}), t: t,
		addr: map[nemesis.Link]string{}, inns: map[string]*inn{"a": newInn(t), "b": newInn(t)},
	}
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	for _, l := range []nemesis.Link{ab, ba} {
		addr, err := r.Open(l, system.RolePeer)
		require.NoError(t, err)
		r.addr[l] = addr
		r.SetTarget(l.To, system.RolePeer, r.inns[l.To].ln.Addr().String())
	}
	return r
}

// pair makes a connection that a dialled: its end and b's.
func (r *rig) pair() (near, far *net.TCPConn) {
	r.t.Helper()
	near = dial(r.t, r.addr[ab])
	return near, r.inns["b"].next()
}

func (r *rig) apply(m nemesis.Matrix) {
	r.t.Helper()
	require.NoError(r.t, r.Apply(r.t.Context(), m))
}

// eventually polls the counters of a link until they satisfy the condition.
func (r *rig) eventually(l nemesis.Link, what string, ok func(nemesis.LinkStats) bool) nemesis.LinkStats {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		s := r.LinkStats()[l]
		if ok(s) {
			return s
		}
		require.True(r.t, time.Now().Before(deadline), "%s never came true: %+v", what, s)
		time.Sleep(time.Millisecond)
	}
}

// settled waits until the counters are as expected: a receiver may have bytes
// before they are counted.
func (r *rig) settled(l nemesis.Link, want nemesis.LinkStats) {
	r.t.Helper()
	r.eventually(l, "the expected counters", func(s nemesis.LinkStats) bool { return s == want })
}

// inn hands out the connections that a listener accepts.
type inn struct {
	t     testing.TB
	ln    net.Listener
	conns chan *net.TCPConn
}

func newInn(t testing.TB) *inn {
	i := &inn{t: t, conns: make(chan *net.TCPConn, 1024)}
	var err error
	i.ln, err = net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	var accepting sync.WaitGroup
	accepting.Go(i.accept)
	t.Cleanup(func() {
		_ = i.ln.Close()
		accepting.Wait()
	})
	return i
}

func (i *inn) accept() {
	for {
		c, err := i.ln.Accept()
		if err != nil {
			return
		}
		i.t.Cleanup(func() { _ = c.Close() })
		i.conns <- c.(*net.TCPConn)
	}
}

func (i *inn) next() *net.TCPConn {
	i.t.Helper()
	select {
	case c := <-i.conns:
		return c
	case <-time.After(patience):
		require.FailNow(i.t, "nobody connected")
		return nil
	}
}

// serve runs handle for each connection to a listener, until the test ends.
func serve(t testing.TB, handle func(net.Conn)) string {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		work.Wait()
	})
	return ln.Addr().String()
}

// echo is not io.Copy, which would splice inside the kernel.
func echo(c net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// acknowledge answers each block with a byte.
func acknowledge(block int) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, block)
		for {
			if _, err := io.ReadFull(c, buf); err != nil {
				return
			}
			if _, err := c.Write(buf[:1]); err != nil {
				return
			}
		}
	}
}

func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.DialTimeout("tcp4", addr, patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// dialWithin tries a dial for a bounded time.
func dialWithin(t testing.TB, addr string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp4", addr)
	if err == nil {
		_ = c.Close()
	}
	return err
}

func send(t testing.TB, c net.Conn, data []byte) {
	t.Helper()
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(patience)))
	_, err := c.Write(data)
	require.NoError(t, err)
}

func receive(t testing.TB, c net.Conn, n int) []byte {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	b := make([]byte, n)
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	return b
}

// silent proves that nothing comes within a probe's time.
func silent(t testing.TB, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(30*time.Millisecond)))
	n, err := c.Read(make([]byte, 1))
	require.Zero(t, n)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// ending reads to the end of a connection and returns how it ended.
func ending(t testing.TB, c net.Conn) error {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	_, err := io.Copy(io.Discard, c)
	return err
}
