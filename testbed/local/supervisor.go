package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// The supervisor's ends of its pipes, as os/exec numbers ExtraFiles.
const (
	fdCommands = 3
	fdReports  = 4
)

// owner names one boot of a node in the environment of its descendants. The
// temporary directory makes it unlike that of any other run.
func owner(tempDir, node string, boot int) string {
	return tempDir + "#" + node + "#" + strconv.Itoa(boot)
}

// running is a live child that the supervisor has spawned.
type running struct {
	node  string
	boot  int
	owner string
}

// supervisor is the parent of all nodes. One goroutine does everything, so that
// a process cannot be reaped, and its id reused, between look-up and signal.
type supervisor struct {
	exe     string
	tempDir string
	reports *json.Encoder
	byPid   map[int]running
	pids    map[string]int // node → pid
	null    *os.File
}

// runSupervisor serves commands until the pipe that they come from ends.
//
// The goroutine keeps its thread for good: the parent-death signal of a child
// follows the thread that forked it (golang/go#27505).
func runSupervisor(spec supervisorSpec) int {
	runtime.LockOSThread()
	deaths := catchSignals()
	s, err := newSupervisor(spec)
	if err != nil {
		return complain(os.Stderr, err)
	}
	commands := readCommands(os.NewFile(fdCommands, "commands"))
	s.report(report{Kind: reportReady, TempDir: s.tempDir, Pid: os.Getpid()})
	for {
		select {
		case c, ok := <-commands:
			if !ok {
				return s.end()
			}
			s.handle(c)
		case <-deaths:
			s.reap()
		}
	}
}

// catchSignals asks for the deaths of children and makes the signals that are
// meant for the harness harmless. They are caught, not ignored, because ignored
// signals would stay ignored in the nodes.
func catchSignals() (deaths chan os.Signal) {
	deaths = make(chan os.Signal, 1)
	signal.Notify(deaths, syscall.SIGCHLD)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	return deaths
}

func newSupervisor(spec supervisorSpec) (*supervisor, error) {
	syscall.CloseOnExec(fdCommands)
	syscall.CloseOnExec(fdReports)
	if err := becomeSubreaper(); err != nil {
		return nil, fmt.Errorf("become a subreaper: %w", err)
	}
	if err := os.Unsetenv(envOwner); err != nil { // of a run around this one
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the executable: %w", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(spec.TempRoot, "gauntlet-")
	if err != nil {
		return nil, err
	}
	return &supervisor{
		exe: exe, tempDir: dir, null: null,
		reports: json.NewEncoder(os.NewFile(fdReports, "reports")),
		byPid:   map[int]running{}, pids: map[string]int{},
	}, nil
}

// readCommands returns a channel that is closed at the end of the pipe.
func readCommands(pipe *os.File) <-chan command {
	commands := make(chan command)
	go func() {
		defer close(commands)
		lines := json.NewDecoder(pipe)
		for {
			var c command
			if err := lines.Decode(&c); err != nil {
				return
			}
			commands <- c
		}
	}()
	return commands
}

// report tells the harness. If it has died nobody needs to know; the end of the
// command pipe says so, too.
func (s *supervisor) report(r report) { _ = s.reports.Encode(r) }

func (s *supervisor) handle(c command) {
	answer := report{Kind: reportDone, ID: c.ID, Node: c.Node, Boot: c.Boot}
	var err error
	if c.Signal == "" {
		answer.Pid, err = s.spawn(c)
	} else {
		err = s.signal(c)
	}
	if err != nil {
		answer.Error = err.Error()
	}
	s.report(answer)
}

func (s *supervisor) spawn(c command) (pid int, err error) {
	if pid, found := s.pids[c.Node]; found {
		return 0, fmt.Errorf("node %s runs already, as process %d", c.Node, pid)
	}
	log, err := os.OpenFile(c.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close() //nolint:errcheck // the node has its own
	mark := owner(s.tempDir, c.Node, c.Boot)
	env := append(append(os.Environ(), c.Env...), envOwner+"="+mark)
	argv := []string{filepath.Base(s.exe), noTests, "gauntlet", "node", c.Node}
	pid, err = syscall.ForkExec(s.exe, argv, &syscall.ProcAttr{
		Dir: c.Dir, Env: env,
		Files: []uintptr{s.null.Fd(), log.Fd(), log.Fd()},
		Sys:   nodeProcAttr(),
	})
	if err != nil {
		return 0, fmt.Errorf("start %s for node %s: %w", s.exe, c.Node, err)
	}
	s.byPid[pid] = running{c.Node, c.Boot, mark}
	s.pids[c.Node] = pid
	return pid, nil
}

func (s *supervisor) signal(c command) error {
	pid, found := s.pids[c.Node]
	if !found || s.byPid[pid].boot != c.Boot {
		return errors.New("the process is gone")
	}
	sig, known := map[string]syscall.Signal{
		"KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
	}[c.Signal]
	if !known {
		return fmt.Errorf("signal %q: expected KILL, STOP or CONT", c.Signal)
	}
	return syscall.Kill(-pid, sig)
}

// reap collects every dead child, then ends what a dead node left behind.
func (s *supervisor) reap() {
	for {
		pid, status, err := wait()
		if err != nil || pid <= 0 {
			break
		}
		node, found := s.byPid[pid]
		if !found {
			continue // an adopted orphan
		}
		delete(s.byPid, pid)
		delete(s.pids, node.node)
		_ = syscall.Kill(-pid, syscall.SIGKILL) // the rest of its group, if any
		r := report{Kind: reportExited, Node: node.node, Boot: node.boot, Pid: pid, Code: -1}
		if status.Signaled() {
			r.Signal = int(status.Signal())
		} else {
			r.Code = status.ExitStatus()
		}
		s.report(r)
	}
	s.killOrphans()
}

// killOrphans ends the adopted children whose node is dead. Those of a living
// node, which may have started a daemon, go on.
func (s *supervisor) killOrphans() {
	alive := make(map[string]bool, len(s.byPid))
	for _, n := range s.byPid {
		alive[n.owner] = true
	}
	for _, pid := range children() {
		if _, isNode := s.byPid[pid]; isNode {
			continue
		}
		if mark, found := ownerOf(pid); found && !alive[mark] {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// end kills all descendants until there are none: children of children become
// children of the subreaper when their parent dies. Then it removes what the
// run kept outside of its directory.
func (s *supervisor) end() int {
	for pause := time.Millisecond; !s.killAll(); pause = min(2*pause, 50*time.Millisecond) {
		time.Sleep(pause)
	}
	if err := os.RemoveAll(s.tempDir); err != nil {
		return complain(os.Stderr, err)
	}
	return 0
}

// killAll sends SIGKILL to everything it can find, collects the dead and reports
// whether no child is left.
func (s *supervisor) killAll() (done bool) {
	for pid := range s.byPid {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	for _, pid := range children() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for {
		pid, _, err := wait()
		if errors.Is(err, syscall.ECHILD) {
			return true
		}
		if err != nil || pid <= 0 {
			return false
		}
		delete(s.byPid, pid)
	}
}

// wait collects one dead child; pid is 0 if none is dead.
func wait() (pid int, status syscall.WaitStatus, err error) {
	for {
		pid, err = syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if !errors.Is(err, syscall.EINTR) {
			return pid, status, err
		}
	}
}
