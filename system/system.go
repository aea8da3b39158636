package system

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// Roles of connections. A node listens once for each role that it serves.
const (
	// RolePeer is for connections between nodes.
	RolePeer = "peer"
	// RoleClient is for connections of clients. A node listens on it only
	// when it is ready to serve: that is how the testbed knows.
	RoleClient = "client"
)

// System is what one must write to put something under test.
type System interface {
	// Name names the system in commands and reports: "quorum", "mykv".
	Name() string
	// Node runs one node until ctx ends or it fails. It may touch nothing but
	// its site: that is what lets the same code run as a process over TCP and
	// in virtual time.
	Node(ctx context.Context, site Site) error
	// Client returns a client that sends its operations to the given node. It
	// need not connect at once.
	Client(ctx context.Context, net Dialer, node string, options Options) (Client, error)
}

// Client turns operations into requests. One goroutine uses it at a time, for
// one operation at a time.
type Client interface {
	// Invoke sends the request and waits for the reply, until ctx ends. It
	// must not retry an operation that has an effect.
	Invoke(ctx context.Context, op histories.Op) Outcome
	// Close releases the client's connections.
	Close() error
}

// Outcome is the end of an operation as its client saw it. The zero Outcome is
// unknown: an error that is not marked as definite leaves it open whether the
// operation happened.
type Outcome struct {
	definite histories.Type // 0 means unknown
	value    histories.Value
	err      error
}

// OK says that the operation happened, with its result.
func OK(value histories.Value) Outcome { return Outcome{definite: histories.OK, value: value} }

// Failed says that the operation did not happen and never will.
func Failed(err error) Outcome { return Outcome{definite: histories.Fail, err: err} }

// Unsure says that the operation may or may not happen, now or later.
func Unsure(err error) Outcome { return Outcome{err: err} }

// Complete returns the completion of an invocation.
func (o Outcome) Complete(invoke histories.Op) histories.Op {
	done := invoke
	done.Type = histories.Info
	if o.definite != 0 {
		done.Type = o.definite
	}
	if o.definite == histories.OK {
		done.Value = o.value
	} else if o.err != nil {
		done.Error = o.err.Error()
	} else {
		done.Error = "the client gave no reason"
	}
	return done
}

// Dialer reaches nodes the way a client does: through the testbed's links.
type Dialer interface {
	Dial(ctx context.Context, node, role string) (net.Conn, error)
}

// Site is all that a node may touch.
type Site interface {
	// ID is the node's own name, Peers the names of all nodes of the
	// configuration, itself included, in a fixed order.
	ID() string
	Peers() []string
	// Listen announces the node for a role; Dial reaches a peer's listener.
	Listen(role string) (net.Listener, error)
	Dial(ctx context.Context, peer, role string) (net.Conn, error)
	// Disk is the node's own directory. What was not synced is lost when the
	// node is killed.
	Disk() Disk
	// Now is the wall clock, which a nemesis may skew. For durations and
	// timers use package time.
	Now() time.Time
	// Rand returns dice derived from the run's seed, the node and the name.
	Rand(name string) *rand.Rand
	// Options are the run's options for the system.
	Options() Options
	// Setting returns a named setting that a nemesis may change at any time:
	// a fault that only the system itself can do. "" means none.
	Setting(name string) string
	// Failpoint is a named point at which a nemesis may end the node or make
	// it wait. It costs next to nothing while not armed.
	Failpoint(name string)
	// Count adds to a named counter that the harness can read, also after the
	// node's death.
	Count(name string, delta int64)
	// Trace states what the node did, as key-value pairs like slog's.
	Trace(name string, attrs ...any)
	// Log is the node's logger.
	Log() *slog.Logger
}

// Options are a run's options for the system, by name. "design" is "safe" or
// "seed" everywhere.
type Options map[string]string

// Get returns an option or, if it is not set, the fallback.
func (o Options) Get(name, fallback string) string {
	if v, ok := o[name]; ok && v != "" {
		return v
	}
	return fallback
}

// Design returns the option "design": safe unless set.
func (o Options) Design() string { return o.Get("design", "safe") }

// ErrKilled is what a site answers to a node that is no more.
var ErrKilled = errors.New("the node was killed")

// The optional abilities of a system, found by type assertion.

// Validator checks the options before a run.
type Validator interface {
	Validate(Options) error
}

// Injectable names the faults that only the system itself can do.
type Injectable interface {
	// Failpoints are the names of the failpoints in its nodes.
	Failpoints() []string
	// RefusesKeys says that nodes honour the setting SettingRefuseKey.
	RefusesKeys() bool
}

// SettingRefuseKey makes a replica refuse to store keys: a [path.Match] pattern
// over keys, "" for none.
const SettingRefuseKey = "refuse-key"

// CountRefused is the counter of the times that a replica refused: the evidence.
const CountRefused = "refused"

// Framed tells where the messages of a connection end, so that a testbed can
// lose, repeat and reorder them.
type Framed interface {
	// Framer returns the framer of a role, nil if its streams have no frames.
	Framer(role string) Framer
}

// Framer finds the frames of a stream. Both directions of a connection use it.
type Framer interface {
	// HeaderSize is the number of bytes that must be seen to know a frame's
	// size.
	HeaderSize() int
	// FrameSize returns the size of the frame, header included, that begins
	// with these HeaderSize bytes.
	FrameSize(header []byte) (int, error)
}
