package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
)

// Config is what a network needs. The zero value is usable.
type Config struct {
	// Seed feeds the dice of every connection.
	Seed uint64
	// Framer returns the framer of a role, nil if its streams have no frames.
	// It is called once per direction of a connection. nil: no role has frames.
	Framer func(role string) system.Framer
	// Logger is told what an operator would want to know; nil discards it.
	Logger *slog.Logger
}

// Network stands between nodes, and between clients and nodes. It implements
// [nemesis.Links]. Its methods may be called from any goroutine.
type Network struct {
	seed   uint64
	framer func(role string) system.Framer
	log    *slog.Logger
	mode   DialMode

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex // taken before the lock of any pump
	closed   bool
	matrix   nemesis.Matrix
	doors    map[endpoint]*door
	targets  map[target]string
	conns    map[*conn]struct{}
	counters map[nemesis.Link]*counters
}

var _ nemesis.Links = (*Network)(nil)

type endpoint struct {
	link nemesis.Link
	role string
}

type target struct {
	node, role string
}

var (
	errClosed = errors.New("proxy: the network is closed")
	errNoLink = errors.New("there is no such link")
	errDown   = errors.New("the target does not listen")
)

// New returns a network without links. It asks the kernel once whether dials
// can be made to time out; see [Network.DialMode].
func New(c Config) *Network {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Framer == nil {
		c.Framer = func(string) system.Framer { return nil }
	}
	n := &Network{
		seed: c.Seed, framer: c.Framer, log: c.Logger, mode: probeDialMode(),
		matrix: nemesis.Matrix{}, doors: map[endpoint]*door{}, targets: map[target]string{},
		conns: map[*conn]struct{}{}, counters: map[nemesis.Link]*counters{},
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if n.mode != DialTimesOut {
		n.log.Warn("dials over a cut link cannot be made to time out on this kernel", "instead", n.mode)
	}
	return n
}

// DialMode says what a dial over a cut link meets.
func (n *Network) DialMode() DialMode { return n.mode }

// Open listens on 127.0.0.1:0 for the connections of role that link.From dials
// to link.To and returns the address to dial. The node that link leads to is
// down until SetTarget says where it listens. Opening the same door twice is an error.
func (n *Network) Open(link nemesis.Link, role string) (addr string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := endpoint{link, role}
	switch {
	case n.closed:
		return "", errClosed
	case link.From == "" || link.To == "" || link.From == link.To:
		return "", fmt.Errorf("proxy: open %s -> %s for role %q: a link needs two different ends", link.From, link.To, role)
	case n.doors[key] != nil:
		return "", fmt.Errorf("proxy: open %s -> %s for role %q: already open at %s", link.From, link.To, role, n.doors[key].addr)
	}
	d, err := newDoor(n, link, role)
	if err != nil {
		return "", fmt.Errorf("proxy: open %s -> %s for role %q: %w", link.From, link.To, role, err)
	}
	n.doors[key] = d
	n.countersOf(link)
	n.countersOf(reverse(link))
	if err := n.adjust(d); err != nil {
		delete(n.doors, key)
		return "", errors.Join(err, d.ln.Close())
	}
	n.work.Go(d.accept)
	return d.addr, nil
}

// SetTarget says where a node now listens for a role. "" says that it does not,
// because it is down: new connections to it are refused, live ones end by themselves.
func (n *Network) SetTarget(node, role, addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.targets[target{node, role}] = addr
	for key, d := range n.doors {
		if key.link.To != node || key.role != role || n.closed {
			continue
		}
		if err := n.adjust(d); err != nil {
			n.log.Error("cannot adjust a listener", "error", err)
		}
	}
}

// Close resets every connection, closes every listener and returns when all
// goroutines of the network are gone.
func (n *Network) Close() error {
	n.mu.Lock()
	var errs []error
	if !n.closed {
		n.closed = true
		n.cancel()
		for _, d := range n.doors {
			errs = append(errs, d.ln.Close())
		}
		for c := range n.conns {
			c.abort()
		}
	}
	n.mu.Unlock()
	n.work.Wait()
	return errors.Join(errs...)
}

// adjust brings a door into the state that the matrix and its target ask for.
func (n *Network) adjust(d *door) error {
	cut := n.cut(d.link)
	down := n.targets[target{d.link.To, d.role}] == ""
	if err := d.set(cut, down); err != nil {
		return fmt.Errorf("proxy: %s -> %s, role %q: %w", d.link.From, d.link.To, d.role, err)
	}
	return nil
}

// cut says whether a handshake over the link would fail: its SYN or the answer.
func (n *Network) cut(l nemesis.Link) bool { return n.matrix[l].Cut || n.matrix[reverse(l)].Cut }

// admit registers an accepted connection, unless the network is closed.
func (n *Network) admit(c *conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	n.conns[c] = struct{}{}
	return true
}

func (n *Network) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

func (n *Network) target(d *door) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.targets[target{d.link.To, d.role}]
}

func reverse(l nemesis.Link) nemesis.Link { return nemesis.Link{From: l.To, To: l.From} }

// isTimeout says that a deadline passed: that is how a blocked read or write is
// called back.
func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
