package gauntlet_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/quorum"
	"github.com/gauntlet-go/gauntlet/workload"
)

func TestMain(m *testing.M) { gauntlet.Main(m, quorum.System, dud{}, fragile{}, oneLife{}) }

// TestJepsen runs every system with every workload that fits it, under each of
// its fault profiles: TestJepsen/<system>/<workload>/<faults>.
func TestJepsen(t *testing.T) {
	for _, c := range []struct {
		faults   string
		duration time.Duration
		short    bool // also with -short
	}{
		{"none", 4 * time.Second, true},
		{"partition", 8 * time.Second, false},
		{"kill,torn,crash", 8 * time.Second, false},
		{"all", 20 * time.Second, true},
	} {
		t.Run("quorum/register/"+c.faults, func(t *testing.T) {
			test := gauntlet.Test{System: quorum.System, Workload: workload.Register{}, Seed: 1}
			profile, err := nemesis.Parse(c.faults)
			require.NoError(t, err)
			test.Nemesis = profile
			if testing.Short() {
				if !c.short {
					t.Skip("with -short only the first and the last profile run")
				}
			} else {
				test.Duration = c.duration
			}
			defer goleak.VerifyNone(t)
			gauntlet.Run(t, test)
		})
	}
}

// TestSeedDesignIsCaught runs the quorum store as its seed describes it: the
// harness must say what is wrong with it.
func TestSeedDesignIsCaught(t *testing.T) {
	test := gauntlet.Test{
		System: quorum.System, Options: system.Options{"design": "seed"}, Seed: 1,
		Nodes: 5, Duration: 3 * time.Second, Out: t.TempDir(),
	}
	res, err := gauntlet.Execute(t.Context(), test)
	require.NoError(t, err)
	require.Equal(t, checker.Invalid, res.Validity)
	require.NotNil(t, res.First)
	for a := range res.Verdict.Each() {
		require.NotEmpty(t, a.Ops)
		require.NotEmpty(t, a.Key)
		require.Contains(t, a.Explanation, "key "+strconv.Quote(a.Key))
		require.Greater(t, strings.Count(a.Explanation, " "), 10, a.Explanation)
	}
}
