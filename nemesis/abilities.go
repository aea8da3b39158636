package nemesis

import (
	"context"
	"time"
)

// The abilities that faults need of a testbed, each a small interface found by
// type assertion. A testbed that lacks one cannot do the faults that need it,
// and they are refused by name.

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
	// not synced is gone. It returns when the node is gone.
	Kill(ctx context.Context, node string) (Death, error)
	// Start starts a node that is down and returns when it serves.
	Start(ctx context.Context, node string) error
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
	Resume(ctx context.Context, node string) error
}

// Failpoints is a testbed that can arm the failpoints of a node.
type Failpoints interface {
	// Arm makes the next passage of the point die (after the delay) or, if
	// Crash is false, sleep for the delay. The last call counts; the zero
	// action disarms.
	Arm(ctx context.Context, node, point string, action Action) error
}

// Action is what an armed failpoint does.
type Action struct {
	Crash bool          `json:"crash,omitempty"`
	Delay time.Duration `json:"delay,omitempty"`
}

// Settings is a testbed that can pass named settings to nodes while they run:
// faults that only the system itself can do, such as refusing a key, and faults
// of the disk and the clock that the node's own site does. "" takes it back.
type Settings interface {
	Set(ctx context.Context, node, name, value string) error
}

// Counters is a testbed whose nodes count what happens to them: failpoint hits
// under "failpoint/<name>", refusals of the system under "refused", torn writes
// under "disk/torn". Counters survive the death of the node and only grow.
type Counters interface {
	Counter(node, name string) int64
}

// Watch is a testbed that says which nodes are alive: a crash failpoint ends a
// node without the nemesis.
type Watch interface {
	// Down returns a channel that is closed when the node is not running.
	Down(node string) <-chan struct{}
}
