package gauntlet

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/workload"
)

// Test describes one run. Only System is needed: the zero value of every other
// field is a sensible choice.
type Test struct {
	// Name names the run's directory; made of system, design, workload and
	// faults if empty.
	Name string
	// System is what is under test, with the options that it understands.
	System  system.System
	Options system.Options
	// Workload is what clients do and how it is judged; nil is
	// workload.Register{}.
	Workload workload.Workload
	// Nemesis says which kinds of faults there are; nil means all that the
	// testbed and the system can do, nemesis.None() none.
	Nemesis nemesis.Profile
	// Schedule, if given, is carried out instead of one drawn from the seed.
	Schedule *nemesis.Schedule
	// Checker judges the history instead of the workload's own checker.
	Checker checker.Checker
	// Nodes and Clients are their numbers; 0 means 5 and 10.
	Nodes, Clients int
	// Duration is the length of the main phase; 0 means 20 s.
	Duration time.Duration
	// Rate is how many operations per second all clients together attempt; 0
	// means 1000, and a negative rate as many as they can.
	Rate float64
	// Timeout is how long a client waits for one operation; 0 means 500 ms.
	Timeout time.Duration
	// CheckTime bounds the checking; 0 means 60 s.
	CheckTime time.Duration
	// Seed is the source of all dice; 0 draws one.
	Seed uint64
	// Out is the directory below which the run's directory is made; "" is
	// "runs".
	Out string
	// Replay is the command that repeats the run, for the report; made up from
	// system and seed if empty.
	Replay string
	// Logger receives what the harness does; nil discards it.
	Logger *slog.Logger
	// Progress, if given, is called four times a second and when a fault
	// begins or ends, from one goroutine at a time.
	Progress func(Progress)
}

const (
	defaultDuration  = 20 * time.Second
	defaultCheckTime = time.Minute
)

// ErrConfig is matched by the errors of a Test that cannot be run as it is.
var ErrConfig = errors.New("bad test")

// withDefaults returns the test with every zero field filled in, or says which
// field is wrong.
func (t Test) withDefaults() (Test, error) {
	if t.System == nil {
		return t, fmt.Errorf("%w: System is missing", ErrConfig)
	}
	t.Workload = defaultWorkload(t.Workload)
	if t.Checker == nil {
		t.Checker = t.Workload.Checker()
	}
	t.Nodes = cmp.Or(t.Nodes, 5)
	t.Clients = cmp.Or(t.Clients, 10)
	t.Duration = cmp.Or(t.Duration, defaultDuration)
	t.Rate = cmp.Or(t.Rate, 1000)
	t.Timeout = cmp.Or(t.Timeout, 500*time.Millisecond)
	t.CheckTime = cmp.Or(t.CheckTime, defaultCheckTime)
	t.Out = cmp.Or(t.Out, "runs")
	if t.Logger == nil {
		t.Logger = slog.New(slog.DiscardHandler)
	}
	for t.Seed == 0 {
		t.Seed = RandomSeed()
	}
	t.Name = cmp.Or(t.Name, t.defaultName())
	return t, t.validate()
}

// RandomSeed draws a seed. It is small enough to be exact where numbers are floats.
func RandomSeed() uint64 { return rand.Uint64() >> 11 }

func defaultWorkload(w workload.Workload) workload.Workload {
	if w == nil {
		return workload.Register{}
	}
	return w
}

func (t Test) defaultName() string {
	parts := []string{t.System.Name(), t.Options.Design(), t.Workload.Name(), t.faults()}
	for _, name := range sortedKeys(t.Options) {
		if name != "design" {
			parts = append(parts, name, t.Options[name])
		}
	}
	return strings.Map(plain, strings.Join(parts, "-"))
}

// faults names what goes wrong.
func (t Test) faults() string {
	if t.Schedule != nil {
		return "schedule"
	}
	return t.Nemesis.String()
}

// wantsFaults reports whether anything is meant to go wrong.
func (t Test) wantsFaults() bool {
	if t.Schedule != nil {
		return len(t.Schedule.Steps) > 0
	}
	return t.Nemesis == nil || len(t.Nemesis) > 0
}

// plain replaces what is awkward in the name of a directory.
func plain(r rune) rune {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '.', r == '@':
		return r
	case r == ',':
		return '+'
	default:
		return '-'
	}
}

func (t Test) validate() error {
	var errs []error
	wrong := func(field string, found any, expected string) {
		errs = append(errs, fmt.Errorf("%w: %s: found %v, expected %s", ErrConfig, field, found, expected))
	}
	if t.Nodes < 1 || t.Nodes > 64 {
		wrong("Nodes", t.Nodes, "1 to 64")
	}
	if t.Clients < 1 || t.Clients > 1024 {
		wrong("Clients", t.Clients, "1 to 1024")
	}
	if t.Duration < 100*time.Millisecond {
		wrong("Duration", t.Duration, "at least 100ms")
	}
	if t.Timeout < time.Millisecond {
		wrong("Timeout", t.Timeout, "at least 1ms")
	}
	if t.CheckTime < 0 {
		wrong("CheckTime", t.CheckTime, "more than 0")
	}
	if math.IsNaN(t.Rate) || math.IsInf(t.Rate, 0) {
		wrong("Rate", t.Rate, "a number")
	}
	if strings.ContainsAny(t.Name, "/\\\x00") {
		wrong("Name", fmt.Sprintf("%q", t.Name), "no path separator")
	}
	if v, ok := t.System.(system.Validator); ok {
		if err := v.Validate(t.Options); err != nil {
			errs = append(errs, fmt.Errorf("%w: Options: %w", ErrConfig, err))
		}
	}
	return errors.Join(errs...)
}

// nodeNames and clientNames are how the testbed, the nemesis and the history
// call them.
func (t Test) nodeNames() []string   { return numbered("n", t.Nodes) }
func (t Test) clientNames() []string { return numbered("c", t.Clients) }

func numbered(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%d", prefix, i+1)
	}
	return names
}

// env is what a schedule is drawn for.
func (t Test) env(target any, gen workload.Generator) nemesis.Env {
	env := nemesis.Env{Nodes: t.nodeNames(), Clients: t.clientNames(), Abilities: nemesis.AbilitiesOf(target)}
	if s, ok := t.System.(system.Injectable); ok {
		env.Failpoints, env.RefusesKeys = s.Failpoints(), s.RefusesKeys()
	}
	if s, ok := t.System.(system.Framed); ok {
		env.PeerFrames = s.Framer(system.RolePeer) != nil
		env.ClientFrames = s.Framer(system.RoleClient) != nil
	}
	if g, ok := gen.(workload.Keyed); ok {
		env.KeyPatterns = g.KeyPatterns()
	}
	return env
}
