package kv

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
)

// System is the store as a system under test.
var System system.System = store{}

type store struct{}

// Name returns "kv".
func (store) Name() string { return "kv" }

// Client returns a client of one node.
func (store) Client(_ context.Context, net system.Dialer, node string, _ system.Options) (system.Client, error) {
	return &client{peer{net: net, node: node, role: system.RoleClient}}, nil
}

// Node runs one node until ctx ends or its disk fails.
func (store) Node(ctx context.Context, site system.Site) error {
	ctx, stop := context.WithCancelCause(ctx)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer stop(nil)
	n := &node{site: site, first: site.Peers()[0]}
	if site.ID() == n.first {
		var err error
		if n.data, err = openData(site, stop); err != nil {
			return err
		}
		peers, err := site.Listen(system.RolePeer)
		if err != nil {
			return err
		}
		serving.Go(func() { n.serve(ctx, peers) })
	}
	clients, err := site.Listen(system.RoleClient) // from here on the node is ready
	if err != nil {
		return err
	}
	serving.Go(func() { n.serve(ctx, clients) })
	<-ctx.Done()
	if cause := context.Cause(ctx); cause != context.Canceled {
		return cause
	}
	return nil
}

// request is a line from a client to a node, or from a node to the first one.
type request struct {
	F     string          `json:"f"` // "read" or "write"
	Key   string          `json:"key"`
	Value histories.Value `json:"value"`
}

// reply is the line that answers it. Without a status nobody knows whether the
// operation happened.
type reply struct {
	Status string          `json:"status,omitempty"`
	Value  histories.Value `json:"value"`
	Error  string          `json:"error,omitempty"`
}

const (
	done    = "done"    // it happened
	refused = "refused" // it did not happen and never will
)

type node struct {
	site  system.Site
	first string
	data  *data    // of the first node; nil in the others
	seen  sync.Map // key → the last reply that passed here, for weak=local-read
}

// serve answers what comes in over a listener until ctx ends.
func (n *node) serve(ctx context.Context, l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conns.Go(func() { n.converse(ctx, conn) })
	}
}

// converse answers the requests of one connection, one after the other.
func (n *node) converse(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close() //nolint:errcheck // its client sees the end
	first := &peer{net: n.site, node: n.first, role: system.RolePeer}
	defer first.close()
	in, out := json.NewDecoder(conn), json.NewEncoder(conn)
	for {
		var q request
		if in.Decode(&q) != nil || out.Encode(n.answer(ctx, first, q)) != nil {
			return
		}
	}
}

// patience is how long a node waits for the first one: less than its client
// waits for it.
const patience = 300 * time.Millisecond

func (n *node) answer(ctx context.Context, first *peer, q request) reply {
	if n.data != nil {
		return n.data.do(q)
	}
	weak := n.site.Options().Get("weak", "") == "local-read"
	if old, found := n.seen.Load(q.Key); weak && found && q.F == "read" {
		return old.(reply)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a := first.call(ctx, q)
	if weak && a.Status == done {
		n.seen.Store(q.Key, a)
	}
	return a
}

// Validate checks the option weak.
func (store) Validate(options system.Options) error {
	if weak := options.Get("weak", "local-read"); weak != "local-read" {
		return fmt.Errorf("option weak: found %q, expected local-read", weak)
	}
	return nil
}
