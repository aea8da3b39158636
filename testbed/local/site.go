package local

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
)

// SettingClockOffset skews a node's wall clock: the value is added to Site.Now
// and has the form of [time.ParseDuration], such as "-1.5s".
const SettingClockOffset = "clock/offset"

// site is the [system.Site] of a node's process.
type site struct {
	spec   nodeSpec
	log    *slog.Logger
	ctl    *control
	board  *board
	points *failpoints
	trace  *tracer
	disk   system.Disk

	settings atomic.Pointer[map[string]string] // replaced as a whole
	offset   atomic.Int64                      // of the wall clock, in nanoseconds

	mu   sync.Mutex
	self map[string]string // role → address of the node's own listener
}

var _ system.Site = (*site)(nil)

func openSite(spec nodeSpec, ctl *control, log *slog.Logger) (*site, error) {
	s := &site{spec: spec, log: log, ctl: ctl, self: map[string]string{}}
	s.settings.Store(&map[string]string{})
	for name, value := range ctl.welcome.Settings {
		s.set(name, value)
	}
	var err error
	if s.board, err = openBoard(spec.Board); err != nil {
		return nil, err
	}
	s.points = newFailpoints(ctl.welcome.Armed, s.Count)
	if s.trace, err = openTrace(filepath.Join(spec.Dir, traceFile), spec); err != nil {
		return nil, err
	}
	if s.disk, err = openDisk(filepath.Join(spec.Dir, dataDir), s); err != nil {
		return nil, err
	}
	return s, nil
}

// set is called at boot and then by the control connection only.
func (s *site) set(name, value string) {
	next := maps.Clone(*s.settings.Load())
	if value == "" {
		delete(next, name)
	} else {
		next[name] = value
	}
	if name == SettingClockOffset {
		offset, _ := parseOffset(value) // the harness has refused what is none
		s.offset.Store(int64(offset))
	}
	s.settings.Store(&next)
}

func parseOffset(value string) (time.Duration, error) {
	if value == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, fmt.Errorf("setting %s is %q, expected a duration such as -1.5s", SettingClockOffset, value)
	}
	return d, nil
}

func (s *site) ID() string                   { return s.spec.ID }
func (s *site) Peers() []string              { return slices.Clone(s.spec.Peers) }
func (s *site) Disk() system.Disk            { return s.disk }
func (s *site) Options() system.Options      { return s.spec.Options }
func (s *site) Setting(name string) string   { return (*s.settings.Load())[name] }
func (s *site) Failpoint(name string)        { s.points.pass(name) }
func (s *site) Log() *slog.Logger            { return s.log }
func (s *site) Now() time.Time               { return wallClock(time.Now(), time.Duration(s.offset.Load())) }
func (s *site) Rand(name string) *rand.Rand  { return rand.New(s.source(name)) }
func (s *site) Trace(name string, a ...any)  { s.complain("trace", name, s.trace.add(name, a)) }
func (s *site) Count(name string, add int64) { s.complain("count", name, s.count(name, add)) }

// wallClock drops the monotonic reading: what is left jumps with the offset.
func wallClock(now time.Time, offset time.Duration) time.Time { return now.Round(0).Add(offset) }

func (s *site) complain(what, name string, err error) {
	if err != nil {
		s.log.Error("cannot "+what, "name", name, "err", err)
	}
}

func (s *site) count(name string, delta int64) error {
	if !s.board.add(name, delta) {
		return fmt.Errorf("there is room for %d names only", boardSlots-1)
	}
	return nil
}

// source derives dice from everything that tells them from other dice.
func (s *site) source(name string) *rand.PCG {
	return dice(s.spec.Seed, s.spec.ID, s.spec.Incarnation, name)
}

func dice(seed uint64, node string, boot int, name string) *rand.PCG {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %d %q", seed, node, boot, name))
	return rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16]))
}

// Listen listens on loopback and tells the harness, which then directs the
// links of the role here.
func (s *site) Listen(role string) (net.Listener, error) {
	if role != system.RolePeer && role != system.RoleClient {
		return nil, fmt.Errorf("role %q: expected %s or %s", role, system.RolePeer, system.RoleClient)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	s.mu.Lock()
	s.self[role] = addr
	s.mu.Unlock()
	if err := s.ctl.send(announcement{Role: role, Addr: addr}); err != nil {
		l.Close() //nolint:errcheck // the first error counts
		return nil, fmt.Errorf("announce the listener for %s: %w", role, err)
	}
	return l, nil
}

// Dial goes through the link from this node to the peer; to the node itself it
// goes directly.
func (s *site) Dial(ctx context.Context, peer, role string) (net.Conn, error) {
	addr, err := s.address(peer, role)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func (s *site) address(peer, role string) (string, error) {
	if peer != s.spec.ID {
		if addr, found := s.spec.Dial[peer][role]; found {
			return addr, nil
		}
		return "", fmt.Errorf("no link from %s to %q for role %q", s.spec.ID, peer, role)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if addr, found := s.self[role]; found {
		return addr, nil
	}
	return "", fmt.Errorf("%s does not listen for role %q itself", peer, role)
}
