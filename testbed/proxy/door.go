package proxy

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// DialMode says what a dial over a cut link meets.
type DialMode string

const (
	// DialTimesOut: the kernel drops the SYN, as a firewall's DROP would.
	DialTimesOut DialMode = "timeout"
	// DialRefused: the kernel refuses the connection.
	DialRefused DialMode = "refused"
	// DialReset: the connection is accepted and reset at once.
	DialReset DialMode = "reset"
)

// backlog is the length of a listener's queue; the kernel has the last word.
const backlog = 1024

// door is the listener for what link.From dials to link.To in a role. Network.mu
// guards it.
type door struct {
	net  *Network
	link nemesis.Link
	role string
	ln   *net.TCPListener
	addr string

	kick     chan struct{} // tells accept that the door listens again
	shut     atomic.Bool   // not listening: dials are refused
	cut      bool
	blocking *counters // who counts the swallowed SYNs, nil while not cut
	drops    uint32    // of the socket, as far as counted
	accepted uint64    // connections so far; only accept uses it
}

func newDoor(n *Network, link nemesis.Link, role string) (*door, error) {
	ln, err := listen()
	if err != nil {
		return nil, err
	}
	return &door{
		net: n, link: link, role: role, ln: ln, addr: ln.Addr().String(),
		kick: make(chan struct{}, 1),
	}, nil
}

// set makes the door drop SYNs while cut, refuse dials while the target is down,
// and else be open. A cut comes first: nobody learns through it that a node is down.
func (d *door) set(cut, down bool) error {
	refuse := down && !cut
	if d.net.mode != DialTimesOut {
		refuse = down || cut
	}
	if err := d.setCut(cut); err != nil {
		return err
	}
	if d.net.mode == DialReset || refuse == d.shut.Load() {
		return nil
	}
	return d.setShut(refuse)
}

func (d *door) setCut(cut bool) error {
	d.countBlocked()
	if d.net.mode == DialTimesOut && cut != d.cut {
		if err := control(d.ln, func(fd int) error { return dropSYNs(fd, cut) }); err != nil {
			return err
		}
	}
	d.cut = cut
	d.blocking = nil
	if cut {
		d.blocking = d.net.countersOf(d.culprit())
		d.drops = d.dropped()
	}
	return nil
}

// culprit is the link that keeps a handshake from completing: that of the SYN
// or, if that one is whole, that of the answer.
func (d *door) culprit() nemesis.Link {
	if d.net.matrix[d.link].Cut {
		return d.link
	}
	return reverse(d.link)
}

func (d *door) setShut(shut bool) error {
	d.shut.Store(shut)
	if shut {
		return control(d.ln, unlisten)
	}
	if err := control(d.ln, relisten); err != nil {
		return err
	}
	signal(d.kick)
	return nil
}

// countBlocked adds the SYNs that were dropped since it was last called.
func (d *door) countBlocked() {
	if d.blocking == nil || d.net.mode != DialTimesOut || d.net.closed {
		return
	}
	now := d.dropped()
	d.blocking.blocked.Add(int64(now - d.drops))
	d.drops = now
}

func (d *door) dropped() (n uint32) {
	_ = control(d.ln, func(fd int) error { n = drops(fd); return nil })
	return n
}

// accept serves the door until the network is closed.
func (d *door) accept() {
	for {
		c, err := d.ln.AcceptTCP()
		if err != nil {
			if !d.pause(err) {
				return
			}
			continue
		}
		_ = control(c, func(fd int) error { return dropSYNs(fd, false) }) // it inherits the listener's option
		conn := newConn(d, c, d.accepted)
		d.accepted++
		if !d.net.admit(conn) {
			conn.abort()
			return
		}
		d.net.work.Go(conn.serve)
	}
}

// pause waits after a failed accept until it makes sense to try again. It
// returns false when the network is closed.
func (d *door) pause(err error) bool {
	var retry <-chan time.Time
	if !d.shut.Load() {
		timer := time.NewTimer(10 * time.Millisecond) // out of descriptors, most likely
		defer timer.Stop()
		retry = timer.C
	}
	select {
	case <-d.net.ctx.Done():
		return false
	case <-d.kick:
	case <-retry:
		d.net.log.Warn("accept failed", "from", d.link.From, "to", d.link.To, "role", d.role, "error", err)
	}
	return true
}

// probeDialMode finds out, on a throw-away listener, what this kernel can do.
func probeDialMode() DialMode {
	ln, err := listen()
	if err != nil {
		return DialReset
	}
	defer ln.Close()
	if control(ln, unlisten) != nil || control(ln, relisten) != nil {
		return DialReset
	}
	if control(ln, func(fd int) error { return dropSYNs(fd, true) }) != nil || !swallows(ln) {
		return DialRefused
	}
	return DialTimesOut
}

// swallows says whether a dial to the listener hangs. The kernel's count of
// dropped segments proves it at once; where there is none, time has to.
func swallows(ln *net.TCPListener) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	dialed := make(chan bool, 1)
	go func() {
		c, err := new(net.Dialer).DialContext(ctx, "tcp4", ln.Addr().String())
		if err == nil {
			_ = c.Close()
		}
		dialed <- err == nil
	}()
	poll := time.NewTicker(200 * time.Microsecond)
	defer poll.Stop()
	for {
		select {
		case connected := <-dialed:
			return !connected && ctx.Err() != nil
		case <-poll.C:
			var n uint32
			_ = control(ln, func(fd int) error { n = drops(fd); return nil })
			if n > 0 {
				cancel()
				return !<-dialed
			}
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
