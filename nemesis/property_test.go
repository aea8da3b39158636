package nemesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// anySchedule draws steps that overlap in every way, more wildly than Plan does.
func anySchedule(t *rapid.T, env Env, kinds ...Kind) Schedule {
	s := Schedule{Duration: 20 * second, Nodes: env.Nodes}
	for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
		spec, err := lookup(rapid.SampledFrom(kinds).Draw(t, "kind"))
		require.NoError(t, err)
		cards, _ := cardsOf(choice{spec: spec}, env)
		c := rapid.SampledFrom(cards).Draw(t, "card")
		step := c.draw(diceFor(rapid.Uint64().Draw(t, "seed"), ""), env)
		step.Name = fmt.Sprintf("s%02d-%s", i, c.kind)
		step.At = time.Duration(rapid.IntRange(0, 100).Draw(t, "at")) * 50 * time.Millisecond
		step.For = time.Duration(rapid.IntRange(1, 60).Draw(t, "for")) * 50 * time.Millisecond
		s.Steps = append(s.Steps, step)
	}
	require.NoError(t, s.Validate(env))
	return s
}

func anyBed(t *rapid.T, env Env) *bed {
	b := newBed(env)
	ms := func(label string, hi int) time.Duration {
		return time.Duration(rapid.IntRange(0, hi).Draw(t, label)) * time.Millisecond
	}
	b.callTime, b.startTime, b.passAfter = ms("call", 20), ms("start", 300), ms("pass", 800)
	return b
}

// After Run all is as it was, whatever the schedule and whenever the run is
// cancelled; no call made no sense; every step that began has ended.
func TestAlwaysHealed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		env := testEnv(rapid.IntRange(3, 5).Draw(rt, "nodes"), 1)
		b, s := anyBed(rt, env), anySchedule(rt, env, Kinds()...)
		cancelAt := time.Duration(rapid.IntRange(0, 9000).Draw(rt, "cancel ms")) * time.Millisecond
		rapid.SyncTest(rt, func(rt *rapid.T) {
			ctx, cancel := context.WithTimeout(context.Background(), cancelAt)
			defer cancel()
			b.reopen()
			log := &diary{}
			report, err := Run(ctx, s, b, log)
			time.Sleep(5 * second) // what is still armed would go off
			require.NoError(rt, err)
			require.Empty(rt, b.unhealed())
			require.Empty(rt, b.wrong)
			require.Empty(rt, report.Unplanned)
			require.Empty(rt, log.open)
			require.Len(rt, log.lines, 2*len(report.Results))
			require.Len(rt, s.Steps, len(report.Results)+len(report.Unreached))
			for _, r := range report.Results {
				require.NoError(rt, r.Outcome.Err)
				checkTimes(rt, r.Outcome)
			}
			require.NoError(rt, Heal(ctx, b.patient(), env.Nodes))
			require.Empty(rt, b.unhealed())
		})
	})
}

func checkTimes(t *rapid.T, o Outcome) {
	require.True(t, slices.IsSorted([]time.Duration{o.Start, o.Effective, o.End, o.Recovered}), "%+v", o)
	require.NotEmpty(t, o.Evidence)
}

// One call in so many fails. The run heals all the same: what fails is tried
// again at the end.
func TestHealedInSpiteOfErrors(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		env := testEnv(3, 1)
		b, s := anyBed(rt, env), anySchedule(rt, env, Kinds()...)
		failing := rapid.SampledFrom([]string{"kill", "start", "pause", "resume", "set", "arm", "apply"}).Draw(rt, "call")
		nth := rapid.IntRange(1, 5).Draw(rt, "nth")
		rapid.SyncTest(rt, func(rt *rapid.T) {
			b.reopen()
			failed := b.failNth(failing, nth)
			_, err := Run(context.Background(), s, b.patient(), nil) // a failed pause is resumed
			time.Sleep(5 * second)
			if err != nil { // the one failure was that of the last attempt
				require.True(rt, *failed)
				require.NoError(rt, Heal(context.Background(), b.patient(), env.Nodes))
			}
			require.Empty(rt, b.unhealed())
			require.Empty(rt, b.wrong)
		})
	})
}

// The state is at any time what the steps that run at that time want of it.
func TestStateIsThatOfTheRunningSteps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		env := testEnv(4, 1)
		kinds := rapid.SampledFrom([][]Kind{ // not both: a kill ends a pause early
			{Partition, Slow, Drop, Duplicate, Reorder, Segments}, {Kill, Slow}, {Pause, Slow},
		}).Draw(rt, "kinds")
		s := anySchedule(rt, env, kinds...)
		for i := range s.Steps {
			s.Steps[i].Every = 0
		}
		b := newBed(env)
		rapid.SyncTest(rt, func(rt *rapid.T) {
			b.reopen()
			done := make(chan error, 1)
			go func() {
				_, err := Run(context.Background(), s, b, nil)
				done <- err
			}()
			time.Sleep(25 * time.Millisecond) // between two edges
			for now := 25 * time.Millisecond; now < 9*second; now += 50 * time.Millisecond {
				synctest.Wait()
				checkState(rt, b, s, now)
				time.Sleep(50 * time.Millisecond)
			}
			require.NoError(rt, <-done)
		})
	})
}

