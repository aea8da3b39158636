package nemesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const second = time.Second

// execute runs steps on a bed in virtual time and returns the outcomes by name.
func execute(t *testing.T, b *bed, d time.Duration, steps ...Step) (map[string]Outcome, *Report) {
	t.Helper()
	for i := range steps {
		if steps[i].Name == "" {
			steps[i].Name = string(steps[i].Kind)
		}
	}
	report, err := Run(t.Context(), Schedule{Duration: d, Nodes: []string{"n1", "n2", "n3"}, Steps: steps}, b, nil)
	require.NoError(t, err)
	require.Empty(t, b.unhealed())
	require.Empty(t, b.wrong)
	outcomes := map[string]Outcome{}
	for _, r := range report.Results {
		outcomes[r.Step.Name] = r.Outcome
	}
	return outcomes, report
}

func cut(from, to string) []Flow { return []Flow{{from, to, Condition{Cut: true}}} }

func TestEvidence(t *testing.T) {
	all := []string{"n1", "n2", "n3"}
	on := func(c Condition) []Flow { return []Flow{{"n1", "n2", c}, {"n2", "n1", c}} }
	for _, test := range []struct {
		step      Step
		busy      string // evidence under load
		idleAlone string // without: "" means that there is evidence all the same
	}{
		{Step{Kind: Partition, Links: on(Condition{Cut: true})},
			"cut 2 links: 200 B withheld on 2 of them, 2 dials blocked (100 B passed on them, 1.0 kB on other links)",
			"no effect observed: cut 2 links: nothing was withheld, no dial was blocked (0 B passed on them, 0 B on other links)"},
		{Step{Kind: Partition, Shape: "flap", Links: on(Condition{Cut: true}), Every: 300 * time.Millisecond},
			"cut 2 links: 400 B withheld on 2 of them, 4 dials blocked", "no effect observed: cut 2 links"},
		{Step{Kind: Slow, Links: on(Condition{Delay: 1})}, "slowed 2 links: 2 chunks", "no effect observed: slowed 2 links: 0 chunks"},
		{Step{Kind: Drop, Links: on(Condition{Loss: .2})}, "dropped frames on 2 links: 2 frames", "no effect observed: dropped"},
		{Step{Kind: Duplicate, Links: on(Condition{Duplicate: .2})}, "repeated frames on 2 links: 2 frames", "no effect observed: repeated"},
		{Step{Kind: Reorder, Links: on(Condition{Reorder: .2})}, "reordered frames on 2 links: 2 frames", "no effect observed: reordered"},
		{Step{Kind: Segments, Links: on(Condition{Split: 3})}, "cut segments anew on 2 links: 2 chunks split, 0 merged", "no effect observed: cut segments"},
		{Step{Kind: Reset, Links: on(Condition{}), Every: 400 * time.Millisecond},
			"reset the connections of 2 links 3 times: 6 connections on 2 of them", "no effect observed: reset"},
		{Step{Kind: Kill, Nodes: all[:2]}, "killed: n1 (boot 1, 3 unsynced writes, 120 B lost), n2 (boot 1, 3 unsynced writes, 120 B lost); serving again after 30ms", ""},
		{Step{Kind: Restart, Nodes: all, Stagger: 50 * time.Millisecond, Every: 400 * time.Millisecond}, "restarted 3 nodes: 9 kills, 9 served again", ""},
		{Step{Kind: Pause, Nodes: all[:1]}, "paused: n1 stood still", ""},
		{Step{Kind: Torn, Nodes: all[:1]}, "torn writes: 1 on n1; killed: n1 (boot 1, 3 unsynced writes, 120 B lost); serving again after 30ms", ""},
		{Step{Kind: Crash, Nodes: all[:2], Point: "p", Down: 100 * time.Millisecond, Delay: 2 * time.Millisecond},
			"crash at p: n1 died after 202ms, n2 died after 202ms; serving again after 30ms", ""},
		{Step{Kind: RefuseKey, Nodes: all[:2], Pattern: "k*"}, `keys "k*" refused: 2 on n1, 2 on n2`, `no effect observed: keys "k*" refused: none`},
		{Step{Kind: SlowDisk, Nodes: all[:2], Delay: 20 * time.Millisecond}, "syncs slowed by 20ms: 3 on n1, 3 on n2", "no effect observed: syncs slowed by 20ms: none"},
	} {
		test.step.At, test.step.For = second, second
		t.Run(test.step.Label(), func(t *testing.T) {
			for _, idle := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					b := newBed(testEnv(3, 1))
					b.idle, b.startTime, b.passAfter = idle, 30*time.Millisecond, 200*time.Millisecond
					outcomes, _ := execute(t, b, 4*second, test.step)
					out := outcomes[string(test.step.Kind)]
					want := test.busy
					if idle && test.idleAlone != "" {
						want = test.idleAlone
					}
					require.NoError(t, out.Err)
					require.Contains(t, out.Evidence, want)
					require.Equal(t, !strings.HasPrefix(want, "no effect"), out.Effect)
				})
			}
		})
	}
}

func TestLifeCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 1))
		b.callTime, b.startTime = 10*time.Millisecond, 40*time.Millisecond
		log := &diary{}
		steps := []Step{{Name: "k", Kind: Kill, At: second, For: second, Nodes: []string{"n1"}}}
		report, err := Run(t.Context(), Schedule{Duration: 3 * second, Steps: steps}, b, log)
		require.NoError(t, err)
		out := report.Results[0].Outcome
		require.Equal(t, second, out.Start)
		require.Equal(t, 1010*time.Millisecond, out.Effective)
		require.Equal(t, 2010*time.Millisecond, out.End)
		require.Equal(t, 2060*time.Millisecond, out.Recovered)
		require.Equal(t, []string{"begin k", "end k true"}, log.lines)
		require.Equal(t, []string{"kill n1", "start n1", "apply 0"}, b.calls)
		require.Equal(t, 1, report.Effective())
		require.Equal(t, []Tally{{Kill, 1, 1, 1, 0}}, report.Kinds)
	})
}

func TestNodeKilledByTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		outcomes, report := execute(t, b, 6*second,
			Step{Name: "a", Kind: Kill, At: second, For: second, Nodes: []string{"n1", "n2"}},
			Step{Name: "b", Kind: Kill, At: 1500 * time.Millisecond, For: 2 * second, Nodes: []string{"n1"}})
		require.Equal(t, 2, b.nodes["n1"].boot, "started once")
		require.Contains(t, outcomes["b"].Evidence, "no effect observed: killed: n1 was already down")
		require.False(t, outcomes["b"].Effect)
		require.NoError(t, outcomes["b"].Err)
		require.Empty(t, report.Unplanned)
	})
}

func TestPauseAndKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		outcomes, _ := execute(t, b, 9*second,
			Step{Name: "pause", Kind: Pause, At: second, For: 3 * second, Nodes: []string{"n1"}},
			Step{Name: "kill", Kind: Kill, At: 2 * second, For: second, Nodes: []string{"n1"}},
			Step{Name: "dead", Kind: Pause, At: 2500 * time.Millisecond, For: second, Nodes: []string{"n1"}},
			Step{Name: "first", Kind: Pause, At: 5 * second, For: second, Nodes: []string{"n2"}},
			Step{Name: "second", Kind: Pause, At: 5500 * time.Millisecond, For: 2 * second, Nodes: []string{"n2"}})
		require.True(t, outcomes["pause"].Effect)
		require.True(t, outcomes["kill"].Effect)
		require.Equal(t, "no effect observed: paused: n1 was down", outcomes["dead"].Evidence)
		require.Equal(t, "no effect observed: paused: n2 was already paused", outcomes["second"].Evidence)
		require.Equal(t, []string{"pause n1", "kill n1", "start n1", "pause n2", "resume n2", "apply 0"}, b.calls)
	})
}

func TestSettingsOverlapAndSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		go func() {
			for _, want := range []string{"a*", "b*", "a*", ""} {
				time.Sleep(second)
				b.mu.Lock()
				if got := b.nodes["n1"].settings[SettingRefuseKey]; got != want {
					b.wrong = append(b.wrong, fmt.Sprintf("refuse-key is %q instead of %q", got, want))
				}
				b.mu.Unlock()
			}
		}()
		execute(t, b, 9*second,
			Step{Name: "a", Kind: RefuseKey, At: second / 2, For: 3 * second, Nodes: []string{"n1"}, Pattern: "a*"},
			Step{Name: "b", Kind: RefuseKey, At: 3 * second / 2, For: second, Nodes: []string{"n1"}, Pattern: "b*"},
			Step{Name: "p", Kind: Pause, At: 6 * second, For: second, Nodes: []string{"n2"}},
			Step{Name: "c", Kind: RefuseKey, At: 6500 * time.Millisecond, For: second, Nodes: []string{"n2"}, Pattern: "c*"})
		require.Equal(t, int64(2), b.nodes["n2"].counters[counterRefused], "told after the pause")
	})
}

