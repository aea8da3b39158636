package testbed

import (
	"context"
	"log/slog"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
)

// Testbed runs nodes and stands between them. What it can do to them it shows
// by implementing the abilities of package nemesis.
type Testbed interface {
	// Start starts all nodes and returns when each of them serves.
	Start(ctx context.Context) error
	// Dialer is how the named client reaches the nodes.
	Dialer(client string) system.Dialer
	// Epoch is when Start was called: time 0 of traces and crashes.
	Epoch() time.Time
	// Crashes are the nodes that ended and that nobody had made to end, so far.
	Crashes() []Crash
	// Trace returns what the nodes stated so far, in order of time.
	Trace() ([]histories.Event, error)
	// Stop ends everything and leaves nothing behind but the node
	// directories. It may be called more than once.
	Stop(ctx context.Context) error
}

// Crash is the end of a node by itself.
type Crash struct {
	Node        string
	Incarnation int
	Time        time.Duration // since Epoch
	How         string        // "exit code 2", "segmentation fault"
}

// Config is what any testbed needs.
type Config struct {
	System  system.System
	Options system.Options
	Nodes   []string // names of the nodes
	Clients []string // names of the clients: they are ends of links too
	Dir     string   // one directory a node is made below it: logs and data
	Seed    uint64
	Logger  *slog.Logger // nil: discard
}
