package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/gauntlet-go/gauntlet/system"
)

// runNode is a node's whole process. It ends with the node or with the
// connection to the harness, whichever is first.
func runNode(spec nodeSpec, systems []system.System) (code int) {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("node", spec.ID, "incarnation", spec.Incarnation)
	sys, err := find(systems, spec.System)
	if err != nil {
		log.Error("cannot boot", "err", err)
		return exitFailed
	}
	ctl, err := dialControl(spec)
	if err != nil {
		log.Error("cannot reach the harness", "err", err)
		return exitOrphans
	}
	s, err := openSite(spec, ctl, log)
	if err != nil {
		log.Error("cannot boot", "err", err)
		return exitFailed
	}
	log.Info("boot", "pid", os.Getpid(), "system", spec.System)
	return serve(sys, s, ctl, log)
}

func find(systems []system.System, name string) (system.System, error) {
	names := make([]string, 0, len(systems))
	for _, s := range systems {
		if s.Name() == name {
			return s, nil
		}
		names = append(names, s.Name())
	}
	return nil, fmt.Errorf("system %q is not among those given to local.Child: %q", name, names)
}

// serve runs the system's node until it ends or the harness has gone.
func serve(sys system.System, s *site, ctl *control, log *slog.Logger) (code int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended, orphaned := make(chan error, 1), make(chan error, 1)
	go func() { orphaned <- ctl.follow(s) }()
	go func() { ended <- sys.Node(ctx, s) }()
	select {
	case err := <-ended:
		if err != nil {
			log.Error("the node failed", "err", err)
			return exitFailed
		}
		log.Info("the node returned")
		return 0
	case err := <-orphaned:
		log.Info("the harness has gone", "err", err)
		return exitOrphans
	}
}

// control is a node's connection to the harness.
type control struct {
	conn    net.Conn
	in      *json.Decoder
	welcome welcome

	mu  sync.Mutex // of writing
	out *json.Encoder
}

// dialControl connects and learns the present state of faults.
func dialControl(spec nodeSpec) (*control, error) {
	conn, err := net.Dial("unix", spec.Control)
	if err != nil {
		return nil, err
	}
	c := &control{conn: conn, in: json.NewDecoder(conn), out: json.NewEncoder(conn)}
	if err := c.send(announcement{Node: spec.ID, Boot: spec.Incarnation}); err != nil {
		return nil, err
	}
	if err := c.in.Decode(&c.welcome); err != nil {
		return nil, fmt.Errorf("wait for the welcome: %w", err)
	}
	return c, nil
}

func (c *control) send(a announcement) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Encode(a)
}

// follow puts every change that arrives in force and acknowledges it. It
// returns when the connection breaks.
func (c *control) follow(s *site) error {
	for {
		var ch change
		if err := c.in.Decode(&ch); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if ch.Action != nil {
			s.points.arm(ch.Point, *ch.Action)
		} else {
			s.set(ch.Setting, ch.Value)
		}
		if err := c.send(announcement{Done: ch.ID}); err != nil {
			return err
		}
	}
}
