package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"

	"github.com/gauntlet-go/gauntlet/system"
)

// swap is a finished new file that the syncer puts in the place of the old one.
type swap struct {
	file system.File
	tmp  string
	old  int64 // the old file was copied up to here
	end  int64 // of the new file
	done chan struct{}
	err  error // valid when done
}

// Rewrite replaces the records up to an LSN by others that stand for them, and
// keeps those that were appended later: upto is the last record that the state
// includes from which the new ones are made.
//
// The new log is written beside the old one and takes its place in one step.
// Appends go on meanwhile; for a moment at the end, their durability waits. If
// Rewrite fails, the log is as before and goes on, unless nobody can tell which
// of the two a kill would leave: then the log has failed.
func (l *Log) Rewrite(upto uint64, records iter.Seq[[]byte]) error {
	l.rewriting.Lock()
	defer l.rewriting.Unlock()
	if err := l.rewrite(upto, records); err != nil {
		return fmt.Errorf("rewrite log %s up to record %d: %w", l.name, upto, err)
	}
	return nil
}

func (l *Log) alive() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unusable()
}

func (l *Log) rewrite(upto uint64, records iter.Seq[[]byte]) error {
	if upto < l.base {
		return fmt.Errorf("it was rewritten up to record %d before", l.base)
	}
	if err := l.alive(); err != nil {
		return err
	}
	if err := l.Wait(context.Background(), upto); err != nil {
		return err
	}
	s := &swap{tmp: l.name + ".tmp", done: make(chan struct{})}
	var err error
	if s.file, err = l.disk.OpenFile(s.tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC); err != nil {
		return err
	}
	head, err := l.build(s, upto, records)
	if err == nil {
		err = l.hand(s)
	}
	if err != nil {
		return errors.Join(err, s.discard(l.disk))
	}
	l.base, l.head = upto, head
	return nil
}

// build writes the new file as far as it can be known now: all that is durable.
func (l *Log) build(s *swap, upto uint64, records iter.Seq[[]byte]) (head int64, err error) {
	if err := s.writeHead(records); err != nil {
		return 0, err
	}
	head = s.end
	old, err := l.disk.OpenFile(l.name, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer old.Close() //nolint:errcheck // read only
	if s.old, err = l.offset(old, upto); err != nil {
		return 0, err
	}
	if err := s.copy(old, l.flushed.Load()); err != nil {
		return 0, err
	}
	return head, s.file.Sync()
}

func (s *swap) writeHead(records iter.Seq[[]byte]) error {
	var lines []byte
	for record := range records {
		if err := valid(record); err != nil {
			return err
		}
		lines = encode(lines, record, checksum(record))
		if len(lines) >= 256<<10 {
			if err := s.write(lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
	}
	return s.write(lines)
}

func (s *swap) write(p []byte) error {
	n, err := s.file.WriteAt(p, s.end)
	s.end += int64(n)
	return err
}

// offset returns where the record after upto begins in the old file.
func (l *Log) offset(old system.File, upto uint64) (int64, error) {
	lines := newReader(io.NewSectionReader(old, l.head, 1<<62), l.head)
	for range upto - l.base {
		if _, at, whole, err := lines.read(); err != nil || !whole {
			return 0, fmt.Errorf("find its end at offset %d: %w", at, errors.Join(io.ErrUnexpectedEOF, err))
		}
	}
	return lines.next, nil
}

// copy appends what the old file has up to an offset.
func (s *swap) copy(old system.File, to int64) error {
	p := make([]byte, min(256<<10, max(0, to-s.old)))
	for s.old < to {
		part := p[:min(int64(len(p)), to-s.old)]
		if _, err := old.ReadAt(part, s.old); err != nil && err != io.EOF {
			return err
		}
		if err := s.write(part); err != nil {
			return err
		}
		s.old += int64(len(part))
	}
	return nil
}

// hand gives the new file to the syncer and waits until it is in place.
func (l *Log) hand(s *swap) error {
	l.mu.Lock()
	if err := l.unusable(); err != nil {
		l.mu.Unlock()
		return err
	}
	l.swap = s
	l.work.Signal()
	l.mu.Unlock()
	select {
	case <-s.done:
	case <-l.ended:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.swap == s { // the syncer died before it took it
		l.swap = nil
		return l.dead
	}
	return s.err
}

// install puts the new file in place, between two batches.
func (l *Log) install(s *swap) error {
	if s.old < l.end {
		if err := s.copy(l.file, l.end); err != nil {
			return err
		}
		if err := s.file.Sync(); err != nil {
			return err
		}
	}
	if err := l.disk.Rename(s.tmp, l.name); err != nil {
		return err
	}
	old := l.file
	l.size.Add(s.end - l.end)
	l.file, l.end, s.file = s.file, s.end, nil
	l.flushed.Store(l.end)
	if err := errors.Join(l.disk.SyncDir(path.Dir(l.name)), old.Close()); err != nil {
		err = fmt.Errorf("log %s failed while it was replaced and takes no more: %w", l.name, err)
		l.die(err)
		return err
	}
	return nil
}

// discard removes a new file that did not come into place.
func (s *swap) discard(disk system.Disk) error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), disk.Remove(s.tmp))
}
