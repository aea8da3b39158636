package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// noTests is the first argument of every child: if the program is a test binary
// whose TestMain forgets Child, it runs no test and ends.
const noTests = "-test.run=^$"

// keeper is the harness's hold on its supervisor.
type keeper struct {
	cmd     *exec.Cmd
	pipe    *os.File // of commands: its end is the end of the supervisor
	tempDir string
	stderr  bytes.Buffer  // complete once done is closed
	done    chan struct{} // closed when the supervisor has been reaped
	err     error         // how it ended; valid once done is closed
	ended   chan struct{} // closed after done, when the harness has dealt with it

	mu      sync.Mutex
	out     *json.Encoder
	last    uint64
	waiting map[uint64]chan report
}

// startKeeper starts a supervisor and waits until it works. exited is called
// for every node that is reaped, one at a time, ended once after the last.
func startKeeper(ctx context.Context, exited func(report), ended func()) (*keeper, error) {
	k := &keeper{done: make(chan struct{}), ended: make(chan struct{}), waiting: map[uint64]chan report{}}
	reports, err := k.start()
	if err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	ready := make(chan report, 1)
	go func() {
		defer close(k.ended)
		k.follow(reports, ready, exited)
		ended()
	}()
	select {
	case r := <-ready:
		k.tempDir = r.TempDir
		return k, nil
	case <-k.done:
		return nil, fmt.Errorf("%w; is local.Child called first thing in main or TestMain?", k.goneError())
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("wait for the supervisor: %w", context.Cause(ctx)), k.stop())
	}
}

// start runs the supervisor and returns the pipe of its reports.
func (k *keeper) start() (reports *os.File, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	root := shortTempRoot()
	env, err := childSpec{Supervisor: &supervisorSpec{TempRoot: root}}.env()
	if err != nil {
		return nil, err
	}
	commandsOut, commandsIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer commandsOut.Close() //nolint:errcheck // the child has its own
	reportsOut, reportsIn, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, commandsIn.Close())
	}
	defer reportsIn.Close() //nolint:errcheck // the child has its own
	k.pipe, k.out = commandsIn, json.NewEncoder(commandsIn)
	k.cmd = &exec.Cmd{
		Path: exe, Args: []string{filepath.Base(exe), noTests, "gauntlet", "supervisor"},
		Env: append(quickExit(os.Environ()), env), Stderr: &k.stderr,
		ExtraFiles:  []*os.File{commandsOut, reportsIn},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := k.cmd.Start(); err != nil {
		return nil, errors.Join(err, commandsIn.Close(), reportsOut.Close())
	}
	return reportsOut, nil
}

// quickExit spares programs that were built with -race the second that they
// sleep at their end by default.
func quickExit(env []string) []string {
	if _, set := os.LookupEnv("GORACE"); set {
		return env
	}
	return append(env, "GORACE=atexit_sleep_ms=0")
}

// maxSocketRoot leaves room below a temporary directory for the name of a
// socket: paths of sockets have at most 107 bytes, 103 on some systems.
const maxSocketRoot = 103 - len("/gauntlet-1234567890/control")

func shortTempRoot() string {
	if root := os.TempDir(); len(root) <= maxSocketRoot {
		return root
	}
	return "/tmp"
}

// follow handles reports until the supervisor has ended.
func (k *keeper) follow(reports *os.File, ready chan<- report, exited func(report)) {
	lines := json.NewDecoder(reports)
	for {
		var r report
		if err := lines.Decode(&r); err != nil {
			break
		}
		switch r.Kind {
		case reportReady:
			ready <- r
		case reportDone:
			k.answer(r)
		case reportExited:
			exited(r)
		}
	}
	k.err = errors.Join(k.cmd.Wait(), reports.Close())
	close(k.done)
	k.closePipe()
}

func (k *keeper) answer(r report) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, found := k.waiting[r.ID]; found {
		c <- r
		delete(k.waiting, r.ID)
	}
}

// call sends a command and waits for the answer.
func (k *keeper) call(ctx context.Context, c command) (report, error) {
	answer := make(chan report, 1)
	if err := k.send(c, answer); err != nil {
		return report{}, fmt.Errorf("the supervisor takes no commands: %w", err)
	}
	select {
	case r := <-answer:
		if r.Error != "" {
			return r, errors.New(r.Error)
		}
		return r, nil
	case <-k.done:
		return report{}, k.goneError()
	case <-ctx.Done():
		return report{}, context.Cause(ctx)
	}
}

func (k *keeper) send(c command, answer chan report) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last++
	c.ID = k.last
	k.waiting[c.ID] = answer
	err := k.out.Encode(c)
	if err != nil {
		delete(k.waiting, c.ID)
	}
	return err
}

// goneError says how the supervisor ended, once it has.
func (k *keeper) goneError() error {
	err := fmt.Errorf("the supervisor has ended (%v)", k.cmd.ProcessState)
	if text := strings.TrimSpace(k.stderr.String()); text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return err
}

func (k *keeper) closePipe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.pipe.Close() // closed twice at worst
}

// stopPatience is how long the supervisor may take to end all processes. It
// needs milliseconds, unless a process is stuck in the kernel.
const stopPatience = 10 * time.Second

// stop ends the supervisor, which first ends all its descendants. If it cannot,
// it is killed, and the kernel kills the nodes.
func (k *keeper) stop() error {
	k.closePipe()
	select {
	case <-k.done:
	case <-time.After(stopPatience):
		_ = k.cmd.Process.Kill()
		<-k.done
	}
	if k.err == nil {
		return nil
	}
	err := k.goneError()
	if k.tempDir != "" {
		err = errors.Join(err, os.RemoveAll(k.tempDir))
	}
	return err
}
