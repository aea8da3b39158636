package disk_test

import (
	"bytes"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// A log is appended, synced, read and renamed by different goroutines; a kill
// at any moment must leave at least what the last Sync was given.
func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	d, err := disk.Open(dir, disk.Options{})
	require.NoError(t, err)
	f, err := d.OpenFile("log", os.O_RDWR|os.O_CREATE)
	require.NoError(t, err)
	require.NoError(t, d.SyncDir("."))

	const records = 2000
	var written, synced atomic.Int64
	var errs [4]error
	var all sync.WaitGroup
	all.Go(func() {
		for i := range records {
			if _, errs[0] = f.Write([]byte{byte(i)}); errs[0] != nil {
				return
			}
			written.Store(int64(i + 1))
		}
	})
	all.Go(func() {
		for synced.Load() < records && errs[1] == nil {
			n := written.Load()
			if errs[1] = f.Sync(); errs[1] == nil {
				synced.Store(n)
			}
		}
	})
	all.Go(func() {
		p := make([]byte, records)
		for written.Load() < records && errs[2] == nil {
			n := written.Load()
			_, errs[2] = f.ReadAt(p[:n], 0)
		}
	})
	all.Go(func() {
		for range 100 {
			for _, do := range []func() error{
				func() error { return d.Rename("log", "log2") },
				func() error { return d.Rename("log2", "log") },
				func() error { return d.SyncDir(".") },
			} {
				if errs[3] = do(); errs[3] != nil {
					return
				}
			}
		}
	})
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.NoError(t, d.Close())
	left, err := os.ReadFile(dir + "/log")
	require.NoError(t, err)
	require.Len(t, left, records)
	for i := range left {
		require.Equal(t, byte(i), left[i])
	}
}

func BenchmarkAppend(b *testing.B) {
	d, err := disk.Open(b.TempDir(), disk.Options{})
	require.NoError(b, err)
	f, err := d.OpenFile("log", os.O_RDWR|os.O_CREATE)
	require.NoError(b, err)
	record := bytes.Repeat([]byte("r"), 128)
	b.SetBytes(int64(len(record)))
	for i := 0; b.Loop(); i++ {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if i%8192 == 8191 {
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	}
	require.NoError(b, d.Close())
}
