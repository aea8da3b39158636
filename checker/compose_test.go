package checker

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func says(v Validity) Checker {
	return Func(func(context.Context, Run) Verdict {
		verdict := Verdict{Checker: v.String(), Validity: v}
		switch v {
		case Invalid:
			verdict.Anomalies = []Anomaly{{Name: "x", Ops: []int{0}, Explanation: "so"}}
		case Unknown:
			verdict.Reason = "who knows"
		}
		return verdict
	})
}

func TestMerge(t *testing.T) {
	require.Equal(t, Unknown, Merge())
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]Validity{Valid, Unknown, Invalid}), 1, 5).Draw(t, "parts")
		seen := map[Validity]bool{}
		var checkers []Checker
		for _, p := range parts {
			seen[p] = true
			checkers = append(checkers, says(p))
		}
		want := Valid
		if seen[Invalid] {
			want = Invalid
		} else if seen[Unknown] {
			want = Unknown
		}
		require.Equal(t, want, Merge(parts...))
		v := All(checkers...).Check(context.Background(), Run{})
		require.Equal(t, want, v.Validity)
		require.Len(t, v.Parts, len(parts))
		require.Equal(t, seen[Unknown], v.Reason != "")
	})
}

func TestAllOfNothing(t *testing.T) {
	v := All().Check(t.Context(), Run{})
	require.Equal(t, Verdict{Checker: "all", Reason: "there is no checker"}, v)
}

func TestPanicHidesNothing(t *testing.T) {
	crash := Named("crash", Func(func(context.Context, Run) Verdict { panic("oops") }))
	for _, c := range []Checker{
		All(crash, says(Invalid), crash),
		Budget(Compose("outer", All(crash), says(Invalid)), Limits{}),
	} {
		v := c.Check(t.Context(), Run{})
		require.Equal(t, Invalid, v.Validity)
		require.Contains(t, v.Reason, "crash: the checker panicked: oops")
		var names []string
		for a := range v.Each() {
			names = append(names, a.Name)
		}
		require.Equal(t, []string{"x"}, names)
	}
	v := Budget(crash, Limits{}).Check(t.Context(), Run{})
	require.Equal(t, "crash", v.Checker)
	require.Equal(t, Unknown, v.Validity)
}

// A part that does not stop is given up; what others found stays.
func TestHangingPartHidesNothing(t *testing.T) {
	release, ended := make(chan struct{}), make(chan struct{})
	hang := Named("hang", Func(func(context.Context, Run) Verdict {
		defer close(ended)
		<-release
		return Verdict{Validity: Valid}
	}))
	v := Budget(All(says(Invalid), hang, says(Valid)), Limits{Time: 20 * time.Millisecond}).Check(t.Context(), Run{})
	require.Equal(t, Invalid, v.Validity)
	require.Contains(t, v.Reason, "hang: the time budget of 20ms is used up, and the checker did not stop")
	require.Equal(t, Valid, v.Parts[2].Validity, "a part that still answers is heard")
	close(release)
	<-ended
}

func TestBudgetDefaults(t *testing.T) {
	ctx, stop := Limits{}.apply(t.Context())
	deadline, ok := ctx.Deadline()
	require.True(t, ok)
	require.WithinDuration(t, time.Now().Add(DefaultTime), deadline, DefaultTime/2)
	stop()
	ctx, stop = Limits{Time: -1, Memory: -1}.apply(t.Context())
	_, ok = ctx.Deadline()
	require.False(t, ok)
	stop()
	require.Equal(t, "interrupted", stopReason(ctx))
}

// An outer budget replaces the default one of a searching checker.
func TestOuterBudgetCounts(t *testing.T) {
	var deadline time.Time
	spy := &budget{fallback: true, inner: Func(func(ctx context.Context, _ Run) Verdict {
		deadline, _ = ctx.Deadline()
		return Verdict{Validity: Valid}
	})}
	Budget(All(spy), Limits{Time: time.Hour}).Check(t.Context(), Run{})
	require.WithinDuration(t, time.Now().Add(time.Hour), deadline, time.Minute)
	spy.Check(t.Context(), Run{})
	require.WithinDuration(t, time.Now().Add(DefaultTime), deadline, DefaultTime/2)
}

func TestVerdictAsJSON(t *testing.T) {
	data, err := json.Marshal(All(says(Invalid), says(Unknown)).Check(t.Context(), Run{}))
	require.NoError(t, err)
	var back Verdict
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, Invalid, back.Validity)
	require.Equal(t, Unknown, back.Parts[1].Validity)
	require.Error(t, new(Validity).UnmarshalText([]byte("maybe")))
}
