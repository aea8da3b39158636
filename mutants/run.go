package mutants

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Config says how a mutant is hunted. Its zero value is a sensible choice.
type Config struct {
	System   string        // the system under test; "quorum" if empty
	Seed     uint64        // seed of the first run, 1 if 0; the next runs take the next ones
	Duration time.Duration // main phase of one run; 10 s if 0
	// Budget bounds the sum of the durations: there are at most Budget/Duration
	// runs, and at least one. 60 s if 0.
	Budget time.Duration
	// Dir is where run directories are made, one a run; a temporary directory
	// that is removed if empty.
	Dir string
}

func (c Config) withDefaults() Config {
	c.System = cmp.Or(c.System, "quorum")
	c.Seed = cmp.Or(c.Seed, 1) // the command takes 0 for any seed
	c.Duration = cmp.Or(c.Duration, 10*time.Second)
	c.Budget = cmp.Or(c.Budget, time.Minute)
	return c
}

func (c Config) runs() int { return max(1, int(c.Budget/c.Duration)) }

// Result is what became of a mutant.
type Result struct {
	Mutant Mutant
	Caught bool
	Runs   int    // runs that were made, the one that caught it included
	Seed   uint64 // of the last run
	// Seconds and Operations count from the start of the run that caught the
	// mutant to the first violation. Before holds the seconds of the runs
	// that came before it, or of all runs if none caught it.
	Seconds    float64
	Operations int
	Before     float64
	Anomaly    string // its standard name
	Key        string // the object that it happened to
	Report     string // path of the report of the last run
}

// RunTime is the run time in seconds until the first violation, over all runs.
func (r Result) RunTime() float64 { return r.Before + r.Seconds }

// outcome is the part of the command's JSON that is read here.
type outcome struct {
	Validity string `json:"validity"`
	Seed     uint64 `json:"seed"`
	Report   string `json:"report"`
	First    *struct {
		Seconds    float64 `json:"seconds"`
		Operations int     `json:"operations"`
		Anomaly    string  `json:"anomaly"`
		Key        string  `json:"key"`
	} `json:"first"`
}

// Run runs a binary that has a mutant in it until a run ends invalid or the
// budget is used up. An unknown verdict does not catch a mutant. The error says
// that a run could not be made or understood, which is no statement about the
// mutant.
func Run(ctx context.Context, binary string, m Mutant, cfg Config) (Result, error) {
	cfg = cfg.withDefaults()
	if cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "gauntlet-mutant-")
		if err != nil {
			return Result{}, fmt.Errorf("mutant %s: %w", m.ID, err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // temporary
		cfg.Dir = dir
	}
	result := Result{Mutant: m}
	for i := range cfg.runs() {
		seed := cfg.Seed + uint64(i)
		o, err := once(ctx, binary, m, cfg, seed)
		if err != nil {
			return result, fmt.Errorf("mutant %s, seed %d: %w", m.ID, seed, err)
		}
		result.add(o, seed, cfg.Duration)
		if result.Caught {
			break
		}
	}
	return result, nil
}

func (r *Result) add(o outcome, seed uint64, duration time.Duration) {
	r.Runs++
	r.Seed, r.Report = seed, o.Report
	if o.First == nil {
		r.Before += duration.Seconds()
		return
	}
	r.Caught = true
	r.Seconds, r.Operations = o.First.Seconds, o.First.Operations
	r.Anomaly, r.Key = o.First.Anomaly, o.First.Key
}

func once(ctx context.Context, binary string, m Mutant, cfg Config, seed uint64) (outcome, error) {
	// A run heals, settles, reads and checks after its main phase.
	ctx, cancel := context.WithTimeout(ctx, 4*cfg.Duration+2*time.Minute)
	defer cancel()
	args := slices.Concat([]string{"run", "--json", "--system", cfg.System}, m.Args, []string{
		"--seed", strconv.FormatUint(seed, 10),
		"--duration", cfg.Duration.String(),
		"--out", filepath.Join(cfg.Dir, fmt.Sprintf("%s-%d", m.ID, seed)),
	})
	cmd := exec.CommandContext(ctx, binary, args...)
	// An interrupted run stops its nodes and keeps its history.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 15 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return outcome{}, errors.Join(ctx.Err(), err)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{}, err
	}
	o, err := understand(cmd.ProcessState.ExitCode(), stdout.Bytes())
	if err != nil {
		return outcome{}, fmt.Errorf("%w: %s", err, tail(stderr.String()))
	}
	if o.Seed != seed {
		return outcome{}, fmt.Errorf("field seed: found %d, expected %d", o.Seed, seed)
	}
	return o, nil
}

// understand compares what the command says with its exit code, because exit
// code 1 alone is also that of a command that was not understood.
func understand(code int, stdout []byte) (outcome, error) {
	expected := map[int]string{0: "valid", 1: "invalid", 3: "unknown"}[code]
	if expected == "" {
		return outcome{}, fmt.Errorf("exit code %d: expected 0, 1 or 3", code)
	}
	var o outcome
	if err := json.Unmarshal(stdout, &o); err != nil {
		return outcome{}, fmt.Errorf("exit code %d: the result on standard output: %w", code, err)
	}
	if o.Validity != expected {
		return outcome{}, fmt.Errorf("exit code %d: field validity: found %q, expected %q", code, o.Validity, expected)
	}
	if o.Validity == "invalid" && (o.First == nil || o.First.Anomaly == "") {
		return outcome{}, errors.New("field first: found no anomaly in an invalid result")
	}
	if o.Validity != "invalid" {
		o.First = nil
	}
	return o, nil
}

// Try plants the mutant, builds the command with it, runs it and tells what
// became of it. All files are made in dir.
func (m *Mutant) Try(ctx context.Context, moduleRoot, dir string, cfg Config) (Result, error) {
	overlay, err := m.Overlay(moduleRoot, dir)
	if err != nil {
		return Result{}, err
	}
	binary := filepath.Join(dir, "gauntlet-"+m.ID)
	if err := Build(ctx, moduleRoot, overlay, binary); err != nil {
		return Result{}, fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	cfg.Dir = cmp.Or(cfg.Dir, dir)
	return Run(ctx, binary, *m, cfg)
}
