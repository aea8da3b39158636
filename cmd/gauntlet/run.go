package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/report"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/workload"
)

// runFlags are the flags of "gauntlet run".
type runFlags struct {
	system, design, workload, faults string
	schedule, seeds, out, log        string
	options                          []string
	nodes, clients                   int
	duration, timeout, checkTime     time.Duration
	rate                             float64
	seed                             uint64
	json                             bool
}

func newRun() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a system under faults and judge it",
		Args:  args(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr()) },
	}
	f.register(cmd)
	return cmd
}

func (f *runFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.system, "system", "quorum", "system under test")
	s.StringVar(&f.design, "design", "safe", "safe, or seed: as the seed project describes it")
	s.StringVar(&f.workload, "workload", "register", "what clients do")
	s.StringVar(&f.faults, "faults", "all", "all, none, or kinds such as partition/halves,kill (see gauntlet list)")
	s.StringVar(&f.schedule, "schedule", "", "carry out the schedule in this file instead of drawing one")
	s.StringArrayVar(&f.options, "option", nil, "option of the system, name=value; may be repeated")
	s.IntVar(&f.nodes, "nodes", 5, "number of nodes")
	s.IntVar(&f.clients, "clients", 10, "number of clients")
	s.DurationVar(&f.duration, "duration", 20*time.Second, "length of the main phase")
	s.DurationVar(&f.timeout, "timeout", 500*time.Millisecond, "how long a client waits for one operation")
	s.DurationVar(&f.checkTime, "check-time", time.Minute, "how long checking may take")
	s.Float64Var(&f.rate, "rate", 1000, "operations per second of all clients together; negative: as many as they can")
	s.Uint64Var(&f.seed, "seed", 0, "source of all dice; 0 draws one")
	s.StringVar(&f.seeds, "seeds", "", "a range of seeds such as 1..20: one run each")
	s.StringVar(&f.out, "out", "runs", "directory for run directories")
	s.StringVar(&f.log, "log", "warn", "log level of the harness: debug, info, warn or error")
	s.BoolVar(&f.json, "json", false, "print the result as JSON, one line a run")
}

func (f *runFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	test, err := f.test(stderr)
	if err != nil {
		return err
	}
	first, last, err := parseSeeds(f.seeds, f.seed)
	if err != nil {
		return err
	}
	return everySeed(ctx, first, last, stderr, func(seed uint64) (int, error) {
		return f.one(ctx, test, seed, stdout, stderr)
	})
}

// everySeed does one run after the other and ends with the worst of their exit
// codes. An error ends it, and is only told if there has been a violation.
func everySeed(ctx context.Context, first, last uint64, stderr io.Writer, one func(seed uint64) (int, error)) error {
	worst := exitValid
	for seed := first; ; seed++ {
		code, err := one(seed)
		if err != nil && worst == exitInvalid {
			fmt.Fprintln(stderr, "gauntlet:", err)
			return exit(worst)
		}
		if err != nil {
			return err
		}
		worst = worse(worst, code)
		if seed == last {
			return asExit(worst)
		}
		if ctx.Err() != nil {
			return asExit(worse(worst, exitInterrupted))
		}
	}
}

// severity orders exit codes: a violation is never hidden by anything.
var severity = []int{exitValid, exitUnknown, exitInterrupted, exitInvalid}

func worse(a, b int) int {
	for i := len(severity) - 1; i >= 0; i-- {
		if severity[i] == a || severity[i] == b {
			return severity[i]
		}
	}
	return b
}

// one does the run of one seed and prints what came of it.
func (f *runFlags) one(ctx context.Context, test gauntlet.Test, seed uint64, stdout, stderr io.Writer) (int, error) {
	test.Seed = seed
	test.Replay = f.replay(seed)
	status := newStatus(stderr)
	test.Progress = status.update
	res, err := gauntlet.Execute(ctx, test)
	status.clear()
	if err != nil {
		return 0, err
	}
	if err := f.print(res, stdout); err != nil {
		return 0, err
	}
	if res.Interrupted && res.Validity != checker.Invalid {
		return exitInterrupted, nil
	}
	return verdictCode(res.Validity), nil
}

func (f *runFlags) print(res *gauntlet.Result, w io.Writer) error {
	switch {
	case f.json:
		return json.NewEncoder(w).Encode(res)
	case f.seeds != "":
		_, err := fmt.Fprintf(w, "seed %-6d %-8s %6d ok %5d fail %5d info  %s  %s\n",
			res.Seed, res.Validity, res.OK, res.Fail, res.Info, effects(res.Faults), res.Report)
		return err
	default:
		page := report.Page{Title: res.Name, Verdict: res.Verdict, History: res.History(), Replay: res.Replay}
		return report.Text(w, page, textOptions(w, res.Report))
	}
}

// effects says how many faults had an effect, and which kinds never did.
func effects(faults []gauntlet.FaultCount) string {
	var injected, effect int
	var idle []string
	for _, f := range faults {
		injected += f.Injected
		effect += f.Effect
		if f.Effect == 0 {
			idle = append(idle, f.Kind)
		}
	}
	text := fmt.Sprintf("%d/%d faults took effect", effect, injected)
	if len(idle) > 0 {
		text += ", none of " + strings.Join(idle, ", ")
	}
	return text
}

