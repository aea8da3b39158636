package kv_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/examples/kv"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
)

func TestMain(m *testing.M) { gauntlet.Main(m, kv.System) }

func TestJepsenRegister(t *testing.T) {
	defer goleak.VerifyNone(t)
	gauntlet.Run(t, gauntlet.Test{
		System:   kv.System,
		Nemesis:  nemesis.Mix(nemesis.Partition, nemesis.Kill),
		Nodes:    3,
		Duration: unlessShort(6 * time.Second),
		Seed:     4, // without it each run has new dice
	})
}

// unlessShort leaves the length of a run with -short to the harness.
func unlessShort(d time.Duration) time.Duration {
	if testing.Short() {
		return 0
	}
	return d
}

// TestLocalReadsAreCaught shows that the harness sees what it is there to see.
func TestLocalReadsAreCaught(t *testing.T) {
	defer goleak.VerifyNone(t)
	res, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System:   kv.System,
		Options:  system.Options{"weak": "local-read"},
		Nemesis:  nemesis.None(), // it needs no fault to show
		Nodes:    3,
		Duration: time.Second / 2,
		Out:      t.TempDir(),
	})
	require.NoError(t, err)
	require.Equal(t, checker.Invalid, res.Validity)
	require.NotNil(t, res.First)
	t.Logf("%s after %d operations", res.First.Anomaly, res.First.Operations)
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := gauntlet.Execute(t.Context(), gauntlet.Test{
		System: kv.System, Options: system.Options{"weak": "everything"}, Out: t.TempDir(),
	})
	require.ErrorIs(t, err, gauntlet.ErrConfig)
	require.ErrorContains(t, err, "everything")
}
