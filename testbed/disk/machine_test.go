package disk_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// machine runs a disk and its model side by side.
type machine struct {
	dir     string
	d       *disk.Disk
	m       *model
	files   map[string]handle // open files by the name at opening
	failing bool
	pending int64
}

type handle struct {
	system.File
	model *modelFile
}

var (
	names = rapid.SampledFrom([]string{"a", "b", "d/a", "d/b", "d/e/a"})
	dirs  = []string{".", "d", "d/e"}
)

func (x *machine) open(t require.TestingT) {
	d, err := disk.Open(x.dir, disk.Options{
		Setting: func(name string) string {
			if x.failing && name == disk.SettingFailSync {
				return "1"
			}
			return ""
		},
		Pending: func(writes, _ int64) { x.pending = writes },
	})
	require.NoError(t, err)
	x.d, x.files = d, map[string]handle{}
}

func (x *machine) Open(t *rapid.T) {
	name, trunc := names.Draw(t, "name"), rapid.Bool().Draw(t, "truncate")
	flag := os.O_RDWR | os.O_CREATE
	if trunc {
		flag |= os.O_TRUNC
	}
	f, err := x.d.OpenFile(name, flag)
	if dir, _ := x.m.at(name); dir == nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
		return
	}
	require.NoError(t, err)
	mf := x.m.file(name)
	if mf == nil {
		mf = &modelFile{}
		x.m.put(name, mf)
	}
	if trunc {
		mf.truncate(0)
	}
	if old, ok := x.files[name]; ok {
		require.NoError(t, old.Close())
	}
	x.files[name] = handle{f, mf}
}

func (x *machine) pick(t *rapid.T) handle {
	if len(x.files) == 0 {
		t.Skip("no file is open")
	}
	return x.files[rapid.SampledFrom(slices.Sorted(maps.Keys(x.files))).Draw(t, "file")]
}

func (x *machine) Write(t *rapid.T) {
	f := x.pick(t)
	off := rapid.IntRange(0, len(f.model.live)+5).Draw(t, "offset")
	data := rapid.SliceOfN(rapid.ByteRange('a', 'z'), 1, 12).Draw(t, "data")
	_, err := f.WriteAt(data, int64(off))
	require.NoError(t, err)
	f.model.write(off, data)
}

func (x *machine) Append(t *rapid.T) {
	f := x.pick(t)
	data := rapid.SliceOfN(rapid.ByteRange('A', 'Z'), 1, 12).Draw(t, "data")
	_, err := f.WriteAt(data, int64(len(f.model.live)))
	require.NoError(t, err)
	f.model.write(len(f.model.live), data)
}

func (x *machine) Truncate(t *rapid.T) {
	f := x.pick(t)
	size := rapid.IntRange(0, len(f.model.live)+5).Draw(t, "size")
	require.NoError(t, f.Truncate(int64(size)))
	f.model.truncate(size)
}

func (x *machine) Sync(t *rapid.T) {
	f := x.pick(t)
	require.NoError(t, f.Sync())
	f.model.sync()
}

func (x *machine) FailSync(t *rapid.T) {
	f := x.pick(t)
	x.failing = true
	err := f.Sync()
	x.failing = false
	require.Error(t, err)
	f.model.failSync()
}

func (x *machine) Rename(t *rapid.T) {
	from, to := names.Draw(t, "from"), names.Draw(t, "to")
	err := x.d.Rename(from, to)
	if dir, _ := x.m.at(to); dir == nil || x.m.file(from) == nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
		return
	}
	require.NoError(t, err)
	if from != to {
		x.m.rename(from, to)
	}
}

func (x *machine) Remove(t *rapid.T) {
	name := names.Draw(t, "name")
	err := x.d.Remove(name)
	if x.m.file(name) == nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
		return
	}
	require.NoError(t, err)
	x.m.remove(name)
}

func (x *machine) Mkdir(t *rapid.T) {
	name := rapid.SampledFrom([]string{"d", "d/e"}).Draw(t, "dir")
	require.NoError(t, x.d.MkdirAll(name))
	for _, part := range []string{"d", "d/e"} {
		if x.m.dir(part) == nil && (part == name || path.Dir(name) == part) {
			x.m.put(part, newModelDir())
		}
	}
}