// at looks at the first node in the middle of a run.
func at(b *bed, when time.Duration, look func(n *bedNode) string) {
	time.AfterFunc(when, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if wrong := look(b.nodes["n1"]); wrong != "" {
			b.wrong = append(b.wrong, wrong)
		}
	})
}

// What a kill ended early is not owed to the next incarnation; what was set is.
func TestNewIncarnation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		at(b, 5*second, func(n *bedNode) string {
			if n.paused || n.settings[SettingRefuseKey] != "k*" {
				return fmt.Sprintf("paused %v, settings %v", n.paused, n.settings)
			}
			return ""
		})
		execute(t, b, 9*second,
			Step{Name: "old", Kind: Pause, At: second, For: 6 * second, Nodes: []string{"n1"}},
			Step{Name: "set", Kind: RefuseKey, At: second / 2, For: 7 * second, Nodes: []string{"n1"}, Pattern: "k*"},
			Step{Name: "kill", Kind: Kill, At: 2 * second, For: second, Nodes: []string{"n1"}},
			Step{Name: "new", Kind: Pause, At: 3500 * time.Millisecond, For: second, Nodes: []string{"n1"}})
	})
}

func TestCrashThatNobodyPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		outcomes, _ := execute(t, b, 9*second,
			Step{Kind: Crash, At: second, For: second, Nodes: []string{"n1", "n2"}, Point: "p"})
		out := outcomes["crash"]
		require.Equal(t, "no effect observed: crash at p: n1 did not pass it, n2 did not pass it", out.Evidence)
		require.Equal(t, 2*second, out.Recovered)
	})
}

func TestCrashThatIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		outcomes, report := execute(t, b, 9*second,
			Step{Kind: Crash, At: second, For: 3 * second, Nodes: []string{"n1"}, Point: "p"},
			Step{Kind: Kill, At: 2 * second, For: second, Nodes: []string{"n1"}})
		require.Equal(t, "no effect observed: crash at p: n1 was killed before it passed it", outcomes["crash"].Evidence)
		require.Empty(t, report.Unplanned)
		require.Equal(t, 2, b.nodes["n1"].boot)
	})
}

func TestUnplannedDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		time.AfterFunc(1500*time.Millisecond, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.die(b.nodes["n1"])
			b.die(b.nodes["n3"])
		})
		outcomes, report := execute(t, b, 9*second,
			Step{Kind: Partition, At: second, For: 3 * second, Links: cut("n1", "n2")},
			Step{Kind: Crash, At: second, For: 3 * second, Nodes: []string{"n3"}, Point: "p"})
		require.NoError(t, outcomes["partition"].Err)
		require.Len(t, report.Unplanned, 2)
		require.Equal(t, "n1 went down at 1.5s and no step had asked for it", report.Unplanned[0])
		require.Contains(t, report.Unplanned[1], "n3 went down at 1.6s without having passed p")
		require.Equal(t, 2, b.nodes["n1"].boot, "started at the end")
	})
}

func TestErrorsStopNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		b.fail = func(call, node string) error {
			if call == "kill" && node == "n1" || call == "pause" {
				return errors.New("no such luck")
			}
			return nil
		}
		b.nodes["n3"].paused = true // the pause fails, but did something
		outcomes, report := execute(t, b, 9*second,
			Step{Kind: Kill, At: second, For: second, Nodes: []string{"n1", "n2"}},
			Step{Kind: Pause, At: second, For: second, Nodes: []string{"n3"}},
			Step{Kind: Partition, At: second, For: second, Links: cut("n1", "n2")})
		require.EqualError(t, outcomes["kill"].Err, "kill n1: no such luck")
		require.EqualError(t, outcomes["pause"].Err, "pause n3: no such luck")
		require.True(t, outcomes["partition"].Effect)
		require.Equal(t, []Tally{{Partition, 1, 1, 1, 0}, {Kill, 1, 1, 1, 1}, {Pause, 1, 1, 0, 1}}, report.Kinds)
	})
}

func TestNodeThatDoesNotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		b.fail = func(call, node string) error {
			if call == "start" && node == "n1" {
				return errors.New("no such luck")
			}
			return nil
		}
		steps := []Step{{Name: "k", Kind: Kill, At: second, For: second, Nodes: []string{"n1", "n2"}}}
		report, err := Run(t.Context(), Schedule{Duration: 5 * second, Steps: steps}, b, nil)
		require.EqualError(t, err, "start n1: no such luck")
		require.EqualError(t, report.Results[0].Outcome.Err, "start n1: no such luck")
		require.Contains(t, report.String(), "error: start n1: no such luck")
		require.True(t, b.nodes["n2"].up)
	})
}

// A node that serves only when others do is no deadlock.
func TestStartsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		var quorum sync.WaitGroup
		quorum.Add(3)
		b.fail = func(call, _ string) error {
			if call == "start" {
				quorum.Done()
				quorum.Wait()
			}
			return nil
		}
		outcomes, _ := execute(t, b, 9*second,
			Step{Name: "all", Kind: Kill, At: second, For: second, Nodes: []string{"n1", "n2"}},
			Step{Name: "more", Kind: Kill, At: second, For: 3 * second, Nodes: []string{"n3"}})
		require.NoError(t, outcomes["all"].Err)
		require.Equal(t, 4*second, outcomes["all"].Recovered)
		require.Equal(t, 4*second, outcomes["more"].Recovered)
	})
}

func TestRunRefuses(t *testing.T) {
	_, err := Run(t.Context(), Schedule{Duration: second, Steps: []Step{{Kind: Kill}}}, nil, nil)
	require.ErrorContains(t, err, "schedule: ")

	synctest.Test(t, func(t *testing.T) {
		steps := []Step{{Name: "k", Kind: Kill, For: second, Nodes: []string{"n1"}}}
		report, err := Run(t.Context(), Schedule{Duration: second, Steps: steps}, struct{}{}, nil)
		require.NoError(t, err)
		require.EqualError(t, report.Results[0].Outcome.Err, "the testbed lacks the ability Processes")
		require.False(t, report.Results[0].Outcome.Effect)
	})
}

func TestHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := testEnv(3, 0)
		b := newBed(env)
		require.NoError(t, b.Apply(t.Context(), Matrix{{"n1", "n2"}: {Cut: true}}))
		require.NoError(t, b.Set(t.Context(), "n1", SettingTorn, tornAlways))
		_, err := b.Kill(t.Context(), "n1")
		require.NoError(t, err)
		for _, n := range []string{"n2", "n3"} {
			require.NoError(t, b.Pause(t.Context(), n))
		}
		require.NoError(t, Heal(t.Context(), b, env.Nodes))
		require.Empty(t, b.unhealed())
		require.Empty(t, b.wrong)
		require.Equal(t, 2, b.nodes["n1"].boot)

		b.fail = func(call, _ string) error {
			if call == "apply" {
				return errors.New("no such luck")
			}
			return nil
		}
		require.EqualError(t, Heal(t.Context(), b, nil), "heal: heal the network: no such luck")
		require.NoError(t, Heal(t.Context(), struct{}{}, env.Nodes))
	})
}

// A cancelled run recovers at once, with calls that do not see the end.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(testEnv(3, 0))
		b.startTime = 40 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		begin := time.Now()
		report, err := Run(ctx, Schedule{Duration: 20 * second, Steps: []Step{
			{Name: "k", Kind: Kill, At: second, For: 10 * second, Nodes: []string{"n1"}},
			{Name: "r", Kind: Restart, At: second, For: 10 * second, Nodes: []string{"n2", "n3"}, Stagger: second},
			{Name: "later", Kind: Kill, At: 5 * second, For: second, Nodes: []string{"n1"}},
		}}, b, nil)
		require.NoError(t, err)
		require.Empty(t, b.unhealed())
		require.Equal(t, []string{"later"}, report.Unreached)
		require.Equal(t, 1540*time.Millisecond, time.Since(begin))
		require.Equal(t, []string{"k", "r"}, names(report))
	})
}

func names(r *Report) []string {
	var names []string
	for _, result := range r.Results {
		names = append(names, result.Step.Name)
	}
	return slices.Sorted(slices.Values(names))
}
