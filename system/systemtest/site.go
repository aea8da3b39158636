package systemtest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gauntlet-go/gauntlet/internal/dice"
	"github.com/gauntlet-go/gauntlet/system"
)

// Net connects the sites of a test.
type Net struct {
	t     testing.TB
	nodes []string

	mu    sync.Mutex
	addrs map[string]string // node/role → address
}

// New returns a network for nodes of these names.
func New(t testing.TB, nodes ...string) *Net {
	return &Net{t: t, nodes: nodes, addrs: make(map[string]string)}
}

// Dial connects to a node, as a client would.
func (n *Net) Dial(ctx context.Context, node, role string) (net.Conn, error) {
	n.mu.Lock()
	addr := n.addrs[node+"/"+role]
	n.mu.Unlock()
	if addr == "" {
		return nil, fmt.Errorf("dial %s for %s: it does not listen", node, role)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// Site returns the site of one start of a node.
func (n *Net) Site(node string, disk system.Disk, options system.Options) *Site {
	return &Site{
		net: n, id: node, disk: disk, options: options,
		log: slog.New(slog.NewTextHandler(n.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), counts: make(map[string]int64),
		settings: make(map[string]string), points: make(map[string]func()),
	}
}

// Site is a [system.Site] whose settings and failpoints the test controls.
type Site struct {
	net     *Net
	id      string
	disk    system.Disk
	options system.Options
	log     *slog.Logger

	mu       sync.Mutex
	counts   map[string]int64
	settings map[string]string
	points   map[string]func()
	serving  atomic.Bool
}

var _ system.Site = (*Site)(nil)

// ID returns the node's name.
func (s *Site) ID() string { return s.id }

// Peers returns the names of all nodes.
func (s *Site) Peers() []string { return s.net.nodes }

// Listen listens on a free port of the loopback interface.
func (s *Site) Listen(role string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.net.mu.Lock()
	defer s.net.mu.Unlock()
	s.net.addrs[s.id+"/"+role] = l.Addr().String()
	s.serving.Store(s.serving.Load() || role == system.RoleClient)
	return l, nil
}

// Serving reports whether the node has begun to listen for clients.
func (s *Site) Serving() bool { return s.serving.Load() }

// Dial connects to a peer.
func (s *Site) Dial(ctx context.Context, peer, role string) (net.Conn, error) {
	return s.net.Dial(ctx, peer, role)
}

// Disk returns the disk that the site was made with.
func (s *Site) Disk() system.Disk { return s.disk }

// Now is the wall clock.
func (s *Site) Now() time.Time { return time.Now() }

// Rand returns dice that depend on the node and the name alone.
func (s *Site) Rand(name string) *rand.Rand {
	return dice.For(1, s.id+"/"+name)
}

// Options returns the options that the site was made with.
func (s *Site) Options() system.Options { return s.options }

// Setting returns what Set has set.
func (s *Site) Setting(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings[name]
}

// Set changes a setting.
func (s *Site) Set(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings[name] = value
}

// Failpoint runs what Arm has armed.
func (s *Site) Failpoint(name string) {
	s.mu.Lock()
	action := s.points[name]
	s.mu.Unlock()
	if action != nil {
		action()
	}
}

// Arm makes every passage of a failpoint run an action; nil disarms it.
func (s *Site) Arm(name string, action func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.points[name] = action
}

// Count adds to a counter.
func (s *Site) Count(name string, delta int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name] += delta
}

// Counter returns a counter.
func (s *Site) Counter(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[name]
}

// Trace counts the event under "trace/" and its name.
func (s *Site) Trace(name string, _ ...any) { s.Count("trace/"+name, 1) }

// Log logs warnings and errors to the test's output.
func (s *Site) Log() *slog.Logger { return s.log }
