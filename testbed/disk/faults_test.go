package disk_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// bench is a disk with settings and counters that a test can reach.
type bench struct {
	*disk.Disk
	dir      string
	settings map[string]string
	counts   map[string]int64
	writes   int64
	bytes    int64
}

func newBench(t require.TestingT, dir string, seed uint64) *bench {
	b := &bench{dir: dir, settings: map[string]string{}, counts: map[string]int64{}}
	d, err := disk.Open(dir, disk.Options{
		Rand:    rand.New(rand.NewPCG(seed, 0)),
		Setting: func(name string) string { return b.settings[name] },
		Count:   func(name string, delta int64) { b.counts[name] += delta },
		Pending: func(writes, bytes int64) { b.writes, b.bytes = writes, bytes },
	})
	require.NoError(t, err)
	b.Disk = d
	return b
}

func (b *bench) file(t require.TestingT, name string, flag int) system.File {
	f, err := b.OpenFile(name, flag|os.O_CREATE)
	require.NoError(t, err)
	require.NoError(t, b.SyncDir(filepath.Dir(name)))
	return f
}

func (b *bench) left(t require.TestingT, name string) string {
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	require.NoError(t, err)
	return string(data)
}

func put(t require.TestingT, f system.File, data string) {
	n, err := f.Write([]byte(data))
	require.NoError(t, err)
	require.Equal(t, len(data), n)
}

func TestTornWriteLeavesAPrefix(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		b := newBench(r, dir, rapid.Uint64().Draw(r, "seed"))
		f := b.file(r, "log", os.O_WRONLY|os.O_TRUNC)
		record := rapid.StringMatching(`[a-z]{1,20}`)
		durable, written := "", ""
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			if rapid.Bool().Draw(r, "sync") {
				b.settings[disk.SettingTorn] = ""
				require.NoError(r, f.Sync())
				durable = written
				require.Equal(r, durable, b.left(r, "log"), "a Sync writes all that was torn")
			}
			b.settings[disk.SettingTorn] = "1"
			s := record.Draw(r, "record")
			put(r, f, s)
			written += s
			left := b.left(r, "log")
			require.True(r, strings.HasPrefix(written, left) && len(left) > len(durable), "left %q of %q, %q was synced", left, written, durable)
		}
		require.Positive(r, b.counts[disk.CountTorn])
		require.NoError(r, b.Close())
	})
}

func TestTornWriteOfAnOverwrite(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	f := b.file(t, "f", os.O_RDWR)
	put(t, f, "AAAAAAAA")
	require.NoError(t, f.Sync())
	b.settings[disk.SettingTorn] = "1"
	_, err := f.WriteAt([]byte("BBBBBBBB"), 0)
	require.NoError(t, err)
	require.Regexp(t, `^B+A*$`, b.left(t, "f"))
	require.Equal(t, "BBBBBBBB", content(t, f))
	b.settings[disk.SettingTorn] = "often"
	_, err = f.Write([]byte("x"))
	require.ErrorContains(t, err, `setting disk/torn: found "often", expected a probability`)
}

func TestFailedSyncLosesForever(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	f := b.file(t, "f", os.O_RDWR)
	put(t, f, "one.")
	require.NoError(t, f.Sync())
	put(t, f, "two.")
	b.settings[disk.SettingFailSync] = "1"
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	require.EqualValues(t, 1, b.counts[disk.CountFailedSyncs])
	b.settings[disk.SettingFailSync] = ""

	require.NoError(t, f.Sync(), "the trap: the next Sync succeeds")
	require.Equal(t, "one.two.", content(t, f), "and reads see everything")
	require.Equal(t, "one.", b.left(t, "f"), "but nothing of it is on the disk")
	require.EqualValues(t, 4, b.bytes)

	put(t, f, "six.")
	require.NoError(t, f.Sync())
	require.Equal(t, "one.two.six.", content(t, f))
	require.Equal(t, "one.\x00\x00\x00\x00six.", b.left(t, "f"))
}

func TestFailedSyncDirKeepsTheChanges(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	_, err := b.OpenFile("f", os.O_RDWR|os.O_CREATE)
	require.NoError(t, err)
	b.settings[disk.SettingFailSync] = "1"
	require.ErrorIs(t, b.SyncDir("."), syscall.EIO)
	require.Empty(t, realTree(t, b.dir))
	b.settings[disk.SettingFailSync] = ""
	require.NoError(t, b.SyncDir("."))
	require.Contains(t, realTree(t, b.dir), "f")
}

