package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// prSetChildSubreaper is PR_SET_CHILD_SUBREAPER of prctl(2).
const prSetChildSubreaper = 36

// becomeSubreaper makes this process the parent of all orphans below it.
func becomeSubreaper() error {
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// nodeProcAttr puts a node into its own process group and binds its life to the
// thread that starts it.
func nodeProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// children returns the ids of this process's children, adopted ones included.
func children() []int {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	if len(files) == 0 {
		return childrenByScan() // a kernel without CONFIG_PROC_CHILDREN
	}
	var pids []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that has ended
		}
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func childrenByScan() []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	self := strconv.Itoa(os.Getpid())
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := statFields(text)
		if len(fields) > 1 && fields[1] == self {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// statFields splits a line of /proc/<pid>/stat into the fields that follow the
// command, which may contain anything: the first one is the state.
func statFields(line []byte) []string {
	_, rest, found := strings.Cut(string(line[max(bytes.LastIndexByte(line, ')'), 0):]), ")")
	if !found {
		return nil
	}
	return strings.Fields(rest)
}

// ownerOf returns the boot that started the process, from its environment.
func ownerOf(pid int) (mark string, found bool) {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return "", false
	}
	for _, entry := range bytes.Split(env, []byte{0}) {
		if value, is := strings.CutPrefix(string(entry), envOwner+"="); is {
			return value, true
		}
	}
	return "", false
}

// threadsStopped returns how many threads a process has and how many of them
// stand still.
func threadsStopped(pid int) (threads, stopped int, err error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, task := range tasks {
		text, err := os.ReadFile(filepath.Join(dir, task.Name(), "stat"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return 0, 0, err
		}
		fields := statFields(text)
		if len(fields) == 0 {
			return 0, 0, fmt.Errorf("%s/%s/stat: %q has no state", dir, task.Name(), text)
		}
		if fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		threads++
		if fields[0] == "T" {
			stopped++
		}
	}
	return threads, stopped, nil
}
