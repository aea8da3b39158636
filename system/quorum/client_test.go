package quorum

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/cluster"
	"github.com/gauntlet-go/gauntlet/system/systemtest"
)

// puppet is a node that answers clients as the test says.
func puppet(t *testing.T, answer func(m message) []message) (*Client, func() []message) {
	network := systemtest.New(t, "n1")
	l, err := network.Site("n1", nil, nil).Listen(system.RoleClient)
	require.NoError(t, err)
	var mu sync.Mutex
	var seen []message
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				serve(conn, func(m message) []message {
					mu.Lock()
					seen = append(seen, m)
					mu.Unlock()
					return answer(m)
				})
			})
		}
	})
	c := &Client{net: network, node: "n1", fallback: 300 * time.Millisecond}
	t.Cleanup(func() {
		_ = c.Close()
		_ = l.Close()
		tasks.Wait()
	})
	return c, func() []message {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

func serve(conn net.Conn, answer func(m message) []message) {
	defer conn.Close() //nolint:errcheck // test
	frames := cluster.NewReader(conn)
	for {
		payload, err := frames.Next()
		if err != nil {
			return
		}
		m, err := decode(payload)
		if err != nil {
			return
		}
		for _, r := range answer(m) {
			if _, err := conn.Write(cluster.AppendFrame(nil, r.append(nil))); err != nil {
				return
			}
		}
	}
}

func silent(message) []message { return nil }

func TestAWriteIsSentOnce(t *testing.T) {
	c, seen := puppet(t, silent)
	require.Equal(t, histories.Info, write(t, c, "k", 1).Type)
	require.Len(t, seen(), 1)
}

func TestAReadIsSentAgain(t *testing.T) {
	c, seen := puppet(t, silent)
	require.Equal(t, histories.Fail, read(t, c, "k").Type, "it has no effect")
	require.Len(t, seen(), readTries)

	var once sync.Once
	c, seen = puppet(t, func(m message) (replies []message) {
		replies = []message{{kind: kindReply, id: m.id, status: statusDone, flags: flagPresent, value: []byte("7")}}
		once.Do(func() { replies = nil })
		return replies
	})
	require.Equal(t, int64(7), read(t, c, "k").Value.Int())
	require.Len(t, seen(), 2)
}

func TestAReplyToAnotherRequestIsIgnored(t *testing.T) {
	c, _ := puppet(t, func(m message) []message {
		return []message{
			{kind: kindReply, id: m.id + 100, status: statusDone, flags: flagPresent, value: []byte("1")},
			{kind: kindReply, id: m.id, status: statusDone, flags: flagPresent, value: []byte("2")},
		}
	})
	require.Equal(t, int64(2), read(t, c, "k").Value.Int())
}

func TestWhatTheNodeSaysIsPassedOn(t *testing.T) {
	for st, want := range map[status]histories.Type{
		statusDone: histories.OK, statusRejected: histories.Fail, statusUnknown: histories.Info,
	} {
		c, _ := puppet(t, func(m message) []message { return []message{{kind: kindReply, id: m.id, status: st}} })
		require.Equal(t, want, write(t, c, "k", 1).Type)
	}
}

func TestNothingWasSentToANodeThatIsDown(t *testing.T) {
	c := &Client{net: systemtest.New(t, "n1"), node: "n1", fallback: time.Second}
	done := c.Invoke(context.Background(), histories.Op{F: "write", Key: "k", Value: histories.IntValue(1)}).Complete(histories.Op{F: "write"})
	require.Equal(t, histories.Fail, done.Type)
}
