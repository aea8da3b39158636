package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/systemtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// box collects what a node receives.
type box struct {
	mu   sync.Mutex
	from []int
	body []string
	more chan struct{}
}

func newBox() *box { return &box{more: make(chan struct{}, 1)} }

func (b *box) handle(from int, body []byte) {
	b.mu.Lock()
	b.from, b.body = append(b.from, from), append(b.body, string(body))
	b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
}

func (b *box) bodies() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.body...)
}

// wait returns when cond holds of what was received.
func (b *box) wait(t *testing.T, cond func(bodies []string) bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !cond(b.bodies()) {
		select {
		case <-b.more:
		case <-deadline:
			t.Fatalf("still waiting after 20 s; received %d messages", len(b.bodies()))
		}
	}
}

func open(t *testing.T, net *systemtest.Net, node string, incarnation uint64, b *box) *Links {
	t.Helper()
	l, err := Open(Config{Site: net.Site(node, nil, nil), Incarnation: incarnation, Handle: b.handle, Ping: 5 * time.Millisecond})
	require.NoError(t, err)
	return l
}

func TestMessagesArriveInOrder(t *testing.T) {
	net := systemtest.New(t, "a", "b", "c")
	boxes := []*box{newBox(), newBox(), newBox()}
	var links []*Links
	for i, name := range []string{"a", "b", "c"} {
		l := open(t, net, name, 1, boxes[i])
		defer l.Close() //nolint:errcheck // test
		links = append(links, l)
	}
	const n = 2000
	for i := range n {
		body := binary.AppendUvarint(nil, uint64(i))
		require.True(t, links[0].Send(2, body))
		require.True(t, links[1].Send(2, body))
	}
	boxes[2].wait(t, func(got []string) bool { return len(got) == 2*n })
	next := map[int]uint64{}
	for i, body := range boxes[2].body {
		v, _ := binary.Uvarint([]byte(body))
		require.Equal(t, next[boxes[2].from[i]], v)
		next[boxes[2].from[i]]++
	}
	stats := links[2].Stats(0)
	require.Equal(t, int64(n), stats.Received)
	require.Zero(t, stats.Repeated+stats.Missed)
	require.Equal(t, int64(n), links[0].Stats(2).Sent)
}

func TestUnknownDestinationIsRefused(t *testing.T) {
	net := systemtest.New(t, "a", "b")
	l := open(t, net, "a", 1, newBox())
	defer l.Close() //nolint:errcheck // test
	for _, to := range []int{-1, 0, 2, 99} {
		require.False(t, l.Send(to, []byte("x")), "destination %d", to)
	}
	_, err := Open(Config{Site: net.Site("stranger", nil, nil)})
	require.ErrorContains(t, err, `"stranger" is not among the configured peers`)
}

func TestQueueToADeadPeerIsBoundedAndCounted(t *testing.T) {
	net := systemtest.New(t, "a", "b")
	l, err := Open(Config{Site: net.Site("a", nil, nil), Incarnation: 1, Handle: newBox().handle, QueueBytes: 1000})
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // test
	refused := 0
	for range 100 {
		if !l.Send(1, make([]byte, 100)) {
			refused++
		}
	}
	require.Positive(t, refused)
	require.Equal(t, int64(refused), l.Stats(1).Dropped)
	require.Equal(t, int64(100-refused), l.Stats(1).Sent)
}

