package storage

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func one(s string) iter.Seq[[]byte] { return slices.Values([][]byte{[]byte(s)}) }

func appendAll(t *testing.T, log *Log, all ...string) {
	t.Helper()
	for _, s := range all {
		lsn, err := log.Append([]byte(s))
		require.NoError(t, err)
		require.NoError(t, log.Wait(t.Context(), lsn))
	}
}

func TestRewriteKeepsWhatCameLater(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	appendAll(t, log, "1", "2", "3", "4", "5")
	before := log.Size()
	require.NoError(t, log.Rewrite(3, one(`"1-3"`)))
	require.Equal(t, []string{`"1-3"`, "4", "5"}, records(t, disk.crash(0)))
	require.Equal(t, before-3*int64(len(line("1")))+int64(len(line(`"1-3"`))), log.Size())
	appendAll(t, log, "6", "7")
	require.EqualValues(t, 7, log.Durable())
	require.ErrorContains(t, log.Rewrite(2, one("0")), "rewritten up to record 3 before")
	require.ErrorContains(t, log.Rewrite(8, one("0")), "expected at most 7")
	require.NoError(t, log.Rewrite(6, one(`"1-6"`)))
	appendAll(t, log, "8")
	require.NoError(t, log.Rewrite(6, one(`"1-6 again"`)))
	require.Equal(t, []string{`"1-6 again"`, "7", "8"}, records(t, disk.crash(0)))
	require.NoError(t, log.Rewrite(8, slices.Values([][]byte{})))
	require.Empty(t, records(t, disk.crash(0)))
	require.Zero(t, log.Size())
	require.NoError(t, log.Close())
}

// What is appended while the new file is written is in the new file, too.
func TestAppendsGoOnDuringRewrite(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	appendAll(t, log, "1", "2")
	require.NoError(t, log.Rewrite(1, func(yield func([]byte) bool) {
		appendAll(t, log, "3")
		yield([]byte(`"1"`))
		appendAll(t, log, "4")
	}))
	appendAll(t, log, "5")
	require.Equal(t, []string{`"1"`, "2", "3", "4", "5"}, records(t, disk.crash(0)))
	require.NoError(t, log.Close())
}

// A record that becomes durable after the new file was synced and before it is
// in place must be copied, and be durable there, too.
func TestAppendAtTheLastMomentOfARewrite(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	appendAll(t, log, "1", "2")
	var once sync.Once
	disk.onSync = func(name string) error {
		if name == "log.tmp" {
			once.Do(func() { appendAll(t, log, "3") })
		}
		return nil
	}
	require.NoError(t, log.Rewrite(1, one(`"1"`)))
	require.Equal(t, []string{`"1"`, "2", "3"}, records(t, disk.crash(0)))
	require.NoError(t, log.Close())
}

func TestConcurrentRewrites(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	const total = 3000
	var failed error
	var all sync.WaitGroup
	all.Go(func() {
		for i := 1; i <= total && failed == nil; i++ {
			var lsn uint64
			if lsn, failed = log.Append(fmt.Appendf(nil, `{"n":%d}`, i)); i%7 == 0 && failed == nil {
				failed = log.Wait(t.Context(), lsn)
			}
		}
	})
	rewrites := 0
	for log.Durable() < total*9/10 {
		upto := log.Durable()
		require.NoError(t, log.Rewrite(upto, one(fmt.Sprintf(`{"n":%d,"all":true}`, upto))))
		rewrites++
	}
	all.Wait()
	require.NoError(t, failed)
	require.NoError(t, log.Close())
	require.Positive(t, rewrites)
	var c counter
	log, err := OpenLog(disk.crash(0), "log", c.apply(t))
	require.NoError(t, err)
	require.Equal(t, total, c.n)
	require.NoError(t, log.Close())
}

func TestFailedRewrite(t *testing.T) {
	bad := errors.New("bad disk")
	fail := func() error { return bad }
	t.Run("before the rename the log goes on", func(t *testing.T) {
		disk := newMemDisk()
		log := openLog(t, disk)
		appendAll(t, log, "1")
		disk.onSync = func(name string) error {
			if name == "log.tmp" {
				return bad
			}
			return nil
		}
		require.ErrorIs(t, log.Rewrite(1, one("0")), bad)
		disk.onSync, disk.onMove = nil, fail
		require.ErrorIs(t, log.Rewrite(1, one("0")), bad)
		disk.onMove = nil
		appendAll(t, log, "2")
		require.NoError(t, log.Close())
		require.Equal(t, []string{"1", "2"}, records(t, disk.crash(0)))
	})
	t.Run("after it the log is dead", func(t *testing.T) {
		disk := newMemDisk()
		log := openLog(t, disk)
		appendAll(t, log, "1")
		disk.onDir = fail
		require.ErrorIs(t, log.Rewrite(1, one("0")), bad)
		_, err := log.Append([]byte("2"))
		require.ErrorIs(t, err, bad)
		require.ErrorIs(t, log.Close(), bad)
	})
}
