package disk

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gauntlet-go/gauntlet/system"
)

// directory is a directory as the process sees it. Its real counterpart is in
// the private area until its own entry is durable.
type directory struct {
	parent  *directory // nil: the root
	name    string
	serial  int // place in the private area, while not placed
	placed  bool
	entries map[string]entry
}

// entry is a directory or a file.
type entry struct {
	dir  *directory
	file *inode
}

// load reads the durable state below a directory. What is neither a directory
// nor a regular file is not shown.
func (d *Disk) load(parent *directory, name string) (*directory, error) {
	dir := &directory{parent: parent, name: name, placed: true, entries: map[string]entry{}}
	found, err := os.ReadDir(d.real(dir))
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		switch {
		case parent == nil && e.Name() == private:
		case e.IsDir():
			sub, err := d.load(dir, e.Name())
			if err != nil {
				return nil, err
			}
			dir.entries[e.Name()] = entry{dir: sub}
		case e.Type().IsRegular():
			info, err := e.Info()
			if err != nil {
				return nil, err
			}
			n := newInode(d, info.Size())
			n.dir, n.name = dir, e.Name()
			dir.entries[e.Name()] = entry{file: n}
		}
	}
	return dir, nil
}

// real returns the path of the directory's real counterpart.
func (d *Disk) real(dir *directory) string {
	switch {
	case dir.parent == nil:
		return d.dir
	case dir.placed:
		return filepath.Join(d.real(dir.parent), dir.name)
	}
	return d.hidden(dir.serial)
}

// hidden returns a path in the private area.
func (d *Disk) hidden(serial int) string {
	return filepath.Join(d.dir, private, strconv.Itoa(serial))
}

func (d *Disk) nextSerial() int {
	d.serial++
	return d.serial
}

// walk finds a directory. The lock is held.
func (d *Disk) walk(name string) (*directory, error) {
	if err := d.check(name); err != nil {
		return nil, err
	}
	dir := d.root
	if name == "." {
		return dir, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		e, ok := dir.entries[part]
		switch {
		case !ok:
			return nil, syscall.ENOENT
		case e.dir == nil:
			return nil, syscall.ENOTDIR
		}
		dir = e.dir
	}
	return dir, nil
}

// split finds the directory that a file's name is in. The lock is held.
func (d *Disk) split(name string) (*directory, string, error) {
	if err := d.check(name); err != nil {
		return nil, "", err
	}
	if name == "." {
		return nil, "", syscall.EISDIR
	}
	dir, err := d.walk(path.Dir(name))
	return dir, path.Base(name), err
}

func (d *Disk) check(name string) error {
	if d.closed {
		return fs.ErrClosed
	}
	if first, _, _ := strings.Cut(name, "/"); !fs.ValidPath(name) || first == private || strings.ContainsAny(name, "\\\x00") {
		return fs.ErrInvalid
	}
	return nil
}

// OpenFile implements [system.Disk]. A truncation by O_TRUNC is durable with
// the next Sync, a creation with the next SyncDir.
func (d *Disk) OpenFile(name string, flag int) (system.File, error) {
	d.names.Lock()
	defer d.names.Unlock()
	n, err := d.find(name, flag)
	if err == nil {
		err = n.acquire()
	}
	if err != nil {
		return nil, pathError("open", name, err)
	}
	f := &file{d: d, n: n, name: name, flag: flag}
	if flag&os.O_TRUNC != 0 && f.writable() {
		n.truncate(0)
	}
	return f, nil
}

// find returns the inode that OpenFile is to open.
func (d *Disk) find(name string, flag int) (*inode, error) {
	dir, base, err := d.split(name)
	if err != nil {
		return nil, err
	}
	e, ok := dir.entries[base]
	switch {
	case ok && flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, syscall.EEXIST
	case ok && e.file == nil:
		return nil, syscall.EISDIR
	case ok:
		return e.file, nil
	case flag&os.O_CREATE == 0:
		return nil, syscall.ENOENT
	}
	return d.create(dir, base)
}

func (d *Disk) create(dir *directory, name string) (*inode, error) {
	n := newInode(d, 0)
	n.serial = d.nextSerial()
	f, err := os.OpenFile(d.hidden(n.serial), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	n.hold(f)
	dir.entries[name] = entry{file: n}
	d.log(&change{kind: create, from: dir, name: name, file: n})
	return n, nil
}

// Rename implements [system.Disk]. It moves files only.
func (d *Disk) Rename(from, to string) error {
	d.names.Lock()
	defer d.names.Unlock()
	if err := d.rename(from, to); err != nil {
		return pathError("rename", from+" to "+to, err)
	}
	return nil
}

func (d *Disk) rename(from, to string) error {
	fromDir, fromName, err := d.split(from)
	if err != nil {
		return err
	}
	toDir, toName, err := d.split(to)
	if err != nil {
		return err
	}
	e, ok := fromDir.entries[fromName]
	old, over := toDir.entries[toName]
	switch {
	case !ok:
		return syscall.ENOENT
	case e.file == nil || over && old.file == nil:
		return syscall.EISDIR
	case e == old:
		return nil
	}
	if over {
		old.file.unlink()
	}
	delete(fromDir.entries, fromName)
	toDir.entries[toName] = e
	d.log(&change{kind: rename, from: fromDir, name: fromName, to: toDir, toName: toName, file: e.file})
	return nil
}

// Remove implements [system.Disk]. A directory must be empty.
func (d *Disk) Remove(name string) error {
	d.names.Lock()
	defer d.names.Unlock()
	return pathError("remove", name, d.remove(name))
}

func (d *Disk) remove(name string) error {
	dir, base, err := d.split(name)
	if err != nil {
		return err
	}
	e, ok := dir.entries[base]
	switch {
	case !ok:
		return syscall.ENOENT
	case e.dir != nil && len(e.dir.entries) > 0:
		return syscall.ENOTEMPTY
	case e.dir != nil:
		d.log(&change{kind: rmdir, from: dir, name: base, to: e.dir})
	default:
		e.file.unlink()
		d.log(&change{kind: remove, from: dir, name: base, file: e.file})
	}
	delete(dir.entries, base)
	return nil
}

// ReadDir implements [system.Disk].
func (d *Disk) ReadDir(name string) ([]string, error) {
	d.names.Lock()
	defer d.names.Unlock()
	dir, err := d.walk(name)
	if err != nil {
		return nil, pathError("readdir", name, err)
	}
	return slices.Sorted(maps.Keys(dir.entries)), nil
}

// MkdirAll implements [system.Disk]. Each directory that it makes is durable
// with the SyncDir of the one above.
func (d *Disk) MkdirAll(name string) error {
	d.names.Lock()
	defer d.names.Unlock()
	if err := d.check(name); err != nil || name == "." {
		return pathError("mkdir", name, err)
	}
	dir := d.root
	for part := range strings.SplitSeq(name, "/") {
		sub, err := d.mkdir(dir, part)
		if err != nil {
			return pathError("mkdir", name, err)
		}
		dir = sub
	}
	return nil
}

func (d *Disk) mkdir(parent *directory, name string) (*directory, error) {
	if e, ok := parent.entries[name]; ok {
		if e.dir == nil {
			return nil, syscall.ENOTDIR
		}
		return e.dir, nil
	}
	sub := &directory{parent: parent, name: name, serial: d.nextSerial(), entries: map[string]entry{}}
	if err := os.Mkdir(d.hidden(sub.serial), 0o755); err != nil {
		return nil, err
	}
	parent.entries[name] = entry{dir: sub}
	d.log(&change{kind: mkdir, from: parent, name: name, to: sub})
	return sub, nil
}
