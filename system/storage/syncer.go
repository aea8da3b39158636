package storage

import (
	"errors"
	"fmt"
)

// spareBuffer is the largest buffer that is kept for the next batch.
const spareBuffer = 4 << 20

// syncer writes batch after batch until the log is closed or dead.
func (l *Log) syncer() {
	defer close(l.ended)
	defer l.closeFile()
	var spare *batch
	for {
		s, b := l.take(spare)
		switch {
		case s != nil:
			s.err = l.install(s)
			close(s.done)
			spare = nil
		case b != nil:
			l.finish(b, l.commit(b))
			spare = b
		default:
			return
		}
	}
}

// take waits for work and returns a swap, or a batch, which is then the flight;
// neither at the end.
func (l *Log) take(spare *batch) (*swap, *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.swap == nil && l.next.last == 0 && !l.closing && l.dead == nil {
		l.work.Wait()
	}
	if s := l.swap; s != nil {
		l.swap = nil
		return s, nil
	}
	if l.dead != nil || l.next.last == 0 {
		return nil, nil
	}
	b := l.next
	l.flight, l.next = b, spare.reuse()
	return nil, b
}

// reuse returns an empty batch with the buffers of b, which may be nil.
func (b *batch) reuse() *batch {
	if b == nil || cap(b.lines) > spareBuffer {
		return &batch{}
	}
	clear(b.then)
	return &batch{lines: b.lines[:0], then: b.then[:0]}
}

// commit writes and syncs a batch.
func (l *Log) commit(b *batch) error {
	n, err := l.file.WriteAt(b.lines, l.end)
	if err == nil {
		l.end += int64(n)
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("log %s failed at record %d and takes no more: %w", l.name, b.last, err)
	}
	return nil
}

// finish tells all who wait for a batch. If it failed, so has all that came
// after it.
func (l *Log) finish(b *batch, err error) {
	if err != nil {
		l.die(err)
		return
	}
	l.mu.Lock()
	l.flight = nil
	l.flushed.Store(l.end)
	l.durable.Store(b.last)
	l.mu.Unlock()
	b.tell(nil)
}

// die ends the log with an error and passes it to all who wait.
func (l *Log) die(err error) {
	l.mu.Lock()
	flight, next := l.flight, l.next
	l.dead, l.flight = err, nil
	l.mu.Unlock()
	if flight != nil {
		flight.tell(err)
	}
	next.tell(err)
}

// tell ends a batch that nobody can reach from the log any more.
func (b *batch) tell(err error) {
	b.err = err
	if b.done != nil {
		close(b.done)
	}
	for _, then := range b.then {
		then(err)
	}
}

// closeFile ends the use of the file. What matters was synced or has failed.
func (l *Log) closeFile() {
	err := l.file.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead == nil && err != nil {
		l.dead = errors.Join(fmt.Errorf("log %s: close", l.name), err)
	}
}
