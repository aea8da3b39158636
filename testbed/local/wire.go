package local

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
)

const (
	// envChild carries the [childSpec] of a re-executed process.
	envChild = "GAUNTLET_LOCAL_CHILD"
	// envOwner names the boot that a process descends from, so that the
	// supervisor can tell whose orphans it has adopted.
	envOwner = "GAUNTLET_LOCAL_OWNER"
)

// childSpec says what a re-executed process is: exactly one field is set.
type childSpec struct {
	Supervisor *supervisorSpec `json:"supervisor,omitempty"`
	Node       *nodeSpec       `json:"node,omitempty"`
}

func (c childSpec) env() (string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode the configuration of a child process: %w", err)
	}
	return envChild + "=" + string(b), nil
}

type supervisorSpec struct {
	TempRoot string `json:"tempRoot"` // where its temporary directory is made
}

// nodeSpec is all that a node's process is told at its start.
type nodeSpec struct {
	System      string                       `json:"system"`
	ID          string                       `json:"id"`
	Incarnation int                          `json:"incarnation"`
	Peers       []string                     `json:"peers"`
	Dial        map[string]map[string]string `json:"dial"` // peer → role → address
	Options     system.Options               `json:"options,omitempty"`
	Seed        uint64                       `json:"seed"`
	Epoch       time.Time                    `json:"epoch"` // when the run started
	Dir         string                       `json:"dir"`   // the node's directory
	Board       string                       `json:"board"`
	Control     string                       `json:"control"`
}

// command is what the harness asks of the supervisor, one JSON line each.
type command struct {
	ID     uint64   `json:"id"`
	Node   string   `json:"node"`
	Boot   int      `json:"boot"`
	Signal string   `json:"signal,omitempty"` // KILL, STOP or CONT; else spawn
	Env    []string `json:"env,omitempty"`
	Dir    string   `json:"dir,omitempty"`
	Log    string   `json:"log,omitempty"`
}

// The kinds of a [report].
const (
	reportReady  = "ready"  // the supervisor runs
	reportDone   = "done"   // answer to a command
	reportExited = "exited" // a node was reaped
)

// report is what the supervisor tells the harness, one JSON line each.
type report struct {
	Kind    string `json:"kind"`
	ID      uint64 `json:"id,omitempty"`
	Error   string `json:"error,omitempty"`
	Node    string `json:"node,omitempty"`
	Boot    int    `json:"boot,omitempty"`
	Pid     int    `json:"pid,omitempty"`
	Code    int    `json:"code,omitempty"`
	Signal  int    `json:"signal,omitempty"`
	TempDir string `json:"tempDir,omitempty"`
}

// announcement is what a node tells the harness over its control connection.
// The first one names the node and is answered with the [welcome]; later ones
// name a listener or acknowledge a change.
type announcement struct {
	Node string `json:"node,omitempty"`
	Boot int    `json:"boot,omitempty"`
	Role string `json:"role,omitempty"`
	Addr string `json:"addr,omitempty"`
	Done uint64 `json:"done,omitempty"` // the change that is in force
}

// welcome is the state of faults when a node connects. The changes that follow
// it on the connection are complete.
type welcome struct {
	Settings map[string]string         `json:"settings,omitempty"`
	Armed    map[string]nemesis.Action `json:"armed,omitempty"`
}

// change is what the harness tells a node while it runs.
type change struct {
	ID      uint64          `json:"id"`
	Setting string          `json:"setting,omitempty"`
	Value   string          `json:"value,omitempty"`
	Point   string          `json:"point,omitempty"`
	Action  *nemesis.Action `json:"action,omitempty"`
}

// takeSpec reads the process's role from the environment and removes it, so
// that what this process starts does not take itself for a child.
func takeSpec() (spec childSpec, found bool, err error) {
	text, found := os.LookupEnv(envChild)
	if !found {
		return spec, false, nil
	}
	if err := os.Unsetenv(envChild); err != nil {
		return spec, true, fmt.Errorf("unset %s: %w", envChild, err)
	}
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return spec, true, fmt.Errorf("environment %s: %w", envChild, err)
	}
	return spec, true, nil
}
