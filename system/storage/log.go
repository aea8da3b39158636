package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"sync"
	"sync/atomic"

	"github.com/gauntlet-go/gauntlet/system"
)

// ErrClosed is the error of a log that was closed.
var ErrClosed = errors.New("the log is closed")

// Log is an append-only log of records. It is safe for concurrent use.
//
// Records are numbered from 1 in the order of appending, the replayed ones
// first: the log sequence number, LSN. Rewrite does not change the numbers of
// records that come after it.
type Log struct {
	disk      system.Disk
	name      string
	recovered Recovered
	durable   atomic.Uint64
	size      atomic.Int64  // of the file and of what will be written to it
	flushed   atomic.Int64  // size of the durable part of the file
	ended     chan struct{} // closed when the syncer has returned

	mu      sync.Mutex
	work    *sync.Cond // the syncer waits for any of the following
	next    *batch     // what was appended since the last write began
	flight  *batch     // what is being written; nil if nothing is
	swap    *swap      // what Rewrite wants to be put in place; nil if nothing
	closing bool
	last    uint64 // LSN of the last record
	dead    error  // why nothing can be appended any more

	// Used by the syncer only.
	file system.File
	end  int64 // where the next batch is written

	rewriting sync.Mutex // one Rewrite at a time; guards the following
	base      uint64     // the last record that the head stands for
	head      int64      // bytes that the last Rewrite put in front
}

// batch is a group of records that share a sync.
type batch struct {
	lines []byte
	last  uint64        // LSN
	then  []func(error) // in the order of the records
	done  chan struct{} // closed at the end; made by the first that waits
	err   error         // valid when done
}

// OpenLog opens the log in a file, which it makes if need be, and replays its
// records, oldest first; f may be nil, and the slice is valid during the call
// only. A torn or corrupt end is cut off, see [Log.Recovered]. A corrupt record
// before a valid one is a [*CorruptError], and an error of f is passed on. When
// OpenLog returns, all that was replayed is durable. Close ends the log's
// goroutine.
func OpenLog(disk system.Disk, name string, f func(record []byte) error) (*Log, error) {
	file, err := disk.OpenFile(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	end, recovered, err := prepare(disk, file, name, f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log: %w", err), file.Close())
	}
	l := &Log{disk: disk, name: name, recovered: recovered, ended: make(chan struct{}),
		next: &batch{}, last: uint64(recovered.Records), file: file, end: end}
	l.work = sync.NewCond(&l.mu)
	l.durable.Store(l.last)
	l.size.Store(end)
	l.flushed.Store(end)
	go l.syncer()
	return l, nil
}

// prepare replays the file and makes durable what it shows. An earlier process
// may have died between its write and its sync: what was read is not safe yet,
// and neither is the name of a file that it made.
func prepare(disk system.Disk, file system.File, name string, f func([]byte) error) (int64, Recovered, error) {
	end, r, err := replay(file, name, f)
	if err == nil && r.CutBytes > 0 {
		err = file.Truncate(end)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = disk.SyncDir(path.Dir(name))
	}
	return end, r, err
}

// Recovered says what OpenLog found.
func (l *Log) Recovered() Recovered { return l.recovered }

// Durable returns the LSN up to which all records are durable.
func (l *Log) Durable() uint64 { return l.durable.Load() }

// Size returns the size of the log in bytes, with what was appended but not
// written yet: a measure of when to Rewrite.
func (l *Log) Size() int64 { return l.size.Load() }

// Append adds a record, JSON in one line of at most [MaxRecord] bytes, and
// returns its LSN. It copies the record and does not wait for the disk; what
// the disk cannot keep up with is held in memory. The record is durable when
// Wait says so.
func (l *Log) Append(record []byte) (lsn uint64, err error) {
	return l.add(record, nil)
}

// AppendThen is Append with a call to then when the record is durable (nil) or
// the log has failed. Calls come in the order of the records, one at a time,
// from the log's own goroutine, which does nothing else meanwhile: then must be
// quick and must not call Rewrite or Close. If AppendThen returns an error,
// then is not called.
func (l *Log) AppendThen(record []byte, then func(error)) (lsn uint64, err error) {
	return l.add(record, then)
}

func (l *Log) add(record []byte, then func(error)) (uint64, error) {
	if err := valid(record); err != nil {
		return 0, fmt.Errorf("append to log %s: %w", l.name, err)
	}
	sum := checksum(record)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.unusable(); err != nil {
		return 0, err
	}
	l.last++
	b := l.next
	b.lines = encode(b.lines, record, sum)
	b.last = l.last
	if then != nil {
		b.then = append(b.then, then)
	}
	l.size.Add(int64(header + len(record) + 1))
	l.work.Signal()
	return l.last, nil
}

// unusable says why nothing can be appended, if so. The lock is held.
func (l *Log) unusable() error {
	if l.dead == nil && l.closing {
		return fmt.Errorf("log %s: %w", l.name, ErrClosed)
	}
	return l.dead
}

// Wait returns when the record is durable. The error is that of the log if it
// has failed, or that of ctx: then the record may still become durable.
func (l *Log) Wait(ctx context.Context, lsn uint64) error {
	if lsn <= l.Durable() {
		return nil
	}
	b, err := l.batchOf(lsn)
	if b == nil {
		return err
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return fmt.Errorf("log %s: wait for record %d: %w", l.name, lsn, context.Cause(ctx))
	}
}

// batchOf returns the batch that a record is in, nil without error if it is
// durable.
func (l *Log) batchOf(lsn uint64) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case lsn <= l.Durable():
		return nil, nil
	case lsn > l.last:
		return nil, fmt.Errorf("log %s: wait for record %d, expected at most %d", l.name, lsn, l.last)
	case l.dead != nil:
		return nil, l.dead
	}
	b := l.next
	if l.flight != nil && lsn <= l.flight.last {
		b = l.flight
	}
	if b.done == nil {
		b.done = make(chan struct{})
	}
	return b, nil
}

// Close makes durable what was appended, calls who waits for it and ends the
// log. It returns the error of a log that has failed. Later calls return the
// same.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closing = true
	l.work.Signal()
	l.mu.Unlock()
	<-l.ended
	return l.dead
}
