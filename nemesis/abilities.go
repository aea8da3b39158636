package nemesis

import (
	"context"
	"time"
)

// The abilities that faults need of a testbed, each a small interface found by
// type assertion. A testbed that lacks one cannot do the faults that need it,
// and they are refused by name.
//
// The calls about one node never overlap, except LinkStats, Counter and Down,
// which may come at any time from any goroutine; calls about different nodes do,
// and so do they with those of the network. Apply and Reset may overlap too. No
// call is made to a node that is known to be down, except Boot; none to one that
// is paused, except Resume and Kill.

// Links is a testbed whose network can be disturbed.
type Links interface {
	// Apply makes m the desired state of every link: atomic over all links and
	// idempotent. It returns when the new state is in force.
	Apply(ctx context.Context, m Matrix) error
	// Reset resets (RST) the connections that now exist over the links.
	Reset(ctx context.Context, links []Link) error
	// LinkStats is the evidence, for each link that exists.
	LinkStats() map[Link]LinkStats
}

// Processes is a testbed that can end and restart nodes.
type Processes interface {
	// Kill ends the node at once, as a power failure would: what its disk had
	// not synced is gone. It returns when the node is gone. A paused node can be
	// killed. After an error the node still runs, unless Watch says otherwise.
	Kill(ctx context.Context, node string) (Death, error)
	// Boot starts a node that is down and returns when it serves, which may be
	// only when others do: several starts overlap.
	Boot(ctx context.Context, node string) error
}

// Death is the evidence of a kill.
type Death struct {
	Node        string
	Incarnation int   // the boot that was ended
	LostWrites  int64 // writes, renames, creations and removals that were not synced
	LostBytes   int64 // bytes in them
}

// Pauses is a testbed that can stop a node in its tracks and let it go on.
type Pauses interface {
	// Pause returns when every thread of the node stands still.
	Pause(ctx context.Context, node string) error
	// Resume lets the node go on; for one that is not paused it does nothing.
	Resume(ctx context.Context, node string) error
}

// Failpoints is a testbed that can arm the failpoints of a node.
type Failpoints interface {
	// Arm makes the next passage of the point die (after the delay) or, if
	// Crash is false, sleep for the delay. The last call counts; the zero
	// action disarms. It holds for one passage in the node's present
	// incarnation: a node that is started has nothing armed.
	Arm(ctx context.Context, node, point string, action Action) error
}

// Action is what an armed failpoint does.
type Action struct {
	Crash bool          `json:"crash,omitempty"`
	Delay time.Duration `json:"delay,omitempty"`
}

// Settings is a testbed that can pass named settings to nodes while they run:
// faults that only the system itself can do, such as refusing a key, and faults
// of the disk and the clock that the node's own site does. "" takes it back. The
// nemesis sets again, after a start, what is still wanted, so that a testbed may
// keep settings over a restart or not.
type Settings interface {
	Set(ctx context.Context, node, name, value string) error
}

// Counters is a testbed whose nodes count what happens to them: failpoint hits
// under "failpoint/<name>", refusals of the system under "refused", torn writes
// under "disk/torn". Counters survive the death of the node and only grow; a
// failpoint's counter has grown when Watch says that it ended the node.
type Counters interface {
	Counter(node, name string) int64
}

// Watch is a testbed that says which nodes are alive: a crash failpoint ends a
// node without the nemesis.
type Watch interface {
	// Down returns a channel that is closed when the node is not running: at
	// once if it is down, else at the end of its present incarnation. When Boot
	// has returned, it is the channel of the new one.
	Down(node string) <-chan struct{}
}
