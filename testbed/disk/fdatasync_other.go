//go:build !linux

package disk

import "os"

// fdatasync makes the file's content and size durable.
func fdatasync(f *os.File) error { return f.Sync() }
