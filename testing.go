package gauntlet

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/report"
)

// Run does one run as a test. Anything but a valid verdict fails the test, with
// the verdict, the explanation, the path of the report and the command that
// repeats the run, in at most 25 lines.
//
// Environment variables override the fields of the test:
//
//	GAUNTLET_SEED      seed of all dice
//	GAUNTLET_DURATION  length of the main phase, such as 60s
//	GAUNTLET_NODES     number of nodes
//	GAUNTLET_CLIENTS   number of clients
//	GAUNTLET_RATE      operations per second
//	GAUNTLET_FAULTS    faults, such as partition,kill/all
//	GAUNTLET_OUT       directory for run directories
//	GAUNTLET_LOG       log level of the harness: debug, info, warn
//
// Without GAUNTLET_OUT the run directory is kept only if the test fails, below
// the system's directory for temporary files. With -short the main phase takes
// 2 s on three nodes. A run that cannot be finished before the test's deadline
// is shortened, and refused if no second would be left.
func Run(t *testing.T, test Test) *Result {
	t.Helper()
	test, err := fromEnvironment(test, testing.Short())
	if err != nil {
		t.Fatal(err)
	}
	if deadline, ok := t.Deadline(); ok {
		if test, err = test.within(time.Until(deadline)); err != nil {
			t.Fatal(err)
		}
	}
	if test.Logger == nil {
		test.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: logLevel()}))
	}
	keep := test.Out != ""
	if !keep {
		if test.Out, err = os.MkdirTemp("", "gauntlet-"); err != nil {
			t.Fatal(err)
		}
	}
	res, err := Execute(t.Context(), test.replayedBy(t.Name(), testing.Short()))
	if err != nil {
		t.Fatalf("%s: %v", t.Name(), err)
	}
	t.Attr("gauntlet.verdict", res.Validity.String())
	t.Attr("gauntlet.seed", strconv.FormatUint(res.Seed, 10))
	if res.Validity != checker.Valid {
		t.Error(res.failure())
	} else if !keep {
		if err := os.RemoveAll(test.Out); err != nil {
			t.Error(err)
		}
	}
	return res
}

// failure is what a failed test says.
func (r *Result) failure() string {
	var b bytes.Buffer
	err := report.Text(&b, report.Page{
		Title: r.Name, Verdict: r.Verdict, History: r.history, Replay: r.Replay,
	}, report.TextOptions{Report: r.Report})
	if err != nil {
		fmt.Fprintf(&b, "%s: %v", r.Validity, err)
	}
	return b.String()
}

const (
	// windUp is the most that a run needs beside its main phase and the check:
	// start, final reads, stop, report.
	windUp = 30 * time.Second
	// leastCheck is the time that a check is left at least.
	leastCheck = 10 * time.Second
)

// within shortens the main phase, and then the check, so that the run ends
// before the test is killed.
func (t Test) within(left time.Duration) (Test, error) {
	spare := left - windUp - leastCheck
	if spare < time.Second {
		return t, fmt.Errorf("%v are left before the test's deadline, a run needs %v: raise -timeout",
			left.Round(time.Second), windUp+leastCheck+time.Second)
	}
	t.Duration = min(cmp.Or(t.Duration, defaultDuration), spare)
	t.CheckTime = min(cmp.Or(t.CheckTime, defaultCheckTime), leastCheck+spare-t.Duration)
	return t, nil
}

// replayedBy sets the command that repeats the run: with all that the schedule
// depends on and the test's own code does not say.
func (t Test) replayedBy(name string, short bool) Test {
	if t.Replay != "" {
		return t
	}
	parts := []string{fmt.Sprintf("GAUNTLET_SEED=%d", t.Seed)}
	if t.Duration != 0 {
		parts = append(parts, "GAUNTLET_DURATION="+t.Duration.String())
	}
	for _, variable := range []string{"NODES", "CLIENTS", "RATE", "FAULTS"} {
		if value := os.Getenv("GAUNTLET_" + variable); value != "" {
			parts = append(parts, "GAUNTLET_"+variable+"='"+value+"'")
		}
	}
	parts = append(parts, "go test -count=1")
	if short {
		parts = append(parts, "-short")
	}
	t.Replay = strings.Join(parts, " ") + fmt.Sprintf(" -run '%s' .", exactly(name))
	return t
}

// exactly is the pattern of -run that matches the test of this name only.
func exactly(name string) string {
	levels := strings.Split(name, "/")
	for i, level := range levels {
		levels[i] = "^" + regexp.QuoteMeta(level) + "$"
	}
	return strings.Join(levels, "/")
}

// fromEnvironment fills in what the environment says.
func fromEnvironment(t Test, short bool) (Test, error) {
	if short {
		if t.Duration == 0 {
			t.Duration = 2 * time.Second
		}
		if t.Nodes == 0 {
			t.Nodes = 3
		}
	}
	var err error
	read := func(name string, parse func(string) error) {
		text := os.Getenv("GAUNTLET_" + name)
		if text == "" || err != nil {
			return
		}
		if e := parse(text); e != nil {
			err = fmt.Errorf("%w: environment variable GAUNTLET_%s: found %q: %w", ErrConfig, name, text, e)
		}
	}
	read("SEED", func(s string) (e error) { t.Seed, e = strconv.ParseUint(s, 10, 64); return e })
	read("DURATION", func(s string) (e error) { t.Duration, e = time.ParseDuration(s); return e })
	read("NODES", func(s string) (e error) { t.Nodes, e = strconv.Atoi(s); return e })
	read("CLIENTS", func(s string) (e error) { t.Clients, e = strconv.Atoi(s); return e })
	read("RATE", func(s string) (e error) { t.Rate, e = strconv.ParseFloat(s, 64); return e })
	read("FAULTS", func(s string) (e error) { t.Nemesis, e = nemesis.Parse(s); return e })
	read("OUT", func(s string) error { t.Out = s; return nil })
	for t.Seed == 0 && err == nil {
		t.Seed = RandomSeed()
	}
	return t, err
}

func logLevel() slog.Level {
	level := slog.LevelWarn
	if text := os.Getenv("GAUNTLET_LOG"); text != "" {
		_ = level.UnmarshalText([]byte(text))
	}
	return level
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
