package storage

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/gauntlet-go/gauntlet/system"
)

var errPower = errors.New("the power is off")

// memDisk is a disk of one directory in memory. Its power can fail before any
// chosen operation; crash then shows what is left.
type memDisk struct {
	mu      sync.Mutex
	live    map[string]*memFile
	durable map[string]*memFile
	left    int // operations until the power fails; negative: it never does
	off     bool
	writes  int
	syncs   int
	onSync  func(name string) error // called in every file Sync, without lock
	onDir   func() error            // the same for SyncDir
	onMove  func() error            // the same for Rename
}

type memFile struct{ live, durable []byte }

func newMemDisk() *memDisk {
	return &memDisk{live: map[string]*memFile{}, durable: map[string]*memFile{}, left: -1}
}

// step begins an operation that changes something.
func (d *memDisk) step() error {
	if d.off || d.left == 0 {
		d.off = true
		return errPower
	}
	d.left--
	return nil
}

// crash returns the disk after a power failure. Of each file, up to torn bytes
// survive that were appended and not synced.
func (d *memDisk) crash(torn int) *memDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newMemDisk()
	for name, f := range d.durable {
		kept := slices.Clone(f.durable)
		if len(f.live) > len(kept) && string(f.live[:len(kept)]) == string(kept) {
			kept = append(kept, f.live[len(kept):min(len(f.live), len(kept)+torn)]...)
		}
		after.live[name] = &memFile{live: kept, durable: slices.Clone(kept)}
	}
	after.durable = maps.Clone(after.live)
	return after
}

// unsynced is the size of the largest torn end that a crash can leave.
func (d *memDisk) unsynced() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	most := 0
	for _, f := range d.durable {
		most = max(most, len(f.live)-len(f.durable))
	}
	return most
}

func (d *memDisk) OpenFile(name string, flag int) (system.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.live[name]
	if !ok && flag&os.O_CREATE == 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if !ok || flag&os.O_TRUNC != 0 {
		if err := d.step(); err != nil {
			return nil, err
		}
	}
	if !ok {
		f = &memFile{}
		d.live[name] = f
	}
	if flag&os.O_TRUNC != 0 {
		f.live = nil
	}
	return &memHandle{d: d, f: f, name: name}, nil
}

func (d *memDisk) Rename(from, to string) error {
	if d.onMove != nil {
		if err := d.onMove(); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.live[to] = d.live[from]
	delete(d.live, from)
	return nil
}

func (d *memDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	delete(d.live, name)
	return nil
}

func (d *memDisk) ReadDir(string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.live)), nil
}

func (d *memDisk) MkdirAll(string) error { return errors.ErrUnsupported }

func (d *memDisk) SyncDir(string) error {
	if d.onDir != nil {
		if err := d.onDir(); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.durable = maps.Clone(d.live)
	return nil
}

type memHandle struct {
	d    *memDisk
	f    *memFile
	name string
	off  int64
}

func (h *memHandle) Read(p []byte) (int, error) {
	n, err := h.ReadAt(p, h.off)
	h.off += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (h *memHandle) ReadAt(p []byte, off int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return bytes.NewReader(h.f.live).ReadAt(p, off)
}

func (h *memHandle) Write(p []byte) (int, error) {
	n, err := h.WriteAt(p, h.off)
	h.off += int64(n)
	return n, err
}

func (h *memHandle) WriteAt(p []byte, off int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.step(); err != nil {
		return 0, err
	}
	h.d.writes++
	grown := make([]byte, max(int64(len(h.f.live)), off+int64(len(p))))
	copy(grown, h.f.live)
	copy(grown[off:], p)
	h.f.live = grown
	return len(p), nil
}

func (h *memHandle) Truncate(size int64) error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.step(); err != nil {
		return err
	}
	h.f.live = slices.Clone(h.f.live[:size])
	return nil
}

func (h *memHandle) Size() (int64, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return int64(len(h.f.live)), nil
}

func (h *memHandle) Sync() error {
	if h.d.onSync != nil {
		if err := h.d.onSync(h.name); err != nil {
			return err
		}
	}
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.step(); err != nil {
		return err
	}
	h.d.syncs++
	h.f.durable = slices.Clone(h.f.live)
	return nil
}

func (h *memHandle) Close() error { return nil }
