package cluster

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
)

// outbound is the sending end of a link.
type outbound struct {
	links *Links
	peer  int
	name  string
	queue *Queue
	count counters
	dice  *rand.Rand // of run alone

	mu  sync.Mutex // number and place in the queue belong together
	seq uint64
}

func newOutbound(l *Links, peer int) *outbound {
	name := l.cfg.Site.Peers()[peer]
	return &outbound{
		links: l, peer: peer, name: name,
		queue: NewQueue(l.cfg.QueueBytes),
		dice:  l.cfg.Site.Rand("link/" + name),
	}
}

func (o *outbound) send(build func(b []byte) []byte) bool {
	if !o.add(kindData, build) {
		o.count.dropped.Add(1)
		return false
	}
	o.count.sent.Add(1)
	return true
}

func (o *outbound) add(kind byte, build func(b []byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	ok := o.queue.Add(func(b []byte) []byte {
		return build(binary.AppendUvarint(append(b, kind), o.seq+1))
	})
	if ok {
		o.seq++
	}
	return ok
}

// run keeps the link connected until the links are closed.
func (o *outbound) run() {
	backoff := minBackoff
	for o.links.ctx.Err() == nil {
		conn, err := o.dial()
		if err != nil {
			o.sleep(backoff/2 + time.Duration(o.dice.Int64N(int64(backoff))))
			backoff = min(2*backoff, maxBackoff)
			continue
		}
		backoff = minBackoff
		o.count.connected.Add(1)
		o.serve(conn)
	}
}

func (o *outbound) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(o.links.ctx, o.links.cfg.DialTimeout)
	defer cancel()
	return o.links.cfg.Site.Dial(ctx, o.name, system.RolePeer)
}

func (o *outbound) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-o.links.ctx.Done():
	}
}

// serve writes the queue to the connection until it breaks. The peer never
// sends anything on it: a read that returns means that it has ended.
func (o *outbound) serve(conn net.Conn) {
	stop := make(chan struct{})
	var tasks sync.WaitGroup
	tasks.Go(func() {
		defer close(stop)
		_, _ = io.Copy(io.Discard, conn)
	})
	tasks.Go(func() { o.ping(stop) })
	unhook := context.AfterFunc(o.links.ctx, func() { _ = conn.Close() })
	defer unhook()

	hello := AppendFrame(nil, appendHello(nil, o.links.cfg.Incarnation, o.links.cfg.Site.ID()))
	_, err := conn.Write(hello)
	if err == nil {
		var lost int
		lost, err = o.queue.Drain(conn, stop)
		o.count.dropped.Add(int64(lost))
	}
	if err != nil && o.links.ctx.Err() == nil {
		o.links.log.Debug("link broke", "to", o.name, "error", err)
	}
	_ = conn.Close()
	tasks.Wait()
}

// ping shows the peer that this node is alive.
func (o *outbound) ping(stop <-chan struct{}) {
	tick := time.NewTicker(o.links.cfg.Ping)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			o.add(kindPing, func(b []byte) []byte { return b })
		case <-stop:
			return
		}
	}
}