func TestFullDiskWritesNothing(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	f := b.file(t, "f", os.O_RDWR)
	put(t, f, "one")
	b.settings[disk.SettingFull] = "1"
	n, err := f.Write([]byte("two"))
	require.Zero(t, n)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.EqualValues(t, 1, b.counts[disk.CountFull])
	require.NoError(t, f.Sync(), "what was written before fits")
	b.settings[disk.SettingFull] = ""
	put(t, f, "two")
	require.NoError(t, f.Sync())
	require.Equal(t, "onetwo", b.left(t, "f"))
	require.EqualValues(t, 2, b.counts[disk.CountSyncs])
}

func TestPendingSaysWhatAKillLoses(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	f, err := b.OpenFile("f", os.O_RDWR|os.O_CREATE)
	require.NoError(t, err)
	put(t, f, "12345")
	put(t, f, "678")
	require.Equal(t, [2]int64{3, 8}, [2]int64{b.writes, b.bytes})
	require.NoError(t, f.Sync())
	require.Equal(t, [2]int64{1, 0}, [2]int64{b.writes, b.bytes}, "the creation is left")
	require.NoError(t, b.SyncDir("."))
	require.NoError(t, f.Truncate(1))
	put(t, f, "9")
	require.Equal(t, [2]int64{2, 1}, [2]int64{b.writes, b.bytes})
	require.NoError(t, b.Remove("f"))
	require.Equal(t, [2]int64{1, 0}, [2]int64{b.writes, b.bytes}, "content without a name cannot be lost")
	put(t, f, "ignored")
	require.Equal(t, [2]int64{1, 0}, [2]int64{b.writes, b.bytes})
}

func TestErrorsNameTheFile(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	require.NoError(t, b.MkdirAll("d"))
	b.file(t, "f", os.O_RDWR)
	_, err := b.OpenFile("none", os.O_RDONLY)
	requirePathError(t, err, "none", fs.ErrNotExist)
	_, err = b.OpenFile("f", os.O_RDWR|os.O_CREATE|os.O_EXCL)
	requirePathError(t, err, "f", fs.ErrExist)
	_, err = b.OpenFile("d", os.O_RDONLY)
	requirePathError(t, err, "d", syscall.EISDIR)
	_, err = b.OpenFile("f/g", os.O_RDONLY)
	requirePathError(t, err, "f/g", syscall.ENOTDIR)
	requirePathError(t, b.Rename("none", "f"), "none to f", fs.ErrNotExist)
	requirePathError(t, b.Remove("none"), "none", fs.ErrNotExist)
	requirePathError(t, b.SyncDir("none"), "none", fs.ErrNotExist)
	requirePathError(t, b.MkdirAll("f/g"), "f/g", syscall.ENOTDIR)
	_, err = b.ReadDir("f")
	requirePathError(t, err, "f", syscall.ENOTDIR)
	for _, name := range []string{"", "/etc/passwd", "../f", "d/../../f", "d//f", "d/", ".unsynced/1", `d\f`} {
		_, err := b.OpenFile(name, os.O_RDWR|os.O_CREATE)
		requirePathError(t, err, name, fs.ErrInvalid)
		requirePathError(t, b.Rename("f", name), "f to "+name, fs.ErrInvalid)
		requirePathError(t, b.MkdirAll(name), name, fs.ErrInvalid)
	}
}

func requirePathError(t *testing.T, err error, path string, target error) {
	t.Helper()
	var pe *fs.PathError
	require.ErrorAs(t, err, &pe)
	require.Equal(t, path, pe.Path)
	require.ErrorIs(t, err, target)
}

func TestModesOfOpening(t *testing.T) {
	b := newBench(t, t.TempDir(), 1)
	w := b.file(t, "f", os.O_WRONLY|os.O_APPEND)
	r, err := b.OpenFile("f", os.O_RDONLY)
	require.NoError(t, err)
	_, err = r.Write([]byte("x"))
	require.ErrorIs(t, err, syscall.EBADF)
	require.ErrorIs(t, r.Truncate(0), syscall.EBADF)
	_, err = w.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.EBADF)
	_, err = w.WriteAt([]byte("x"), 0)
	require.ErrorContains(t, err, "O_APPEND")
	put(t, w, "abc")
	other := b.file(t, "f", os.O_RDWR)
	put(t, other, "X")
	put(t, w, "def")
	require.NoError(t, w.Close())
	require.ErrorIs(t, w.Close(), fs.ErrClosed)
	_, err = w.Write([]byte("x"))
	require.ErrorIs(t, err, fs.ErrClosed)
	data, err := system.ReadFile(b, "f")
	require.NoError(t, err)
	require.Equal(t, "Xbcdef", string(data))
	requirePathError(t, b.Remove("."), ".", syscall.EISDIR)
}