func checkState(t *rapid.T, b *bed, s Schedule, now time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	want := Matrix{}
	down, paused := map[string]bool{}, map[string]bool{}
	for _, step := range s.Steps {
		if now < step.At || now > step.At+step.For {
			continue
		}
		for _, f := range step.Links {
			want[f.Link()] = combined(want[f.Link()], f.Condition)
		}
		for _, n := range step.Nodes {
			down[n] = down[n] || step.Kind == Kill
			paused[n] = paused[n] || step.Kind == Pause
		}
	}
	require.Equal(t, want, b.matrix, "at %v", now)
	for name, n := range b.nodes {
		require.Equal(t, !down[name], n.up, "%s at %v", name, now)
		require.Equal(t, paused[name], n.paused, "%s at %v", name, now)
	}
}

// combined is the rule in other words: the cut wins, delays add, of the rest the
// stronger counts.
func combined(a, b Condition) Condition {
	if a.Split == 0 || b.Split > 0 && b.Split < a.Split {
		a.Split = b.Split
	}
	if b.Cut {
		a.Cut = true
	}
	if b.Lost {
		a.Lost = true
	}
	a.Delay += b.Delay
	a.Jitter += b.Jitter
	a.Loss = max(a.Loss, b.Loss)
	a.Duplicate = max(a.Duplicate, b.Duplicate)
	a.Reorder = max(a.Reorder, b.Reorder)
	a.Merge = max(a.Merge, b.Merge)
	return a
}

func TestWithIsOrderless(t *testing.T) {
	condition := rapid.Custom(func(t *rapid.T) Condition {
		c := Condition{
			Cut: rapid.Bool().Draw(t, "cut"), Delay: time.Duration(rapid.IntRange(0, 9).Draw(t, "delay")),
			Loss: rapid.Float64Range(0, 1).Draw(t, "loss"), Split: rapid.IntRange(0, 3).Draw(t, "split"),
			Merge: time.Duration(rapid.IntRange(0, 9).Draw(t, "merge")),
		}
		c.Lost = c.Cut && rapid.Bool().Draw(t, "lost")
		return c
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := condition.Draw(t, "a"), condition.Draw(t, "b"), condition.Draw(t, "c")
		require.Equal(t, a.With(b), b.With(a))
		require.Equal(t, a.With(b).With(c), a.With(b.With(c)))
		require.Equal(t, a, a.With(Condition{}))
	})
}

// The effects of a plan for everything show on a bed with traffic.
func TestPlannedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := testEnv(5, 2)
		b := newBed(env)
		b.startTime, b.passAfter = 40*time.Millisecond, 100*time.Millisecond
		report, err := Run(t.Context(), plan(t, nil, env, 42, 20*second), b, &diary{})
		require.NoError(t, err)
		require.Empty(t, report.Unplanned)
		require.Len(t, report.Kinds, len(Kinds()))
		for _, tally := range report.Kinds {
			require.Positive(t, tally.Effective, "%s: %s", tally.Kind, report)
			require.Zero(t, tally.Failed, "%s", report)
		}
	})
}

// reopen makes what the bed waits on belong to the bubble that calls it.
func (b *bed) reopen() {
	for _, n := range b.nodes {
		n.down = make(chan struct{})
	}
}

// patient is the bed as one that takes a needless resume, as it must.
func (b *bed) patient() *patientBed { return &patientBed{b} }

type patientBed struct{ *bed }

func (b *patientBed) Resume(ctx context.Context, node string) error {
	if !b.nodes[node].paused {
		return nil
	}
	return b.bed.Resume(ctx, node)
}

// failNth lets the nth call of that name fail.
func (b *bed) failNth(call string, nth int) *bool {
	failed := false
	b.fail = func(name, _ string) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if name == call {
			nth--
		}
		if name != call || nth != 0 {
			return nil
		}
		failed = true
		return errors.New("no such luck")
	}
	return &failed
}

func TestBedNoticesNonsense(t *testing.T) {
	b := newBed(testEnv(1, 0))
	ctx := context.Background()
	require.Error(t, b.Boot(ctx, "n1"))
	require.Error(t, b.Resume(ctx, "n1"))
	_, err := b.Kill(ctx, "n1")
	require.NoError(t, err)
	require.Error(t, b.Pause(ctx, "n1"))
	require.Len(t, b.wrong, 3)
	require.Len(t, b.unhealed(), 1)
	require.Equal(t, Matrix{}, maps.Clone(b.matrix))
}
