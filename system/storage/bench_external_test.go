package storage_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/system/storage"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// BenchmarkCommit measures commits of 128-byte records by K committers, each of
// which waits for one before it appends the next. The figure to look at is the
// ratio to bare appends with fdatasync, one at a time, on a file in the same
// directory, measured in turns.
func BenchmarkCommit(b *testing.B) {
	for _, committers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("wait/%d", committers), func(b *testing.B) { benchmark(b, committers, waiting) })
		b.Run(fmt.Sprintf("then/%d", committers), func(b *testing.B) { benchmark(b, committers, calledBack) })
	}
}

func benchmark(b *testing.B, committers int, run func(*testing.B, *storage.Log, []byte, int, int)) {
	dir := b.TempDir()
	var syncs atomic.Int64
	d, err := disk.Open(dir, disk.Options{Count: func(string, int64) { syncs.Add(1) }})
	require.NoError(b, err)
	log, err := storage.OpenLog(d, "log", nil)
	require.NoError(b, err)
	bare, err := os.Create(filepath.Join(dir, "bare"))
	require.NoError(b, err)
	record := append(append([]byte{'"'}, bytes.Repeat([]byte("r"), 126)...), '"')
	const round, bareRound = 20, 50
	commits, ours, theirs := 0, time.Duration(0), time.Duration(0)
	for b.Loop() {
		began := time.Now()
		run(b, log, record, committers, round)
		ours += time.Since(began)
		commits += committers * round
		b.StopTimer()
		theirs += bareSyncs(b, bare, record, bareRound) / bareRound
		b.StartTimer()
	}
	rate := float64(commits) / ours.Seconds()
	bareRate := float64(b.N) / theirs.Seconds()
	b.ReportMetric(rate, "commits/s")
	b.ReportMetric(rate/bareRate, "x-of-bare-fdatasync")
	b.ReportMetric(float64(commits)/float64(syncs.Load()), "commits/sync")
	require.NoError(b, log.Close())
	require.NoError(b, bare.Close())
	require.NoError(b, d.Close())
}

func waiting(b *testing.B, log *storage.Log, record []byte, committers, each int) {
	var all sync.WaitGroup
	for range committers {
		all.Go(func() {
			for range each {
				lsn, err := log.Append(record)
				if err == nil {
					err = log.Wait(b.Context(), lsn)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// calledBack has no goroutine a committer: its next append is made where the
// last one is confirmed.
func calledBack(b *testing.B, log *storage.Log, record []byte, committers, each int) {
	var all sync.WaitGroup
	all.Add(committers)
	for range committers {
		left := each
		var next func(error)
		next = func(err error) {
			if left--; left < 0 || err != nil {
				all.Done()
				return
			}
			if _, err := log.AppendThen(record, next); err != nil {
				b.Error(err)
				all.Done()
			}
		}
		next(nil)
	}
	all.Wait()
}

func bareSyncs(b *testing.B, f *os.File, record []byte, n int) time.Duration {
	began := time.Now()
	for range n {
		_, err := f.Write(record)
		if err == nil {
			err = datasync(f)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

func BenchmarkReplay(b *testing.B) {
	d, err := disk.Open(b.TempDir(), disk.Options{})
	require.NoError(b, err)
	log, err := storage.OpenLog(d, "log", nil)
	require.NoError(b, err)
	record := append(append([]byte{'"'}, bytes.Repeat([]byte("r"), 126)...), '"')
	for range 100_000 {
		_, err = log.Append(record)
		require.NoError(b, err)
	}
	b.SetBytes(log.Size())
	require.NoError(b, log.Close())
	for b.Loop() {
		log, err := storage.OpenLog(d, "log", func([]byte) error { return nil })
		require.NoError(b, err)
		require.NoError(b, log.Close())
	}
	require.NoError(b, d.Close())
}
