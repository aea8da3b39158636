package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// The names in a node's directory, besides [traceFile].
const (
	dataDir = "data"
	logFile = "log.txt"
)

// ErrNotRunning is matched by the errors of what only a running node can do;
// ErrRunning by those of starting one that runs.
var (
	ErrNotRunning = errors.New("the node is not running")
	ErrRunning    = errors.New("the node is running already")
)

// Exit is the end of one boot of a node.
type Exit struct {
	Node        string
	Incarnation int
	// Signal is what ended the process, 0 if it exited by itself with Code: 1
	// for an error of the node, 2 for a panic. Code is -1 after a signal.
	Signal syscall.Signal
	Code   int
	// Expected is true if Kill, Stop or an armed failpoint ended it. All else
	// is a crash of the system under test.
	Expected   bool
	Time       time.Duration // since the start of the run
	LostWrites int64         // as in [nemesis.Death]
	LostBytes  int64
}

// String returns "n1, boot 2: exit code 2, not planned".
func (e Exit) String() string {
	planned := "planned"
	if !e.Expected {
		planned = "not planned"
	}
	return fmt.Sprintf("%s, boot %d: %s, %s", e.Node, e.Incarnation, e.how(), planned)
}

func (e Exit) how() string {
	if e.Signal != 0 {
		return e.Signal.String()
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

// node is the harness's view of one node.
type node struct {
	name, dir string

	mu       sync.Mutex // guards the rest and the changing fields of the boot
	board    *board     // nil until the testbed is started
	settings map[string]string
	armed    map[string]nemesis.Action // in this boot
	doom     map[string]int64          // the hits that a failpoint had when it was first armed to crash in this boot
	boot     *boot                     // the latest; nil before the first
}

// boot is one incarnation of a node. The fields after the channels belong to
// the node's mutex.
type boot struct {
	node    *node
	number  int
	logFrom int64         // size of the log before it
	spawned chan struct{} // closed when the supervisor has answered
	pid     int           // valid once spawned is closed
	ready   chan struct{} // closed when it serves
	gone    chan struct{} // closed when its end has been dealt with

	serving bool
	killed  bool // Kill has been asked for
	paused  bool
	session *session // its control connection; nil before that
	exit    Exit     // valid once gone is closed
}

// over reports whether the boot has ended.
func (b *boot) over() bool {
	select {
	case <-b.gone:
		return true
	default:
		return false
	}
}

func (n *node) makeBoard(path string) (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.board, err = createBoard(path)
	return err
}

func (n *node) closeBoard() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.board == nil {
		return nil
	}
	return n.board.close()
}

// counter reads the scoreboard. It is called with n.mu held.
func (n *node) counter(name string) int64 {
	if n.board == nil {
		return 0
	}
	return n.board.get(name)
}

// running returns the boot that runs.
func (n *node) running() (*boot, error) {
	if n.boot == nil || n.boot.over() {
		return nil, fmt.Errorf("node %s: %w", n.name, ErrNotRunning)
	}
	return n.boot, nil
}

// begin makes the next boot.
func (n *node) begin() (*boot, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	number := 1
	if n.boot != nil {
		if !n.boot.over() {
			return nil, fmt.Errorf("node %s: %w", n.name, ErrRunning)
		}
		number = n.boot.number + 1
	}
	n.board.setPending(0, 0)
	clear(n.armed)
	clear(n.doom)
	b := &boot{
		node: n, number: number,
		spawned: make(chan struct{}), ready: make(chan struct{}), gone: make(chan struct{}),
	}
	if info, err := os.Stat(filepath.Join(n.dir, logFile)); err == nil {
		b.logFrom = info.Size()
	}
	n.boot = b
	return b, nil
}

// crashed reports whether a failpoint has been hit since it was armed to crash.
// It may have been disarmed meanwhile: a node that passed it dies all the same.
func (n *node) crashed() bool {
	for point, hits := range n.doom {
		if n.counter(counterOf(point)) > hits {
			return true
		}
	}
	return false
}

// Of a failed node's log an error shows this much.
const (
	tailLines = 20
	tailBytes = 8 << 10
)

// logTail returns the last lines of what the boot logged.
func (n *node) logTail(b *boot) string {
	path := filepath.Join(n.dir, logFile)
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	from := max(b.logFrom, info.Size()-tailBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, tailBytes))
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return path + " has nothing of this boot"
	}
	lines := strings.Split(string(text), "\n")
	return path + ":\n" + strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
