package cluster

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
)

// Config is what links need.
type Config struct {
	Site system.Site
	// Incarnation is the boot count of this node: greater at each start.
	Incarnation uint64
	// Handle receives the messages. It is called in order for each sender, by
	// several goroutines for several senders, and must not keep body. Senders
	// are indexes into Site.Peers.
	Handle func(from int, body []byte)
	// QueueBytes bounds what waits for one peer; 0 means 1 MiB.
	QueueBytes int
	// Ping is the interval at which an idle link shows that its sender is
	// alive; 0 means 50 ms.
	Ping time.Duration
	// DialTimeout bounds one attempt to connect; 0 means 500 ms.
	DialTimeout time.Duration
}

const (
	defaultQueue = 1 << 20
	defaultPing  = 50 * time.Millisecond
	defaultDial  = 500 * time.Millisecond
	// silentPings without a word make a peer count as not alive.
	silentPings = 5
	minBackoff  = 5 * time.Millisecond
	maxBackoff  = 200 * time.Millisecond
)

func (c Config) withDefaults() Config {
	if c.QueueBytes == 0 {
		c.QueueBytes = defaultQueue
	}
	if c.Ping == 0 {
		c.Ping = defaultPing
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = defaultDial
	}
	return c
}

// Links are the links of one node with all its peers.
type Links struct {
	cfg      Config
	self     int
	log      *slog.Logger
	listener net.Listener
	out      []*outbound // by peer; nil for the node itself
	in       []*inbound

	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// Stats counts what happened to the links of a node with one peer.
type Stats struct {
	Sent      int64 // messages accepted by Send
	Dropped   int64 // messages refused by Send or lost with a connection, as far as known
	Received  int64 // messages handed to Handle
	Repeated  int64 // frames ignored because their number had been seen
	Missed    int64 // numbers that were skipped: frames lost on the way
	Connected int64 // connections made
}

type counters struct {
	sent, dropped, received, repeated, missed, connected atomic.Int64
}

// Open starts the links of a site: it listens on the role of peers and connects
// to each of them.
func Open(cfg Config) (*Links, error) {
	cfg = cfg.withDefaults()
	peers := cfg.Site.Peers()
	self := slices.Index(peers, cfg.Site.ID())
	if self < 0 {
		return nil, fmt.Errorf("node %q is not among the configured peers %v", cfg.Site.ID(), peers)
	}
	listener, err := cfg.Site.Listen(system.RolePeer)
	if err != nil {
		return nil, fmt.Errorf("listen for peers: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Links{
		cfg: cfg, self: self, log: cfg.Site.Log(), listener: listener, ctx: ctx, cancel: cancel,
		out: make([]*outbound, len(peers)), in: make([]*inbound, len(peers)),
	}
	for i := range peers {
		if i != self {
			l.out[i] = newOutbound(l, i)
			l.in[i] = &inbound{links: l, peer: i}
		}
	}
	for _, o := range l.out {
		if o != nil {
			l.tasks.Go(o.run)
		}
	}
	l.tasks.Go(l.accept)
	return l, nil
}

// Self is the index of the node itself in Site.Peers.
func (l *Links) Self() int { return l.self }

// Send puts a message into the queue of a peer and returns at once; false says
// that it was dropped because the queue is full. A message to oneself or to an
// index outside the membership is refused too.
func (l *Links) Send(to int, body []byte) bool {
	return l.SendFunc(to, func(b []byte) []byte { return append(b, body...) })
}

// SendFunc is Send for a message that build appends to a buffer.
func (l *Links) SendFunc(to int, build func(b []byte) []byte) bool {
	if to < 0 || to >= len(l.out) || to == l.self {
		return false
	}
	return l.out[to].send(build)
}

// Alive reports whether a peer was heard of lately. It is a guess, not a fact:
// nothing that has to be right may rest on it.
func (l *Links) Alive(peer int) bool {
	if peer == l.self {
		return true
	}
	heard := time.Duration(l.in[peer].heard.Load())
	return heard > 0 && system.Monotonic()-heard < silentPings*l.cfg.Ping
}

// Stats returns the counters of the two links with a peer.
func (l *Links) Stats(peer int) Stats {
	if peer == l.self {
		return Stats{}
	}
	o, i := &l.out[peer].count, &l.in[peer].count
	return Stats{
		Sent: o.sent.Load(), Dropped: o.dropped.Load(), Connected: o.connected.Load(),
		Received: i.received.Load(), Repeated: i.repeated.Load(), Missed: i.missed.Load(),
	}
}

// Close ends all links. Messages that still wait are dropped.
func (l *Links) Close() error {
	l.cancel()
	err := l.listener.Close()
	for _, o := range l.out {
		if o != nil {
			o.queue.Close()
		}
	}
	l.tasks.Wait()
	return err
}

// The first byte of a payload says what it is.
const (
	kindHello byte = 1 + iota // incarnation, name of the sender
	kindData                  // number, body
	kindPing                  // number
)

func appendHello(b []byte, incarnation uint64, id string) []byte {
	b = append(b, kindHello)
	b = binary.AppendUvarint(b, incarnation)
	return append(b, id...)
}

func parseHello(payload []byte) (incarnation uint64, id string, err error) {
	if len(payload) == 0 || payload[0] != kindHello {
		return 0, "", fmt.Errorf("%w: the first frame of a connection must be a hello", ErrFrame)
	}
	incarnation, n := binary.Uvarint(payload[1:])
	if n <= 0 {
		return 0, "", fmt.Errorf("%w: hello without an incarnation", ErrFrame)
	}
	return incarnation, string(payload[1+n:]), nil
}