func TestLinkComesBackAfterRestart(t *testing.T) {
	net := systemtest.New(t, "a", "b")
	inA, inB := newBox(), newBox()
	a := open(t, net, "a", 1, inA)
	defer a.Close() //nolint:errcheck // test
	b := open(t, net, "b", 1, inB)
	require.True(t, a.Send(1, []byte("first")))
	inB.wait(t, func(got []string) bool { return len(got) == 1 })
	require.NoError(t, b.Close())

	again := newBox()
	b = open(t, net, "b", 2, again)
	defer b.Close() //nolint:errcheck // test
	stop := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() { // what is sent while the link is down may be lost
		for {
			a.Send(1, []byte("later"))
			b.Send(0, []byte("back"))
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	again.wait(t, func(got []string) bool { return len(got) > 0 })
	inA.wait(t, func(got []string) bool { return len(got) > 0 })
	close(stop)
	sender.Wait()
	require.Equal(t, "later", again.bodies()[0])
	require.True(t, a.Alive(1) && b.Alive(0))
}

// frames writes frames to the peer listener of a node over a bare connection.
func frames(t *testing.T, network *systemtest.Net, node string, payloads ...[]byte) net.Conn {
	t.Helper()
	conn, err := network.Dial(t.Context(), node, system.RolePeer)
	require.NoError(t, err)
	var stream []byte
	for _, p := range payloads {
		stream = AppendFrame(stream, p)
	}
	_, err = conn.Write(stream)
	require.NoError(t, err)
	return conn
}

func data(seq uint64, body string) []byte {
	return append(binary.AppendUvarint([]byte{kindData}, seq), body...)
}

func TestRepeatedLateAndForeignFramesAreIgnored(t *testing.T) {
	net := systemtest.New(t, "a", "b")
	b := newBox()
	l := open(t, net, "a", 1, b)
	defer l.Close() //nolint:errcheck // test
	hello := func(incarnation uint64, id string) []byte { return appendHello(nil, incarnation, id) }

	c1 := frames(t, net, "a", hello(1, "b"), data(1, "one"), data(1, "one"), hello(1, "b"), data(3, "three"), data(2, "two"))
	defer c1.Close() //nolint:errcheck // test
	b.wait(t, func(got []string) bool { return len(got) == 2 })
	c2 := frames(t, net, "a", hello(2, "b"), data(1, "new"))
	defer c2.Close() //nolint:errcheck // test
	b.wait(t, func(got []string) bool { return len(got) == 3 })
	_, err := c1.Write(AppendFrame(nil, data(9, "of the old incarnation")))
	require.NoError(t, err)
	c3 := frames(t, net, "a", hello(3, "nobody"), data(1, "foreign"))
	defer c3.Close()                  //nolint:errcheck // test
	_, err = c3.Read(make([]byte, 1)) // it is thrown out
	require.Error(t, err)
	_, err = c2.Write(AppendFrame(nil, data(2, "last")))
	require.NoError(t, err)
	b.wait(t, func(got []string) bool { return len(got) == 4 })
	require.Equal(t, []string{"one", "three", "new", "last"}, b.bodies())
	stats := l.Stats(1)
	require.Equal(t, int64(1), stats.Missed)
	require.GreaterOrEqual(t, stats.Repeated, int64(2))
}

func TestPeerThatDoesNotReadDelaysNobody(t *testing.T) {
	network := systemtest.New(t, "a", "deaf", "c")
	listener, err := network.Site("deaf", nil, nil).Listen(system.RolePeer)
	require.NoError(t, err)
	defer listener.Close() //nolint:errcheck // test
	in := newBox()
	c := open(t, network, "c", 1, in)
	defer c.Close() //nolint:errcheck // test
	a := open(t, network, "a", 1, newBox())
	big := bytes.Repeat([]byte("x"), 64<<10)
	for a.Send(1, big) { // until the queue is full: connection and peer take no more
	}
	for i := range 100 {
		require.True(t, a.Send(2, []byte{byte(i)}))
	}
	in.wait(t, func(got []string) bool { return len(got) == 100 })
	require.NoError(t, a.Close())
}

// stubborn is a site that tells of dials that failed.
type stubborn struct {
	*systemtest.Site
	failed chan struct{}
}

func (s stubborn) Dial(ctx context.Context, peer, role string) (net.Conn, error) {
	conn, err := s.Site.Dial(ctx, peer, role)
	if err != nil {
		select {
		case s.failed <- struct{}{}:
		default:
		}
	}
	return conn, err
}

func TestAPeerThatIsLateIsFound(t *testing.T) {
	network := systemtest.New(t, "a", "b")
	site := stubborn{network.Site("a", nil, nil), make(chan struct{}, 1)}
	a, err := Open(Config{Site: site, Incarnation: 1, Handle: newBox().handle})
	require.NoError(t, err)
	defer a.Close() //nolint:errcheck // test
	for range 3 {
		<-site.failed
	}
	require.True(t, a.Send(1, []byte("early")))
	in := newBox()
	b := open(t, network, "b", 1, in)
	defer b.Close() //nolint:errcheck // test
	in.wait(t, func(got []string) bool { return len(got) == 1 })
	require.Equal(t, "early", in.bodies()[0])
	require.Equal(t, int64(1), a.Stats(1).Connected)
}
