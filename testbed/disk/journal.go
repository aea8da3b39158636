package disk

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// kind is the kind of a change of directory entries.
type kind int

const (
	create kind = iota
	mkdir
	rename
	remove
	rmdir
)

// change is a change of entries that a kill undoes.
type change struct {
	kind   kind
	from   *directory
	name   string
	to     *directory // of a rename; the directory itself of mkdir and rmdir
	toName string
	file   *inode // nil for mkdir and rmdir

	durable bool // applied to the real directory
}

// touches says which directories become durable together by the change. One
// that is removed takes all earlier changes of its entries along; one that is
// made does not.
func (c *change) touches() []*directory {
	if c.kind == rename || c.kind == rmdir {
		return []*directory{c.from, c.to}
	}
	return []*directory{c.from}
}

func (d *Disk) log(c *change) {
	d.journal = append(d.journal, c)
	d.pend(1, 0)
}

// SyncDir implements [system.Disk].
func (d *Disk) SyncDir(name string) error {
	if d.o.Setting(SettingFailSync) != "" {
		d.o.Count(CountFailedSyncs, 1)
		return pathError("syncdir", name, syscall.EIO)
	}
	changed, err := d.settle(name)
	if err != nil {
		return pathError("syncdir", name, err)
	}
	for _, dir := range changed {
		if err := syncReal(dir); err != nil {
			return pathError("syncdir", name, err)
		}
	}
	return nil
}

// settle applies the changes that a SyncDir makes durable and returns the real
// directories that must be synced for it. The sync itself needs no lock.
func (d *Disk) settle(name string) ([]string, error) {
	d.names.Lock()
	defer d.names.Unlock()
	dir, err := d.walk(name)
	if err != nil {
		return nil, err
	}
	due, touched := d.due(dir)
	defer func() { d.journal = slices.DeleteFunc(d.journal, func(c *change) bool { return c.durable }) }()
	for _, c := range due {
		if err := d.apply(c); err != nil {
			return nil, err
		}
		c.durable = true
		d.pend(-1, 0)
	}
	var paths []string
	for dir := range touched {
		if p := d.real(dir); len(due) > 0 && exists(p) {
			paths = append(paths, p)
		}
	}
	return paths, nil
}

// due returns the changes that must be durable with a directory, in order: its
// own, and all before them in the directories that they share.
func (d *Disk) due(dir *directory) ([]*change, map[*directory]bool) {
	touched := map[*directory]bool{dir: true}
	var due []*change
	for _, c := range slices.Backward(d.journal) {
		if !slices.ContainsFunc(c.touches(), func(t *directory) bool { return touched[t] }) {
			continue
		}
		due = append(due, c)
		for _, t := range c.touches() {
			touched[t] = true
		}
	}
	slices.Reverse(due)
	return due, touched
}

// apply does the change to the real directories.
func (d *Disk) apply(c *change) error {
	at := filepath.Join(d.real(c.from), c.name)
	switch c.kind {
	case create:
		return c.file.move(d.hidden(c.file.serial), at, c.from, c.name)
	case rename:
		return c.file.move(at, filepath.Join(d.real(c.to), c.toName), c.to, c.toName)
	case remove:
		return os.Remove(at)
	case mkdir:
		if err := os.Rename(d.hidden(c.to.serial), at); err != nil {
			return err
		}
		c.to.placed = true
		return nil
	default: // rmdir
		return os.RemoveAll(at)
	}
}

// move moves the real file to its new durable place.
func (n *inode) move(from, to string, dir *directory, name string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	n.dir, n.name = dir, name
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func syncReal(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	return f.Sync()
}
