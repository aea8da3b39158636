package disk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// BenchmarkSync appends 256 bytes and syncs, in turns with the same done by
// bare system calls on a file beside it.
func BenchmarkSync(b *testing.B) {
	dir := b.TempDir()
	d, err := disk.Open(dir, disk.Options{})
	require.NoError(b, err)
	f, err := d.OpenFile("log", os.O_RDWR|os.O_CREATE)
	require.NoError(b, err)
	require.NoError(b, d.SyncDir("."))
	bare, err := os.Create(filepath.Join(dir, "bare"))
	require.NoError(b, err)
	record := bytes.Repeat([]byte("r"), 256)
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		_, err := f.Write(record)
		if err == nil {
			err = f.Sync()
		}
		ours += time.Since(began)
		began = time.Now()
		if err == nil {
			_, err = bare.Write(record)
		}
		if err == nil {
			err = syscall.Fdatasync(int(bare.Fd()))
		}
		theirs += time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(theirs)/float64(ours), "x-of-bare-rate")
	b.ReportMetric(float64(theirs.Microseconds())/float64(b.N), "bare-µs/op")
	require.NoError(b, bare.Close())
	require.NoError(b, d.Close())
}
