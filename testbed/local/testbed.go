package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed"
)

var _ testbed.Testbed = (*Testbed)(nil)

// Testbed runs the nodes of one run. It must be stopped, also if Start failed
// or was never called. Its methods may be called concurrently.
type Testbed struct {
	cfg   testbed.Config
	log   *slog.Logger
	net   network
	addrs map[route]string
	nodes map[string]*node

	mu        sync.Mutex // guards the fields that follow
	started   bool
	stopping  bool
	epoch     time.Time
	keeper    *keeper
	reception *reception

	exitsMu sync.Mutex
	exits   []Exit

	stop    sync.Once
	stopErr error
}

// New checks the configuration, makes the directories of the nodes, which must
// not exist yet, and opens the links. Names of nodes must be fit for a directory
// and no name may be used twice.
func New(cfg testbed.Config) (*Testbed, error) {
	if err := check(cfg); err != nil {
		return nil, fmt.Errorf("local testbed: %w", err)
	}
	t := &Testbed{cfg: cfg, log: cfg.Logger, nodes: map[string]*node{}, epoch: time.Now()}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if err := t.makeNodes(); err != nil {
		return nil, fmt.Errorf("local testbed: %w", err)
	}
	var err error
	if t.net, t.addrs, err = openNetwork(cfg, t.log); err != nil {
		return nil, fmt.Errorf("local testbed: %w", err)
	}
	return t, nil
}

func check(cfg testbed.Config) error {
	if _, isChild := os.LookupEnv(envChild); isChild {
		return errors.New("this process is a child of a testbed: call local.Child first thing in main or TestMain")
	}
	switch {
	case cfg.System == nil:
		return errors.New("Config.System is nil")
	case cfg.Dir == "":
		return errors.New("Config.Dir is empty")
	case len(cfg.Nodes) == 0:
		return errors.New("Config.Nodes is empty")
	}
	for _, name := range cfg.Nodes {
		if name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return fmt.Errorf("Config.Nodes has %q, expected a name that is fit for a directory", name)
		}
	}
	seen := map[string]bool{"": true}
	for _, name := range slices.Concat(cfg.Nodes, cfg.Clients) {
		if seen[name] {
			return fmt.Errorf("Config.Nodes and Config.Clients have %q twice or empty, expected distinct names", name)
		}
		seen[name] = true
	}
	return nil
}

func (t *Testbed) makeNodes() error {
	root, err := filepath.Abs(filepath.Join(t.cfg.Dir, "nodes"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	for _, name := range t.cfg.Nodes {
		n := &node{name: name, dir: filepath.Join(root, name), settings: map[string]string{}, armed: map[string]nemesis.Action{}, doom: map[string]int64{}}
		if err := os.Mkdir(n.dir, 0o755); err != nil {
			return fmt.Errorf("a new directory for node %s: %w", name, err)
		}
		t.nodes[name] = n
	}
	return nil
}

// node finds a node by name.
func (t *Testbed) node(name string) (*node, error) {
	if n, found := t.nodes[name]; found {
		return n, nil
	}
	return nil, fmt.Errorf("node %q is not one of %q", name, t.cfg.Nodes)
}

// Epoch is when the run started: the times of traces and exits count from it.
// It is the time of New until Start is called.
func (t *Testbed) Epoch() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.epoch
}

// Start starts all nodes and returns when each of them listens on
// [system.RoleClient]. If one fails or ctx ends first, the error names a node
// and shows the end of its log; the testbed must be stopped then.
func (t *Testbed) Start(ctx context.Context) error {
	if err := t.open(ctx); err != nil {
		return fmt.Errorf("local testbed: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, len(t.cfg.Nodes))
	for _, name := range t.cfg.Nodes {
		go func() { ends <- t.Boot(ctx, name) }()
	}
	var first error
	for range t.cfg.Nodes {
		if err := <-ends; err != nil && first == nil {
			first = err
			cancel()
		}
	}
	return first
}

// open starts the supervisor and all that the nodes need of the harness.
func (t *Testbed) open(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started || t.stopping {
		return errors.New("it has been started or stopped before")
	}
	t.started = true
	t.epoch = time.Now()
	var err error
	if t.keeper, err = startKeeper(ctx, t.exited, t.keeperEnded); err != nil {
		return err
	}
	if t.reception, err = openReception(t.controlPath(), t.arrived, t.heard); err != nil {
		return err
	}
	for _, n := range t.nodes {
		if err := n.makeBoard(t.boardPath(n)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Testbed) controlPath() string { return filepath.Join(t.keeper.tempDir, "control") }

func (t *Testbed) boardPath(n *node) string {
	return filepath.Join(t.keeper.tempDir, fmt.Sprintf("board-%d", slices.Index(t.cfg.Nodes, n.name)))
}

// Stop ends all processes, waits until they are gone, closes the links and
// removes the temporary directory. Later calls wait for the first one and
// return its error. It does its work whether or not ctx has ended.
func (t *Testbed) Stop(context.Context) error {
	t.stop.Do(func() {
		if err := t.shutDown(); err != nil {
			t.stopErr = fmt.Errorf("local testbed: stop: %w", err)
		}
	})
	return t.stopErr
}

func (t *Testbed) shutDown() error {
	t.mu.Lock()
	t.stopping = true
	k, r := t.keeper, t.reception
	t.mu.Unlock()
	var errs []error
	if k != nil {
		errs = append(errs, k.stop())
		<-k.ended
	}
	if r != nil {
		errs = append(errs, r.close())
	}
	errs = append(errs, t.net.Close())
	for _, n := range t.nodes {
		errs = append(errs, n.closeBoard())
	}
	return errors.Join(errs...)
}

// Trace returns what the nodes stated so far, in order of time.
func (t *Testbed) Trace() ([]histories.Event, error) {
	files := make([]string, 0, len(t.cfg.Nodes))
	for _, name := range t.cfg.Nodes {
		files = append(files, filepath.Join(t.nodes[name].dir, traceFile))
	}
	return readTraces(files)
}

// Dialer is how the named client reaches the nodes, on [system.RoleClient].
func (t *Testbed) Dialer(client string) system.Dialer { return dialer{t, client} }

type dialer struct {
	t      *Testbed
	client string
}

func (d dialer) Dial(ctx context.Context, node, role string) (net.Conn, error) {
	for r, addr := range d.t.addrs {
		if r.link.From == d.client && r.link.To == node && r.role == role {
			var nd net.Dialer
			return nd.DialContext(ctx, "tcp", addr)
		}
	}
	return nil, fmt.Errorf("no link from client %q to node %q for role %q", d.client, node, role)
}
