package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gauntlet-go/gauntlet/system"
)

// inbound is the receiving end of a link.
type inbound struct {
	links *Links
	peer  int
	count counters
	heard atomic.Int64 // when anything came last, as system.Monotonic

	mu          sync.Mutex // held while a message is handled: order
	incarnation uint64
	seq         uint64
}

// accept serves connections of peers until the listener is closed.
func (l *Links) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			if l.ctx.Err() == nil {
				l.log.Error("accept from peers", "error", err)
			}
			return
		}
		l.tasks.Go(func() { l.receive(conn) })
	}
}

func (l *Links) receive(conn net.Conn) {
	unhook := context.AfterFunc(l.ctx, func() { _ = conn.Close() })
	defer unhook()
	defer conn.Close() //nolint:errcheck // nothing was written
	if err := l.readAll(NewReader(conn)); l.ctx.Err() == nil && !errors.Is(err, io.EOF) {
		l.log.Debug("connection from a peer broke", "error", err)
	}
}

// readAll reads frames until the connection ends, and returns why it did.
func (l *Links) readAll(frames *Reader) error {
	payload, err := frames.Next()
	if err != nil {
		return err
	}
	incarnation, id, err := parseHello(payload)
	if err != nil {
		return err
	}
	peer := slices.Index(l.cfg.Site.Peers(), id)
	if peer < 0 || peer == l.self {
		return fmt.Errorf("hello from %q, which is no peer of %q", id, l.cfg.Site.ID())
	}
	for {
		payload, err := frames.Next()
		if err != nil {
			return err
		}
		if err := l.in[peer].frame(incarnation, payload); err != nil {
			return err
		}
	}
}

// frame takes one frame of a connection made by the given incarnation of the
// peer. A frame of an older incarnation than the last one seen, or with a
// number that is not greater, is ignored.
func (i *inbound) frame(incarnation uint64, payload []byte) error {
	if len(payload) == 0 {
		return fmt.Errorf("%w: empty", ErrFrame)
	}
	if payload[0] == kindHello {
		return nil // a repeated one
	}
	seq, n := binary.Uvarint(payload[1:])
	if n <= 0 || (payload[0] != kindData && payload[0] != kindPing) {
		return fmt.Errorf("%w: kind %d", ErrFrame, payload[0])
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if incarnation < i.incarnation || (incarnation == i.incarnation && seq <= i.seq) {
		i.count.repeated.Add(1)
		return nil
	}
	if incarnation == i.incarnation {
		i.count.missed.Add(int64(seq - i.seq - 1))
	}
	i.incarnation, i.seq = incarnation, seq
	i.heard.Store(int64(system.Monotonic()))
	if payload[0] == kindData {
		i.count.received.Add(1)
		i.links.cfg.Handle(i.peer, payload[1+n:])
	}
	return nil
}
