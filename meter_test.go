package gauntlet

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

func TestHistogramIsWithinASixteenth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h histogram
		times := rapid.SliceOfN(rapid.Int64Range(1_000, 1e12), 1, 200).Draw(t, "nanoseconds")
		for _, n := range times {
			h.add(time.Duration(n))
		}
		slices.Sort(times)
		q := rapid.Float64Range(0, 0.999).Draw(t, "quantile")
		exact := time.Duration(times[int(q*float64(len(times)))])
		got := h.quantile(q)
		require.Greater(t, got, exact.Truncate(time.Microsecond))
		require.LessOrEqual(t, float64(got), float64(exact)*(1+1.0/8)+float64(2*time.Microsecond))
	})
	require.Zero(t, new(histogram).quantile(0.99))
}

func TestFirstViolation(t *testing.T) {
	h := &histories.History{}
	for i := range 10 {
		op := histories.Op{Index: i, Time: time.Duration(i) * time.Second, Process: i / 2, Type: histories.Invoke}
		if i%2 == 1 {
			op.Type = histories.OK
		}
		h.Ops = append(h.Ops, op)
	}
	v := checker.Verdict{Parts: []checker.Verdict{
		{Anomalies: []checker.Anomaly{{Name: "late", Ops: []int{0, 9}}, {Name: "early", Key: "k", Ops: []int{1, 5}}, {Name: "later", Ops: []int{7}}}},
	}}
	require.Equal(t, &First{Anomaly: "early", Key: "k", Seconds: 5, Operations: 3}, first(h, v))
	require.Nil(t, first(h, checker.Verdict{}))
}

func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"SEED": "7", "DURATION": "3s", "NODES": "4", "CLIENTS": "6", "RATE": "50", "FAULTS": "kill/all", "OUT": "somewhere",
	} {
		t.Setenv("GAUNTLET_"+name, value)
	}
	got, err := fromEnvironment(Test{Nodes: 9}, true)
	require.NoError(t, err)
	require.Equal(t, uint64(7), got.Seed)
	require.Equal(t, 3*time.Second, got.Duration)
	require.Equal(t, []any{4, 6, 50.0, "kill/all", "somewhere"}, []any{got.Nodes, got.Clients, got.Rate, got.Nemesis.String(), got.Out})
	t.Setenv("GAUNTLET_NODES", "many")
	_, err = fromEnvironment(Test{}, false)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, `GAUNTLET_NODES: found "many"`)
}

func TestReplayOfATest(t *testing.T) {
	t.Setenv("GAUNTLET_FAULTS", "kill/all")
	got := Test{Seed: 7, Duration: 3 * time.Second}.replayedBy("TestJepsen/quorum/kill,torn", true)
	require.Equal(t, `GAUNTLET_SEED=7 GAUNTLET_DURATION=3s GAUNTLET_FAULTS='kill/all' go test -count=1 -short -run '^TestJepsen$/^quorum$/^kill,torn$' .`, got.Replay)
	require.Equal(t, "mine", Test{Replay: "mine"}.replayedBy("T", false).Replay)
}

func TestARunEndsBeforeTheDeadlineOfItsTest(t *testing.T) {
	for _, c := range []struct{ left, duration, check time.Duration }{
		{10 * time.Minute, 20 * time.Second, time.Minute},            // the defaults
		{80 * time.Second, 20 * time.Second, 30 * time.Second},       // the check is shortened first
		{50 * time.Second, 10 * time.Second, 10 * time.Second},       // then the main phase
		{windUp + leastCheck + time.Second, time.Second, leastCheck}, // to a second
		{windUp + leastCheck + time.Second - 1, 0, 0},                // and then refused
		{time.Second, 0, 0},
	} {
		got, err := Test{}.within(c.left)
		if c.duration == 0 {
			require.ErrorContains(t, err, "raise -timeout")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []time.Duration{c.duration, c.check}, []time.Duration{got.Duration, got.CheckTime}, "%v left", c.left)
		require.LessOrEqual(t, windUp+got.Duration+got.CheckTime, c.left)
	}
	short, err := Test{Duration: 2 * time.Second, CheckTime: 3 * time.Second}.within(time.Hour)
	require.NoError(t, err)
	require.Equal(t, []time.Duration{2 * time.Second, 3 * time.Second}, []time.Duration{short.Duration, short.CheckTime})
}