func (x *machine) Rmdir(t *rapid.T) {
	name := rapid.SampledFrom([]string{"d", "d/e"}).Draw(t, "dir")
	err := x.d.Remove(name)
	if dir := x.m.dir(name); dir == nil || len(dir.live) > 0 {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	x.m.remove(name)
}

func (x *machine) SyncDir(t *rapid.T) {
	name := rapid.SampledFrom(dirs).Draw(t, "dir")
	err := x.d.SyncDir(name)
	if x.m.dir(name) == nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
		return
	}
	require.NoError(t, err)
	x.m.syncDir(name)
}

func (x *machine) Crash(t *rapid.T) {
	require.NoError(t, x.d.Close())
	for _, f := range x.files {
		require.ErrorIs(t, f.Sync(), fs.ErrClosed)
	}
	x.m.crash()
	x.open(t)
	require.Equal(t, x.m.root.tree("", map[string]string{}), realTree(t, x.dir), "what a kill leaves")
}

// Check compares what the process sees, by name and through open files.
func (x *machine) Check(t *rapid.T) {
	require.Equal(t, x.m.root.tree("", map[string]string{}), seenTree(t, x.d, ".", map[string]string{}))
	for name, f := range x.files {
		require.Equal(t, string(f.model.live), content(t, f.File), "through the file opened as %s", name)
	}
	require.EqualValues(t, x.m.pending(), x.pending, "what a kill would lose")
}

func content(t require.TestingT, f system.File) string {
	size, err := f.Size()
	require.NoError(t, err)
	p := make([]byte, size)
	_, err = f.ReadAt(p, 0)
	require.NoError(t, err)
	return string(p)
}

func seenTree(t require.TestingT, d *disk.Disk, at string, into map[string]string) map[string]string {
	entries, err := d.ReadDir(at)
	require.NoError(t, err)
	for _, name := range entries {
		full := path.Join(at, name)
		if data, err := system.ReadFile(d, full); err == nil {
			into[full] = string(data)
			continue
		}
		into[full+"/"] = ""
		seenTree(t, d, full, into)
	}
	return into
}

// realTree reads the directory without the disk.
func realTree(t require.TestingT, dir string) map[string]string {
	into := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
		case name == ".unsynced":
			return fs.SkipDir
		case e.IsDir():
			into[name+"/"] = ""
		default:
			data, err := os.ReadFile(path.Join(dir, name))
			into[name] = string(data)
			return err
		}
		return nil
	})
	require.NoError(t, err)
	return into
}

// start opens a disk on a new directory, with directories and a file in place.
func start(t *testing.T, r *rapid.T) *machine {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	require.NoError(r, err)
	x := &machine{dir: dir, m: newModel()}
	x.open(r)
	require.NoError(r, x.d.MkdirAll("d/e"))
	x.m.put("d", newModelDir())
	x.m.put("d/e", newModelDir())
	f, err := x.d.OpenFile("d/a", os.O_RDWR|os.O_CREATE)
	require.NoError(r, err)
	x.files["d/a"] = handle{f, &modelFile{}}
	x.m.put("d/a", x.files["d/a"].model)
	for _, name := range dirs {
		require.NoError(r, x.d.SyncDir(name))
		x.m.syncDir(name)
	}
	return x
}

func (x *machine) finish(t *rapid.T) {
	x.Crash(t)
	require.Zero(t, x.pending)
	require.NoError(t, x.d.Close())
}

func TestDiskAgreesWithItsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := start(t, r)
		r.Repeat(rapid.StateMachineActions(x))
		x.finish(r)
	})
}

func TestContentAgreesWithItsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := start(t, r)
		r.Repeat(map[string]func(*rapid.T){
			"write": x.Write, "append": x.Append, "truncate": x.Truncate,
			"sync": x.Sync, "failsync": x.FailSync, "": x.Check,
		})
		x.finish(r)
	})
}

func TestEntriesAgreeWithTheirModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := start(t, r)
		r.Repeat(map[string]func(*rapid.T){
			"open": x.Open, "rename": x.Rename, "remove": x.Remove, "mkdir": x.Mkdir,
			"rmdir": x.Rmdir, "syncdir": x.SyncDir, "": x.Check,
		})
		x.finish(r)
	})
}
