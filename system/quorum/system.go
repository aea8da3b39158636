package quorum

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/cluster"
	"github.com/gauntlet-go/gauntlet/system/storage"
)

// System is the quorum store as a system under test.
var System system.System = store{}

type store struct{}

// Name returns "quorum".
func (store) Name() string { return "quorum" }

// Validate checks the options design and weak.
func (store) Validate(options system.Options) error {
	_, err := parseWeaknesses(options)
	return err
}

// Failpoints returns the points in a node at which it can be made to die:
// between two sends of an update, between query and update, after a record is
// appended and before it is synced, after that and before it is acknowledged.
func (store) Failpoints() []string {
	return []string{"between-updates", "after-query", "before-sync", "before-ack"}
}

// RefusesKeys says that replicas honour [system.SettingRefuseKey].
func (store) RefusesKeys() bool { return true }

// Framer returns the framer of all roles.
func (store) Framer(string) system.Framer { return cluster.Framer{} }

// Node runs one node.
func (store) Node(ctx context.Context, site system.Site) (err error) {
	weak, err := parseWeaknesses(site.Options())
	if err != nil {
		return err
	}
	if n := len(site.Peers()); n > maxNodes {
		return fmt.Errorf("found %d nodes, expected at most %d", n, maxNodes)
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)

	incarnation, err := storage.Incarnation(site.Disk())
	if err != nil {
		return err
	}
	replica, err := openReplica(site, weak, fail)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, replica.close()) }()

	coord := newCoordinator(site, weak, uint64(incarnation), replica)
	// Messages may arrive before Open returns.
	opened := make(chan struct{})
	links, err := cluster.Open(cluster.Config{
		Site: site, Incarnation: uint64(incarnation),
		Handle: func(from int, body []byte) { <-opened; coord.receive(from, body) },
	})
	if err != nil {
		return err
	}
	coord.links, coord.self = links, links.Self()
	close(opened)
	defer links.Close() //nolint:errcheck // the listener's error says nothing new

	server, err := listen(site, coord)
	if err != nil {
		return err
	}
	defer server.close()
	var upkeep sync.WaitGroup
	upkeep.Go(func() { replica.keepSmall(ctx) })
	defer upkeep.Wait()
	site.Trace("boot", "incarnation", incarnation, "keys", replica.keys(), "cut", replica.cut())
	coord.run(ctx)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// cut is the number of bytes of a torn record that the log ended with.
func (r *replica) cut() int64 {
	if r.log == nil {
		return 0
	}
	return r.log.Recovered().CutBytes
}

// keys is the number of registers that the replica knows.
func (r *replica) keys() int {
	n := 0
	for i := range r.shards {
		r.shards[i].mu.Lock()
		n += len(r.shards[i].cells)
		r.shards[i].mu.Unlock()
	}
	return n
}

// Client returns a client of one node.
func (store) Client(_ context.Context, net system.Dialer, node string, _ system.Options) (system.Client, error) {
	return &Client{net: net, node: node, fallback: time.Second}, nil
}
