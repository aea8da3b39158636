package proxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/internal/dice"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

// dialTimeout bounds the dial to a target on the same machine.
const dialTimeout = 10 * time.Second

// conn is one proxied connection: the dialler's socket, the target's, and a pump
// for each direction.
type conn struct {
	door    *door
	ordinal uint64
	ctx     context.Context // done when the connection was reset
	cancel  context.CancelFunc
	wake    chan struct{} // the condition has changed before there were pumps

	mu      sync.Mutex // taken after that of a pump
	aborted bool
	near    *net.TCPConn // the dialler's
	far     *net.TCPConn // the target's, nil until connected

	pumps []*pump // there and back, none until connected; Network.mu guards it
}

func newConn(d *door, near *net.TCPConn, ordinal uint64) *conn {
	ctx, cancel := context.WithCancel(context.Background())
	return &conn{door: d, near: near, ordinal: ordinal, ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1)}
}

// serve carries the connection from its accept to its end.
func (c *conn) serve() {
	defer c.cancel()
	defer c.door.net.forget(c)
	if !c.await() || !c.connect() {
		return
	}
	var back sync.WaitGroup
	back.Go(c.pumps[1].run)
	c.pumps[0].run()
	back.Wait()
	_ = c.near.Close() // both directions were ended
	_ = c.far.Close()
}

// await holds a connection that slipped in although the link is cut.
func (c *conn) await() bool {
	for c.cut() {
		if c.door.net.mode == DialReset {
			c.abort()
			return false
		}
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return false
		}
	}
	return c.ctx.Err() == nil
}

func (c *conn) cut() bool {
	n := c.door.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if cut := n.cut(c.door.link); !cut || n.mode != DialReset {
		return cut
	}
	n.countersOf(c.door.culprit()).blocked.Add(1)
	return true
}

// connect dials the target and sets up the pumps. It resets the dialler if the
// target does not listen.
func (c *conn) connect() bool {
	far, err := c.dial()
	if err != nil {
		if c.await() { // the news has to travel back
			c.door.net.refused(c.door.link)
			c.abort()
		}
		return false
	}
	if !c.adopt(far) {
		reset(far)
		return false
	}
	c.door.net.start(c)
	return true
}

func (c *conn) dial() (*net.TCPConn, error) {
	addr := c.door.net.target(c.door)
	if addr == "" {
		return nil, errDown
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	far, err := dialer.DialContext(c.door.net.ctx, "tcp", addr) // a reset waits, so that the target sees one, too
	if err != nil {
		return nil, err
	}
	return far.(*net.TCPConn), nil
}

// adopt makes far the other end, unless the connection has been reset.
func (c *conn) adopt(far *net.TCPConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aborted {
		return false
	}
	c.far = far
	return true
}

// abort resets the connection on both sides. It may be called more than once.
func (c *conn) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aborted {
		return
	}
	c.aborted = true
	c.cancel()
	reset(c.near)
	if c.far != nil {
		reset(c.far)
	}
}

func reset(s *net.TCPConn) {
	_ = s.SetLinger(0) // what fails on a socket that is closed already is not needed
	_ = s.Close()
}

// start gives the connection its pumps, under the matrix of this moment.
func (n *Network) start(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	there := n.newPump(c, c.door.link, c.near, c.far)
	back := n.newPump(c, reverse(c.door.link), c.far, c.near)
	there.twin, back.twin = back, there
	c.pumps = []*pump{there, back}
}

func (n *Network) newPump(c *conn, link nemesis.Link, src, dst *net.TCPConn) *pump {
	p := &pump{
		conn: c, link: link, src: src, dst: dst,
		stats: n.countersOf(link), fate: n.dice(c, link, "fate"), shape: n.dice(c, link, "shape"),
		wake: make(chan struct{}, 1), buf: make([]byte, minChunk),
	}
	p.cond = n.matrix[link]
	p.healthy = p.cond == nemesis.Condition{}
	p.frames.framer = n.framer(c.door.role)
	return p
}

// dice derives dice of a direction from the seed and the names of things.
func (n *Network) dice(c *conn, link nemesis.Link, what string) *rand.Rand {
	return dice.For(n.seed, fmt.Sprintf("%q %q %q %q %d %s", c.door.link.From, c.door.link.To, c.door.role, link.From, c.ordinal, what))
}

func (n *Network) refused(l nemesis.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.countersOf(l).refused.Add(1)
}
