package system

import (
	"io"
)

// Disk is a node's private directory, with the semantics of stable storage:
// what a file's Sync confirmed survives a kill, and so do the creations,
// renames and removals that SyncDir confirmed. All else may be lost, in part
// or as a whole. Names are slash-separated and relative; errors are
// [*fs.PathError] that match fs.ErrNotExist and so on.
type Disk interface {
	// OpenFile opens a file with os.O_* flags: O_RDONLY, O_RDWR, O_CREATE,
	// O_TRUNC, O_APPEND, O_EXCL.
	OpenFile(name string, flag int) (File, error)
	// Rename moves a file over another one.
	Rename(from, to string) error
	Remove(name string) error
	// ReadDir returns the names in a directory ("." is the root), sorted.
	ReadDir(name string) ([]string, error)
	MkdirAll(name string) error
	// SyncDir makes the directory's entries durable.
	SyncDir(name string) error
}

// File is an open file of a [Disk].
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Size() (int64, error)
	// Sync makes the content durable. After an error nothing may be assumed
	// about what was written since the last success.
	Sync() error
}

// ReadFile reads a whole file of the disk.
func ReadFile(d Disk, name string) ([]byte, error) {
	f, err := d.OpenFile(name, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(f)
}
