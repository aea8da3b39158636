package report

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

func TestAxisBreaksLongGaps(t *testing.T) {
	a := broken([]time.Duration{time.Second, time.Second + 2*ms, 40 * time.Second, 40*time.Second + 3*ms}, 2*ms, 0, 1000)
	require.Len(t, a, 2)
	require.Greater(t, a.x(time.Second+2*ms)-a.x(time.Second), 100.0, "2 ms remain visible beside 39 s")
	require.False(t, a.shows(10*time.Second, 20*time.Second))
	require.True(t, a.shows(10*time.Second, 41*time.Second))
}

func TestAxisKeepsOneOperationWhole(t *testing.T) {
	require.Len(t, broken([]time.Duration{time.Second, 9 * time.Second}, 8*time.Second, 0, 1000), 1)
}

func TestAxisKeepsOrder(t *testing.T) {
	moment := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, 1<<rapid.IntRange(0, 42).Draw(t, "bits")).Draw(t, "ns"))
	})
	rapid.Check(t, func(t *rapid.T) {
		moments := rapid.SliceOfN(moment, 1, 20).Draw(t, "moments")
		unit := max(moment.Draw(t, "unit"), 1)
		a := broken(slices.Clone(moments), unit, 100, 1100)
		probes := append(slices.Clone(moments), rapid.SliceOf(moment).Draw(t, "probes")...)
		slices.Sort(probes)
		for i, p := range probes {
			require.GreaterOrEqual(t, a.x(p), 99.9)
			require.LessOrEqual(t, a.x(p), 1100.1)
			if i > 0 {
				require.LessOrEqual(t, a.x(probes[i-1]), a.x(p)+1e-6)
			}
		}
		for _, m := range moments {
			require.True(t, a.shows(m, m), "%v is on the axis", m)
		}
		for i := range len(a) - 1 {
			require.Less(t, a[i].to, a[i+1].from, "pieces do not overlap")
		}
	})
}

func TestRoundSteps(t *testing.T) {
	require.Equal(t, 20*ms, round(13*ms))
	require.Equal(t, time.Duration(1), round(0))
	require.Equal(t, "1.25 s", seconds(1250*ms, 50*ms))
}

func TestBandsNeverOverlap(t *testing.T) {
	faults := newRun(10, 1, 60, 10*time.Second).faults
	bands, lanes := layBands(faults, straight(0, 10*time.Second, 78, 1166))
	require.Len(t, bands, 60)
	require.LessOrEqual(t, lanes, maxBandLanes)
	for i, b := range bands {
		for _, c := range bands[:i] {
			if b.label == "" || c.label == "" || b.lane != c.lane {
				continue
			}
			b0, b1 := b.extent()
			c0, c1 := c.extent()
			require.False(t, b0 < c1-0.01 && b1 > c0+0.01, "%v and %v", b, c)
		}
	}
}

func TestWindowsCountEveryCompletion(t *testing.T) {
	d := newDigest(newRun(3000, 7, 5, 20*time.Second).page())
	for _, n := range []int{1, 40, 150} {
		var sum [histories.Info + 1]int
		for _, w := range d.windows(n) {
			for i, c := range w.counts {
				sum[i] += c
			}
			require.LessOrEqual(t, w.p50, w.p99)
		}
		require.Equal(t, d.counts, sum)
	}
}

func TestQuantile(t *testing.T) {
	l := []time.Duration{1, 2, 3, 4}
	require.Equal(t, time.Duration(2), quantile(l, 0.5))
	require.Equal(t, time.Duration(4), quantile(l, 0.99))
	require.Zero(t, quantile(nil, 0.5))
}

func TestNumbersInWords(t *testing.T) {
	require.Equal(t, "1,234,567", count(1234567))
	require.Equal(t, "-123", count(-123))
	require.Equal(t, "2 anomalies", plural(2, "anomaly"))
	for d, want := range map[time.Duration]string{0: "0 ns", 870 * time.Microsecond: "870 µs", 2310 * time.Microsecond: "2.31 ms", 12300 * ms: "12.3 s", 100 * ms: "100 ms"} {
		require.Equal(t, want, span(d))
	}
	for name, want := range map[string]bool{"API_KEY": true, "admin-password": true, "token": true, "keys": false, "key": false, "tokens per second": false} {
		require.Equal(t, want, secret(name), name)
	}
}

func TestWindowsCoverTheRun(t *testing.T) {
	for _, end := range []time.Duration{time.Microsecond, 5 * ms, 10 * time.Second, 59*time.Second + 1} {
		ws := (&digest{end: end}).windows(40)
		require.Less(t, ws[len(ws)-1].from, end)
		require.GreaterOrEqual(t, ws[len(ws)-1].to, end)
		require.LessOrEqual(t, len(ws), 40)
	}
}
