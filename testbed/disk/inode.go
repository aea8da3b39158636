package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// inode is a file apart from its names. What the process sees is the real file
// with up to three layers over it.
type inode struct {
	d *Disk

	// Where the real file is: an entry, or a place in the private area as long
	// as dir is nil. Guarded by Disk.names.
	dir    *directory
	name   string
	serial int

	syncing sync.Mutex // held by the one Sync at work

	mu       sync.Mutex
	real     *os.File // nil while refs is 0
	refs     int
	size     int64  // as the process sees it
	base     int64  // size of what is in the real file by Sync
	lost     *layer // what failed Syncs were given; nil if none failed
	flight   *layer // what the Sync at work was given; nil if none is
	written  bool   // the flight has reached the real file
	top      *layer // what no Sync was given
	spare    *layer
	unlinked bool // has no name: a kill cannot lose its content

	io     sync.Mutex // held while the real file is changed; taken after mu
	actual int64      // size of the real file, leaks included
}

func newInode(d *Disk, size int64) *inode {
	return &inode{d: d, size: size, base: size, actual: size, top: newLayer()}
}

// acquire opens the real file for one more handle. Disk.names is held.
func (n *inode) acquire() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.real == nil {
		at := n.d.hidden(n.serial)
		if n.dir != nil {
			at = filepath.Join(n.d.real(n.dir), n.name)
		}
		f, err := os.OpenFile(at, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		n.hold(f)
	}
	n.refs++
	return nil
}

func (n *inode) hold(f *os.File) {
	n.real = f
	n.d.descriptors.Lock()
	n.d.open[n] = struct{}{}
	n.d.descriptors.Unlock()
}

// release ends one use. The lock is held.
func (n *inode) release() {
	n.refs--
	if n.refs == 0 {
		n.closeReal()
	}
}

// closeReal gives the descriptor back. The lock is held. Nothing was written
// through it that a Sync has not confirmed, so its error means nothing.
func (n *inode) closeReal() {
	if n.real == nil {
		return
	}
	n.real.Close() //nolint:errcheck // see above
	n.real = nil
	n.d.descriptors.Lock()
	delete(n.d.open, n)
	n.d.descriptors.Unlock()
}

// readAt fills p, which must end within the file. The lock is held.
func (n *inode) readAt(p []byte, off int64) error {
	below := p[:max(0, min(int64(len(p)), n.base-off))]
	clear(p[len(below):])
	if len(below) > 0 {
		if _, err := n.real.ReadAt(below, off); err != nil {
			return err
		}
	}
	for _, l := range []*layer{n.lost, n.flight, n.top} {
		if l != nil {
			l.paint(p, off)
		}
	}
	return nil
}

// write puts data into the top layer. The lock is held.
func (n *inode) write(p []byte, off int64) {
	n.top.put(off, p)
	n.size = max(n.size, off+int64(len(p)))
	n.count(1, int64(len(p)))
}

// truncate changes the size.
func (n *inode) truncate(size int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if size == n.size {
		return
	}
	n.top.truncate(size)
	n.size = size
	n.count(1, 0)
}

func (n *inode) count(writes, bytes int64) {
	if n.unlinked {
		return
	}
	n.top.writes += writes
	n.top.bytes += bytes
	n.d.pend(writes, bytes)
}

// unlink notes that the last name is gone.
func (n *inode) unlink() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unlinked = true
	n.forget(n.top)
	n.forget(n.lost)
}

// forget takes a layer out of what a kill would lose.
func (n *inode) forget(l *layer) {
	if l != nil && l.writes > 0 {
		n.d.pend(-l.writes, -l.bytes)
		l.writes, l.bytes = 0, 0
	}
}

// leak brings a random prefix of the top layer to the real file. It never
// overtakes a Sync: a torn write is a prefix, not a hole. The lock is held.
func (n *inode) leak() error {
	if n.flight != nil && !n.written || n.top.length() == 0 {
		return nil
	}
	part := n.top.prefix(n.d.prefix(n.top.length()))
	n.io.Lock()
	defer n.io.Unlock()
	if err := n.writeExtents(n.real, part); err != nil {
		return err
	}
	n.d.o.Count(CountTorn, 1)
	return nil
}

// sync makes durable what was written until now. The caller holds a reference.
func (n *inode) sync(real *os.File) error {
	n.syncing.Lock()
	defer n.syncing.Unlock()
	if n.d.o.Setting(SettingFailSync) != "" {
		n.d.o.Count(CountFailedSyncs, 1)
		n.takeOff()
		n.land(syscall.EIO)
		return syscall.EIO
	}
	flight := n.takeOff()
	if flight == nil {
		return nil
	}
	err := n.d.linger()
	if err == nil {
		err = n.writeThrough(real, flight)
	}
	if err == nil {
		err = n.d.flush(real)
	}
	n.land(err)
	if err == nil {
		n.d.o.Count(CountSyncs, 1)
	}
	return err
}

// takeOff makes the top layer the flight; nil if there is nothing in it.
func (n *inode) takeOff() *layer {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.top.changed() {
		return nil
	}
	n.flight, n.written, n.top, n.spare = n.top, false, n.spare, nil
	if n.top == nil {
		n.top = newLayer()
	}
	n.flight.size = n.size
	return n.flight
}

// land ends the flight: its bytes are in the real file or, after an error, in
// what nothing will ever write.
func (n *inode) land(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	flight := n.flight
	if flight == nil {
		return
	}
	n.flight = nil
	if err == nil {
		n.base = flight.size
	} else if n.lost == nil {
		n.lost = newLayer()
	}
	if n.lost != nil {
		n.lost.absorb(flight)
		if n.unlinked {
			n.forget(n.lost)
		}
	}
	flight.reset()
	n.spare = flight
}

// writeThrough brings the flight to the real file, where no kill can lose it.
func (n *inode) writeThrough(real *os.File, flight *layer) error {
	if err := n.writeLayer(real, flight); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.written = true
	n.forget(flight)
	return nil
}

func (n *inode) writeLayer(real *os.File, l *layer) error {
	n.io.Lock()
	defer n.io.Unlock()
	if err := n.writeExtents(real, l); err != nil {
		return err
	}
	return n.resize(real, l.size)
}

func (n *inode) writeExtents(real *os.File, l *layer) error {
	if real == nil {
		return fs.ErrClosed
	}
	if l.cut < n.actual {
		if err := n.resize(real, l.cut); err != nil {
			return err
		}
	}
	for _, e := range l.extents {
		if _, err := real.WriteAt(e.data, e.off); err != nil {
			return err
		}
		n.actual = max(n.actual, e.end())
	}
	return nil
}

func (n *inode) resize(real *os.File, size int64) error {
	if n.actual == size {
		return nil
	}
	if err := real.Truncate(size); err != nil {
		return err
	}
	n.actual = size
	return nil
}
