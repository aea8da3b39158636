package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// file is an open file. Its fields are guarded by its inode's lock.
type file struct {
	d      *Disk
	n      *inode
	name   string // at the time of opening, for errors
	flag   int
	off    int64
	closed bool
}

var errNegative = errors.New("negative offset or size")

func (f *file) writable() bool { return f.flag&(os.O_WRONLY|os.O_RDWR) != 0 }

// usable says why the file cannot be used, if so. The lock is held.
func (f *file) usable() error {
	if f.closed || f.n.real == nil {
		return fs.ErrClosed
	}
	return nil
}

// Read implements [io.Reader].
func (f *file) Read(p []byte) (int, error) {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	k, err := f.read(p, f.off)
	f.off += int64(k)
	if k > 0 && err == io.EOF {
		err = nil
	}
	return k, err
}

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	return f.read(p, off)
}

func (f *file) read(p []byte, off int64) (int, error) {
	if err := f.usable(); err != nil {
		return 0, pathError("read", f.name, err)
	}
	if f.flag&os.O_WRONLY != 0 {
		return 0, pathError("read", f.name, syscall.EBADF)
	}
	if off < 0 {
		return 0, pathError("read", f.name, errNegative)
	}
	if len(p) == 0 {
		return 0, nil
	}
	k := int(max(0, min(int64(len(p)), f.n.size-off)))
	if err := f.n.readAt(p[:k], off); err != nil {
		return 0, pathError("read", f.name, err)
	}
	if k < len(p) {
		return k, io.EOF
	}
	return k, nil
}

// Write implements [io.Writer], at the end of the file if it was opened with
// O_APPEND.
func (f *file) Write(p []byte) (int, error) {
	return f.write(p, -1)
}

// WriteAt implements [io.WriterAt].
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, pathError("write", f.name, errNegative)
	}
	if f.flag&os.O_APPEND != 0 {
		return 0, pathError("write", f.name, errors.New("WriteAt of a file opened with O_APPEND"))
	}
	return f.write(p, off)
}

// write writes at an offset, or where Write does if it is negative.
func (f *file) write(p []byte, at int64) (int, error) {
	tear, err := f.d.tears()
	if err != nil {
		return 0, pathError("write", f.name, err)
	}
	full := f.d.o.Setting(SettingFull) != ""
	n := f.n
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := f.mayWrite(); err != nil {
		return 0, pathError("write", f.name, err)
	}
	if full {
		f.d.o.Count(CountFull, 1)
		return 0, pathError("write", f.name, syscall.ENOSPC)
	}
	if len(p) > 0 {
		n.write(p, f.place(len(p), at))
	}
	if tear {
		if err := n.leak(); err != nil {
			return len(p), pathError("write", f.name, err)
		}
	}
	return len(p), nil
}

func (f *file) mayWrite() error {
	if err := f.usable(); err != nil {
		return err
	}
	if !f.writable() {
		return syscall.EBADF
	}
	return nil
}

// place returns the offset of a write and moves the position of Write on.
func (f *file) place(size int, at int64) int64 {
	if at >= 0 {
		return at
	}
	if f.flag&os.O_APPEND != 0 {
		f.off = f.n.size
	}
	f.off += int64(size)
	return f.off - int64(size)
}

// Truncate implements [system.File].
func (f *file) Truncate(size int64) error {
	if size < 0 {
		return pathError("truncate", f.name, errNegative)
	}
	f.n.mu.Lock()
	err := f.mayWrite()
	f.n.mu.Unlock()
	if err != nil {
		return pathError("truncate", f.name, err)
	}
	f.n.truncate(size)
	return nil
}

// Size implements [system.File].
func (f *file) Size() (int64, error) {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	if err := f.usable(); err != nil {
		return 0, pathError("size", f.name, err)
	}
	return f.n.size, nil
}

// Sync implements [system.File].
func (f *file) Sync() error {
	n := f.n
	n.mu.Lock()
	if err := f.usable(); err != nil {
		n.mu.Unlock()
		return pathError("sync", f.name, err)
	}
	real := n.real
	n.refs++
	n.mu.Unlock()

	err := n.sync(real)

	n.mu.Lock()
	defer n.mu.Unlock()
	n.release()
	return pathError("sync", f.name, err)
}

// Close implements [io.Closer]. It makes nothing durable.
func (f *file) Close() error {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	f.n.release()
	return nil
}