// test makes the test that the flags describe.
func (f *runFlags) test(stderr io.Writer) (gauntlet.Test, error) {
	test := gauntlet.Test{
		Nodes: f.nodes, Clients: f.clients, Duration: f.duration, Timeout: f.timeout,
		CheckTime: f.checkTime, Rate: f.rate, Out: f.out,
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.log)); err != nil {
		return test, fmt.Errorf("%w: --log: found %q, expected debug, info, warn or error", errUsage, f.log)
	}
	test.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	var errs [5]error
	test.System, errs[0] = findSystem(f.system)
	test.Workload, errs[1] = findWorkload(f.workload)
	test.Options, errs[2] = f.parseOptions()
	test.Nemesis, errs[3] = nemesis.Parse(f.faults)
	if errs[3] != nil {
		errs[3] = fmt.Errorf("--faults: %w", errs[3])
	}
	errs[4] = f.checkNumbers()
	if err := errors.Join(errs[:]...); err != nil {
		return test, fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.schedule != "" {
		schedule, err := nemesis.Load(f.schedule)
		if err != nil {
			return test, fmt.Errorf("%w: --schedule: %w", errUsage, err)
		}
		test.Schedule = &schedule
	}
	return test, nil
}

// checkNumbers refuses what a [gauntlet.Test] would take for its default.
func (f *runFlags) checkNumbers() error {
	var errs []error
	refuse := func(wrong bool, name string, found any, expected string) {
		if wrong {
			errs = append(errs, fmt.Errorf("--%s: found %v, expected %s", name, found, expected))
		}
	}
	refuse(f.nodes < 1, "nodes", f.nodes, "1 or more")
	refuse(f.clients < 1, "clients", f.clients, "1 or more")
	refuse(f.duration <= 0, "duration", f.duration, "more than 0")
	refuse(f.timeout <= 0, "timeout", f.timeout, "more than 0")
	refuse(f.checkTime <= 0, "check-time", f.checkTime, "more than 0")
	refuse(f.rate == 0 || math.IsNaN(f.rate) || math.IsInf(f.rate, 0), "rate", f.rate, "operations per second, or -1")
	return errors.Join(errs...)
}

func (f *runFlags) parseOptions() (system.Options, error) {
	options := system.Options{"design": f.design}
	for _, text := range f.options {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--option: found %q, expected name=value", text)
		}
		options[name] = value
	}
	return options, nil
}

// replay is the command that repeats the run of a seed: the flags that are not
// at their default.
func (f *runFlags) replay(seed uint64) string {
	parts := []string{"gauntlet run"}
	add := func(name, value, standard string) {
		if value != standard {
			parts = append(parts, "--"+name, shellQuote(value))
		}
	}
	add("system", f.system, "quorum")
	add("design", f.design, "safe")
	add("workload", f.workload, "register")
	add("faults", f.faults, "all")
	add("schedule", f.schedule, "")
	for _, o := range f.options {
		add("option", o, "")
	}
	add("nodes", strconv.Itoa(f.nodes), "5")
	add("clients", strconv.Itoa(f.clients), "10")
	add("duration", f.duration.String(), "20s")
	add("timeout", f.timeout.String(), "500ms")
	add("check-time", f.checkTime.String(), "1m0s")
	add("rate", fmt.Sprint(f.rate), "1000")
	add("seed", strconv.FormatUint(seed, 10), "")
	return strings.Join(parts, " ")
}

// shellQuote quotes what a shell would take apart.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`*?[]{}()<>|&;#~!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// parseSeeds reads a range of seeds; without one it is the single seed.
func parseSeeds(text string, single uint64) (first, last uint64, err error) {
	if text == "" {
		for single == 0 {
			single = gauntlet.RandomSeed()
		}
		return single, single, nil
	}
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 64)
	last, err2 := strconv.ParseUint(to, 10, 64)
	if err1 != nil || err2 != nil || first == 0 || last < first {
		return 0, 0, fmt.Errorf("%w: --seeds: found %q, expected a range such as 1..20", errUsage, text)
	}
	return first, last, nil
}

func findSystem(name string) (system.System, error) {
	var names []string
	for _, s := range systems() {
		if s.Name() == name {
			return s, nil
		}
		names = append(names, s.Name())
	}
	return nil, fmt.Errorf("--system: found %q, expected one of %s", name, strings.Join(names, ", "))
}

// workloads are all that clients can do.
func workloads() []workload.Workload { return []workload.Workload{workload.Register{}} }

func findWorkload(name string) (workload.Workload, error) {
	var names []string
	for _, w := range workloads() {
		if w.Name() == name {
			return w, nil
		}
		names = append(names, w.Name())
	}
	return nil, fmt.Errorf("--workload: found %q, expected one of %s", name, strings.Join(names, ", "))
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && terminal(f)
}
