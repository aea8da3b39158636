package proxy_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

func withheld(n int) func(nemesis.LinkStats) bool {
	return func(s nemesis.LinkStats) bool { return s.Withheld >= int64(n) }
}

func TestHealthyLinkPassesBothWays(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	send(t, near, []byte("ping"))
	require.Equal(t, "ping", string(receive(t, far, 4)))
	send(t, far, []byte("reply"))
	require.Equal(t, "reply", string(receive(t, near, 5)))
	r.settled(ab, nemesis.LinkStats{Passed: 4})
	r.settled(ba, nemesis.LinkStats{Passed: 5})
}

func TestCutDeliversLate(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Cut: true}})
	send(t, near, []byte("late"))
	r.eventually(ab, "bytes withheld", withheld(4))
	silent(t, far)
	require.Zero(t, r.LinkStats()[ab].Passed)

	r.apply(nil)
	require.Equal(t, "late", string(receive(t, far, 4)))
	r.settled(ab, nemesis.LinkStats{Passed: 4, Withheld: 4})
}

func TestCutIsOneWay(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Cut: true}})
	send(t, near, []byte("held"))
	send(t, far, []byte("flows"))
	require.Equal(t, "flows", string(receive(t, near, 5)))
	silent(t, far)
	require.Zero(t, r.LinkStats()[ba].Withheld)

	r.apply(nemesis.Matrix{ba: {Cut: true}})
	require.Equal(t, "held", string(receive(t, far, 4)))
	send(t, far, []byte("now held"))
	r.eventually(ba, "bytes withheld", withheld(8))
	silent(t, near)
}

// TestCutCountsWhatTheKernelHolds: beyond the chunk that the proxy has read.
func TestCutCountsWhatTheKernelHolds(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Cut: true}})
	data := make([]byte, 100<<10)
	send(t, near, data[:1])
	r.eventually(ab, "the first chunk held", withheld(1))
	send(t, near, data[1:])
	require.EqualValues(t, 1, r.LinkStats()[ab].Withheld, "the proxy reads no more during a cut")
	r.apply(nil)
	receive(t, far, len(data))
	require.Greater(t, r.LinkStats()[ab].Withheld, int64(1))
	require.LessOrEqual(t, r.LinkStats()[ab].Withheld, int64(len(data)))
}

// TestCutCallsBackABlockedWrite: Apply must not wait for a receiver that does
// not read, and what it calls back must not be lost.
func TestCutCallsBackABlockedWrite(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	sent := fill(t, near)
	r.apply(nemesis.Matrix{ab: {Cut: true}})
	require.Positive(t, r.LinkStats()[ab].Withheld)
	r.apply(nil)
	require.Equal(t, pattern(sent), receive(t, far, sent))
	send(t, near, []byte("more"))
	require.Equal(t, "more", string(receive(t, far, 4)))
}

// fill writes until the peer's refusal to read blocks the writer, and returns
// how many bytes of the pattern are under way.
func fill(t *testing.T, c net.Conn) (sent int) {
	data := pattern(32 << 20)
	for {
		require.Less(t, sent, len(data), "nothing holds the sender back")
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		n, err := c.Write(data[sent:])
		sent += n
		if err != nil {
			require.NoError(t, c.SetWriteDeadline(time.Time{}))
			return sent
		}
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestLostCutResetsWhatLivedThroughIt(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Cut: true, Lost: true}})
	send(t, near, []byte("gone"))
	r.eventually(ab, "bytes withheld", withheld(4))
	r.apply(nil)
	require.ErrorIs(t, ending(t, near), syscall.ECONNRESET)
	require.ErrorIs(t, ending(t, far), syscall.ECONNRESET)
	require.Equal(t, nemesis.LinkStats{Withheld: 4, Resets: 1}, r.LinkStats()[ab])
	require.Zero(t, r.LinkStats()[ba].Resets)

	near, far = r.pair()
	send(t, near, []byte("anew"))
	require.Equal(t, "anew", string(receive(t, far, 4)))
}

func TestResetReachesBothSides(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	require.NoError(t, r.Reset(t.Context(), []nemesis.Link{ba}))
	require.ErrorIs(t, ending(t, near), syscall.ECONNRESET)
	require.ErrorIs(t, ending(t, far), syscall.ECONNRESET)
	require.EqualValues(t, 1, r.LinkStats()[ba].Resets)
	require.Zero(t, r.LinkStats()[ab].Resets)
	require.Error(t, r.Reset(t.Context(), []nemesis.Link{{From: "a", To: "nobody"}}))
}

