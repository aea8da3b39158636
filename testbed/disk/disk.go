package disk

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
)

var _ system.Disk = (*Disk)(nil)

// The settings that a Disk honours, and the counters that prove their effect.
const (
	// SettingTorn is the probability, such as "0.5", that a write leaks a
	// random prefix of the file's unsynced bytes to the real file at once, so
	// that a kill leaves a torn record.
	SettingTorn = "disk/torn"
	// SettingFailSync, unless empty, makes Sync and SyncDir fail with EIO. As
	// on a kernel that marks pages clean after a failed write-back (the fsync
	// errors of PostgreSQL, 2018), reads still see what the failed Sync was
	// given, no later Sync writes it, and a kill loses it. Changes of entries
	// stay pending and can be synced later.
	SettingFailSync = "disk/fail-sync"
	// SettingFull, unless empty, makes writes fail with ENOSPC. They then write
	// nothing.
	SettingFull = "disk/full"
	// SettingSlow is a duration, such as "20ms", by which every Sync of a file
	// takes longer. What it was given is still unsynced until then.
	SettingSlow = "disk/slow"

	// CountTorn counts the leaks of SettingTorn.
	CountTorn = "disk/torn"
	// CountFailedSyncs counts the calls that SettingFailSync made fail.
	CountFailedSyncs = "disk/failed-syncs"
	// CountFull counts the writes that SettingFull made fail.
	CountFull = "disk/full"
	// CountSyncs counts the times that file content was made durable.
	CountSyncs = "disk/syncs"
	// CountSlow counts the syncs that SettingSlow slowed.
	CountSlow = "disk/slow"
)

// private is the directory below a disk's own that holds what has no durable
// entry.
const private = ".unsynced"

// Options are what a disk takes from its surroundings. The zero value is a disk
// without faults.
type Options struct {
	// Rand is the dice for torn writes; nil means dice that always fall alike.
	// Only the disk may use it.
	Rand *rand.Rand
	// Setting returns the present value of a setting, "" if it is not set. It
	// is called in every write and sync; nil means no settings.
	Setting func(name string) string
	// Count adds to a counter.
	Count func(name string, delta int64)
	// Pending is told by Open and after each change what a kill would lose: writes,
	// truncations, creations, renames and removals that were not synced, and
	// the bytes written in them. Calls come one at a time and must be quick.
	Pending func(writes, bytes int64)
}

// Disk is a directory that loses what was not synced when its process dies.
type Disk struct {
	dir   string
	o     Options
	flush func(*os.File) error // fdatasync

	names   sync.Mutex // guards the tree and the journal
	root    *directory
	journal []*change // changes of entries that no SyncDir has confirmed
	serial  int       // number of names given out in the private area
	closed  bool

	dice sync.Mutex // guards o.Rand

	gauge         sync.Mutex
	writes, bytes int64 // what o.Pending was told

	descriptors sync.Mutex
	open        map[*inode]struct{} // the inodes that have a descriptor
}

// Open opens the disk in a directory, which it makes if need be. What an
// earlier process left without a durable entry is removed.
func Open(dir string, o Options) (*Disk, error) {
	area := filepath.Join(dir, private)
	if err := os.RemoveAll(area); err != nil {
		return nil, fmt.Errorf("disk %s: clear the private area: %w", dir, err)
	}
	if err := os.MkdirAll(area, 0o755); err != nil {
		return nil, fmt.Errorf("disk %s: make the private area: %w", dir, err)
	}
	d := &Disk{dir: dir, o: o.withDefaults(), flush: fdatasync, open: map[*inode]struct{}{}}
	root, err := d.load(nil, "")
	if err != nil {
		return nil, fmt.Errorf("disk %s: read what is there: %w", dir, err)
	}
	d.root = root
	d.pend(0, 0)
	return d, nil
}

func (o Options) withDefaults() Options {
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(0, 0))
	}
	if o.Setting == nil {
		o.Setting = func(string) string { return "" }
	}
	if o.Count == nil {
		o.Count = func(string, int64) {}
	}
	if o.Pending == nil {
		o.Pending = func(int64, int64) {}
	}
	return o
}

// Close ends the use of the disk as a kill would: what was not synced is lost,
// descriptors are released, and later calls fail with [fs.ErrClosed].
func (d *Disk) Close() error {
	d.names.Lock()
	d.closed = true
	d.names.Unlock()
	d.descriptors.Lock()
	open := make([]*inode, 0, len(d.open))
	for n := range d.open {
		open = append(open, n)
	}
	d.descriptors.Unlock()
	for _, n := range open {
		n.mu.Lock()
		n.closeReal()
		n.mu.Unlock()
	}
	return nil
}

// pend adds to what a kill would lose.
func (d *Disk) pend(writes, bytes int64) {
	d.gauge.Lock()
	defer d.gauge.Unlock()
	d.writes += writes
	d.bytes += bytes
	d.o.Pending(d.writes, d.bytes)
}

// tears throws the dice of SettingTorn.
func (d *Disk) tears() (bool, error) {
	s := d.o.Setting(SettingTorn)
	if s == "" {
		return false, nil
	}
	p, err := strconv.ParseFloat(s, 64)
	if err != nil || !(p >= 0 && p <= 1) {
		return false, fmt.Errorf("setting %s: found %q, expected a probability from 0 to 1", SettingTorn, s)
	}
	d.dice.Lock()
	defer d.dice.Unlock()
	return d.o.Rand.Float64() < p, nil
}

// linger takes the time that SettingSlow adds to a sync.
func (d *Disk) linger() error {
	s := d.o.Setting(SettingSlow)
	if s == "" {
		return nil
	}
	delay, err := time.ParseDuration(s)
	if err != nil || delay < 0 {
		return fmt.Errorf("setting %s: found %q, expected a duration such as 20ms", SettingSlow, s)
	}
	d.o.Count(CountSlow, 1)
	time.Sleep(delay)
	return nil
}

// prefix chooses how many of n bytes leak: at least one.
func (d *Disk) prefix(n int) int {
	d.dice.Lock()
	defer d.dice.Unlock()
	return 1 + d.o.Rand.IntN(n)
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: cause(err)}
}

// cause strips the real path off an error of package os: the caller knows the
// file by its name on the disk.
func cause(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
