package storage_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/system/storage"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// The log on the disk that nodes get, with torn writes: the power fails while
// records are on their way.
func TestPowerFailuresWithTornWrites(t *testing.T) {
	var torn atomic.Int64
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(r, err)
		confirmed, appended := 0, 0
		for range rapid.IntRange(1, 5).Draw(r, "lives") {
			d, err := disk.Open(dir, disk.Options{
				Rand:    rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)),
				Setting: func(name string) string { return map[string]string{disk.SettingTorn: "0.7"}[name] },
				Count:   func(_ string, delta int64) { torn.Add(delta) },
			})
			require.NoError(r, err)
			next, last := 1, uint64(0)
			log, err := storage.OpenLog(d, "log", func(record []byte) error {
				require.Equal(r, strconv.Itoa(next), string(record))
				next++
				return nil
			})
			require.NoError(r, err)
			require.GreaterOrEqual(r, next-1, confirmed)
			require.LessOrEqual(r, next-1, appended)
			var told atomic.Int64
			told.Store(int64(next - 1))
			for range rapid.IntRange(0, 30).Draw(r, "appends") {
				n := int64(next)
				last, err = log.AppendThen(strconv.AppendInt(nil, n, 10), func(err error) {
					if err == nil {
						told.Store(n)
					}
				})
				require.NoError(r, err)
				next++
			}
			if rapid.Bool().Draw(r, "wait") {
				require.NoError(r, log.Wait(t.Context(), last))
			}
			require.NoError(r, d.Close())
			_ = log.Close()
			confirmed, appended = int(told.Load()), next-1
		}
	})
	require.Positive(t, torn.Load())
}

func TestDiskThatFailsOnce(t *testing.T) {
	dir, failing := t.TempDir(), atomic.Bool{}
	d, err := disk.Open(dir, disk.Options{Setting: func(name string) string {
		if name == disk.SettingFailSync && failing.Load() {
			return "1"
		}
		return ""
	}})
	require.NoError(t, err)
	log, err := storage.OpenLog(d, "log", nil)
	require.NoError(t, err)
	lsn, err := log.Append([]byte(`"kept"`))
	require.NoError(t, err)
	require.NoError(t, log.Wait(t.Context(), lsn))
	failing.Store(true)
	lsn, err = log.Append([]byte(`"lost"`))
	require.NoError(t, err)
	require.ErrorIs(t, log.Wait(t.Context(), lsn), syscall.EIO)
	failing.Store(false)
	_, err = log.Append([]byte(`"after"`))
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorIs(t, log.Close(), syscall.EIO)
	require.NoError(t, d.Close())

	d, err = disk.Open(dir, disk.Options{})
	require.NoError(t, err)
	var left []string
	log, err = storage.OpenLog(d, "log", func(r []byte) error { left = append(left, string(r)); return nil })
	require.NoError(t, err)
	require.Equal(t, []string{`"kept"`}, left)
	require.NoError(t, log.Close())
	require.NoError(t, d.Close())
}