func TestHalfCloseIsForwarded(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	send(t, near, []byte("last"))
	require.NoError(t, near.CloseWrite())
	require.Equal(t, "last", string(receive(t, far, 4)))
	require.NoError(t, ending(t, far))
	send(t, far, []byte("answer"))
	require.NoError(t, far.CloseWrite())
	require.Equal(t, "answer", string(receive(t, near, 6)))
	require.NoError(t, ending(t, near))
}

func TestEndsAreWithheldToo(t *testing.T) {
	for name, how := range map[string]struct {
		end  func(*net.TCPConn)
		want error
	}{
		"close": {func(c *net.TCPConn) { _ = c.CloseWrite() }, nil},
		"reset": {func(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			near, far := r.pair()
			r.apply(nemesis.Matrix{ab: {Cut: true}})
			how.end(near)
			silent(t, far)
			r.apply(nil)
			if err := ending(t, far); how.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, how.want)
			}
		})
	}
}

// TestDeadReceiverResetsTheSender, but not before the news can travel back.
func TestDeadReceiverResetsTheSender(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ba: {Cut: true}})
	require.NoError(t, far.SetLinger(0))
	require.NoError(t, far.Close())
	send(t, near, []byte("into the void"))
	silent(t, near)
	r.apply(nil)
	require.ErrorIs(t, ending(t, near), syscall.ECONNRESET)
}

func TestDialDuringCutCompletesAfterHeal(t *testing.T) {
	for name, m := range map[string]nemesis.Matrix{
		"SYN lost":    {ab: {Cut: true}},
		"answer lost": {ba: {Cut: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			if r.DialMode() != proxy.DialTimesOut {
				t.Skip("this kernel cannot make dials time out")
			}
			r.apply(m)
			var timeout net.Error
			require.ErrorAs(t, dialWithin(t, r.addr[ab], 150*time.Millisecond), &timeout)
			require.True(t, timeout.Timeout())
			for l := range m {
				require.Positive(t, r.LinkStats()[l].Blocked)
				before := r.LinkStats()[l].Blocked
				dialed := make(chan error, 1)
				go func() { dialed <- dialWithin(t, r.addr[ab], patience) }()
				r.eventually(l, "another SYN dropped", func(s nemesis.LinkStats) bool { return s.Blocked > before })
				r.apply(nil)
				require.NoError(t, <-dialed)
			}
			r.inns["b"].next()
		})
	}
}

func TestDownTargetRefuses(t *testing.T) {
	r := newRig(t, nil)
	if r.DialMode() != proxy.DialTimesOut {
		t.Skip("this kernel cannot make dials time out")
	}
	near, far := r.pair()
	r.SetTarget("b", system.RolePeer, "")
	require.ErrorIs(t, refusal(t, r.addr[ab]), syscall.ECONNREFUSED)
	send(t, near, []byte("alive"))
	require.Equal(t, "alive", string(receive(t, far, 5)))

	r.apply(nemesis.Matrix{ab: {Cut: true}})
	var timeout net.Error
	require.ErrorAs(t, dialWithin(t, r.addr[ab], 50*time.Millisecond), &timeout, "behind a cut nobody learns that a node is down")
	require.True(t, timeout.Timeout())
	r.apply(nil)
	require.ErrorIs(t, refusal(t, r.addr[ab]), syscall.ECONNREFUSED)

	r.SetTarget("b", system.RolePeer, r.inns["b"].ln.Addr().String())
	near, far = r.pair()
	send(t, near, []byte("again"))
	require.Equal(t, "again", string(receive(t, far, 5)))
}

// refusal dials and returns how the attempt ended.
func refusal(t *testing.T, addr string) error {
	c, err := net.DialTimeout("tcp4", addr, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	return ending(t, c)
}

// TestDeadTargetResets: its process is gone and nobody has said so yet.
func TestDeadTargetResets(t *testing.T) {
	r := newRig(t, nil)
	require.NoError(t, r.inns["b"].ln.Close())
	require.ErrorIs(t, refusal(t, r.addr[ab]), syscall.ECONNRESET)
	require.EqualValues(t, 1, r.eventually(ab, "refused", func(s nemesis.LinkStats) bool { return s.Refused > 0 }).Refused)
}

func TestCloseEndsConnections(t *testing.T) {
	r := newRig(t, nil)
	near, far := r.pair()
	r.apply(nemesis.Matrix{ab: {Cut: true}, ba: {Delay: time.Hour}})
	send(t, near, []byte("held"))
	r.eventually(ab, "bytes withheld", withheld(4))
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	require.ErrorIs(t, ending(t, near), syscall.ECONNRESET)
	require.ErrorIs(t, ending(t, far), syscall.ECONNRESET)
	require.Error(t, r.Apply(t.Context(), nil))
	require.Error(t, r.Reset(t.Context(), nil))
	_, err := r.Open(nemesis.Link{From: "c", To: "a"}, system.RolePeer)
	require.Error(t, err)
}
