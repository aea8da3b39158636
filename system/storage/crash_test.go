package storage

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/system"
)

// counter is a state machine that notices lost, repeated and reordered
// records: each says which one it is, or that it stands for all up to it.
type counter struct{ n int }

type count struct {
	N   int    `json:"n"`
	All bool   `json:"all,omitempty"`
	Pad string `json:"pad,omitempty"`
}

func (c *counter) apply(t require.TestingT) func([]byte) error {
	return func(record []byte) error {
		var r count
		require.NoError(t, json.Unmarshal(record, &r))
		if r.All {
			require.Zero(t, c.n, "a summary comes first")
		} else {
			require.Equal(t, c.n+1, r.N, "the next record")
		}
		c.n = r.N
		return nil
	}
}

func record(t require.TestingT, c count) []byte {
	data, err := json.Marshal(c)
	require.NoError(t, err)
	return data
}

// A step of a scenario appends so many records, waits for them, and may rewrite
// the log or open it anew.
type step struct {
	appends         int
	rewrite, reopen bool
}

// life runs a scenario until the power fails and returns how many records were
// confirmed and how many were appended.
func life(t require.TestingT, disk *memDisk, scenario []step) (confirmed, appended int) {
	var c counter
	log, err := OpenLog(disk, "log", c.apply(t))
	if err != nil {
		return 0, 0
	}
	first := c.n - int(log.Durable()) // number of a record less its LSN
	for _, s := range scenario {
		if err := countOn(t, log, &c, s.appends); err != nil {
			break // some of them may have been appended, and none was confirmed
		}
		confirmed = max(confirmed, int(log.Durable())+first)
		if s.rewrite {
			_ = log.Rewrite(log.Durable(), slices.Values([][]byte{record(t, count{N: c.n, All: true})}))
		}
		if s.reopen {
			_ = log.Close()
			before := c.n
			c = counter{}
			if log, err = OpenLog(disk, "log", c.apply(t)); err != nil {
				return before, before
			}
			require.Equal(t, before, c.n)
			first = c.n - int(log.Durable())
		}
	}
	_ = log.Close()
	return max(confirmed, int(log.Durable())+first), c.n
}

// countOn appends so many records and waits for them.
func countOn(t require.TestingT, log *Log, c *counter, n int) error {
	var last uint64
	for range n {
		lsn, err := log.Append(record(t, count{N: c.n + 1, Pad: "0123456789"[:c.n%10]}))
		if err != nil {
			return err
		}
		last = lsn
		c.n++
	}
	return log.Wait(context.Background(), last)
}

// requireSurvives checks what a restart finds after a crash.
func requireSurvives(t require.TestingT, disk *memDisk, confirmed, appended int) {
	var c counter
	log, err := OpenLog(disk, "log", c.apply(t))
	require.NoError(t, err)
	require.GreaterOrEqual(t, c.n, confirmed, "a confirmed record is lost")
	require.LessOrEqual(t, c.n, appended)
	require.NoError(t, log.Close())
	again := counter{}
	log, err = OpenLog(disk.crash(0), "log", again.apply(t))
	require.NoError(t, err)
	require.Equal(t, c.n, again.n, "what was replayed once stays")
	require.Zero(t, log.Recovered().CutBytes)
	require.NoError(t, log.Close())
}

// TestCrashAtEveryOperation fails the power before every single operation of a
// scenario and leaves every possible torn end.
func TestCrashAtEveryOperation(t *testing.T) {
	scenario := []step{{appends: 3}, {appends: 2, rewrite: true}, {appends: 3}, {reopen: true}, {appends: 1}, {appends: 2, rewrite: true, reopen: true}, {appends: 2}}
	for k := 0; ; k++ {
		disk := newMemDisk()
		disk.left = k
		confirmed, appended := life(t, disk, scenario)
		for torn := range disk.unsynced() + 1 {
			requireSurvives(t, disk.crash(torn), confirmed, appended)
		}
		if !disk.off {
			require.Equal(t, 13, confirmed)
			require.Greater(t, k, 20)
			return
		}
	}
}

func TestCrashAnywhere(t *testing.T) {
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			rapid.IntRange(0, 5).Draw(t, "appends"),
			rapid.IntRange(0, 3).Draw(t, "rewrite") == 0,
			rapid.IntRange(0, 3).Draw(t, "reopen") == 0,
		}
	}), 1, 10)
	rapid.Check(t, func(t *rapid.T) {
		disk := newMemDisk()
		confirmed, appended := 0, 0
		for range rapid.IntRange(1, 4).Draw(t, "lives") {
			disk.left = rapid.IntRange(0, 60).Draw(t, "operations")
			c, a := life(t, disk, steps.Draw(t, "scenario"))
			confirmed, appended = max(confirmed, c), max(appended, a)
			torn := rapid.IntRange(0, disk.unsynced()).Draw(t, "torn")
			disk = disk.crash(torn)
			requireSurvives(t, disk.crash(0), confirmed, appended)
		}
	})
}

func TestAtomicFileAtEveryOperation(t *testing.T) {
	for k := 0; ; k++ {
		disk := newMemDisk()
		disk.left = k
		saved := 0
		for i := 1; i <= 3; i++ {
			if err := SaveJSON(disk, "state", i); err != nil {
				require.ErrorIs(t, err, errPower)
				break
			}
			saved = i
		}
		for torn := range 20 {
			requireState(t, disk.crash(torn), saved)
		}
		if !disk.off {
			require.Equal(t, 3, saved)
			return
		}
	}
}

func requireState(t *testing.T, disk system.Disk, saved int) {
	t.Helper()
	var got int
	found, err := LoadJSON(disk, "state", &got)
	require.NoError(t, err)
	require.Equal(t, got > 0, found)
	require.GreaterOrEqual(t, got, saved)
	require.LessOrEqual(t, got, saved+1)
}

func TestIncarnationIsNeverRepeated(t *testing.T) {
	disk := newMemDisk()
	last := 0
	for k := range 40 {
		disk.left = k % 8
		n, err := Incarnation(disk)
		if err == nil {
			require.Greater(t, n, last)
			last = n
		}
		disk = disk.crash(k)
	}
	require.Positive(t, last)
}
