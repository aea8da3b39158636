package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// proc is a process: its id and when it started, in ticks since the boot of the
// machine, which together are not used twice.
type proc struct {
	pid   int
	start string
}

func (p proc) String() string { return strconv.Itoa(p.pid) }

// stat returns the fields of a process that follow its name, the state first,
// or nil if there is no such process.
func stat(pid int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
}

// Places in what stat returns: in proc(5) the fields 3, 4 and 22.
const (
	statState  = 0
	statParent = 1
	statStart  = 19
)

// state is "T" for a process that is stopped and "" for one that has ended,
// whether or not its parent has noticed.
func (p proc) state() string {
	fields := stat(p.pid)
	if len(fields) <= statStart || fields[statStart] != p.start || strings.ContainsAny(fields[statState], "ZX") {
		return ""
	}
	return fields[statState]
}

func (p proc) alive() bool { return p.state() != "" }

// descendants are the living children of a process, their children and so on.
func descendants(root int) []proc {
	children := map[string][]proc{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if fields := stat(pid); len(fields) > statStart {
			children[fields[statParent]] = append(children[fields[statParent]], proc{pid, fields[statStart]})
		}
	}
	var all []proc
	for queue := []string{strconv.Itoa(root)}; len(queue) > 0; queue = queue[1:] {
		for _, p := range children[queue[0]] {
			queue = append(queue, p.String())
			if p.alive() {
				all = append(all, p)
			}
		}
	}
	return all
}

// stopped are those that stand still.
func stopped(procs []proc) (still []proc) {
	for _, p := range procs {
		if p.state() == "T" {
			still = append(still, p)
		}
	}
	return still
}

func TestDescendants(t *testing.T) {
	self := proc{os.Getpid(), stat(os.Getpid())[statStart]}
	require.True(t, self.alive())
	require.Contains(t, descendants(os.Getppid()), self)
	require.NotContains(t, descendants(os.Getpid()), self)
	require.False(t, proc{self.pid, "1"}.alive(), "another process of the same id")
	require.Empty(t, stopped([]proc{self}))
}
