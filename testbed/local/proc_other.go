//go:build !linux

package local

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// becomeSubreaper does nothing: there are no subreapers here, so that the
// supervisor ends process groups and nothing beyond them.
func becomeSubreaper() error { return nil }

// nodeProcAttr puts a node into its own process group. Without a parent-death
// signal its control connection is what ends it.
func nodeProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// children returns nothing: the supervisor knows the nodes that it has started.
func children() []int { return nil }

func ownerOf(int) (mark string, found bool) { return "", false }

// threadsStopped asks ps, which knows one state for the whole process.
func threadsStopped(pid int) (threads, stopped int, err error) {
	state, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, 0, fmt.Errorf("state of process %d: %w", pid, err)
	}
	if strings.HasPrefix(strings.TrimSpace(string(state)), "T") {
		return 1, 1, nil
	}
	return 1, 0, nil
}
