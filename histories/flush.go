package histories

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// Flush writes every event that was recorded before the call. It does not wait
// for the disk: what is written survives the death of the process, not of the
// machine.
func (r *Recorder) Flush() error {
	r.writing.Lock()
	defer r.writing.Unlock()

	r.mu.Lock()
	if r.err != nil || len(r.buf) == 0 {
		err := r.err
		r.mu.Unlock()
		return err
	}
	batch := r.buf
	r.buf = r.spare[:0]
	r.mu.Unlock()

	err := r.write(batch)
	r.spare = batch[:0]
	return err
}

// write gives lines to the writer and keeps its first error. The caller holds
// r.writing.
func (r *Recorder) write(lines []byte) error {
	n, err := r.w.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return r.keep(fmt.Errorf("write %s: %w", cmp.Or(r.name, "history"), err))
	}
	r.sum = crc32.Update(r.sum, castagnoli, lines)
	return nil
}

// keep makes err the end of the recording, unless it has ended before.
func (r *Recorder) keep(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	return r.err
}

// flushWhenDirty writes the buffer one interval after it got its first event, or
// when it is large. It sleeps while there is nothing to write.
func (r *Recorder) flushWhenDirty() {
	defer close(r.stopped)
	timer := time.NewTimer(FlushInterval)
	defer timer.Stop()
	for {
		select {
		case <-r.dirty:
		case <-r.stop:
			return
		}
		timer.Reset(FlushInterval)
		select {
		case <-timer.C:
		case <-r.full:
		case <-r.stop:
			return
		}
		if r.Flush() != nil {
			return // kept; there will be no more writes
		}
	}
}

// Close ends the history: it writes what is left and the trailer, and waits
// until the file is on the disk. Operations that are still open stay so, which
// means info. If the recording has failed, Close returns that error and writes
// no trailer. Later calls return what the first one did.
func (r *Recorder) Close() error {
	r.closeOnce.Do(func() { r.closeErr = r.close() })
	return r.closeErr
}

func (r *Recorder) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	close(r.stop)
	<-r.stopped

	err := r.Flush()
	if err == nil {
		err = r.finish()
	}
	if r.file == nil {
		return err
	}
	return errors.Join(err, r.file.Close())
}

// finish writes the trailer.
func (r *Recorder) finish() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.write(appendTrailer(nil, r.ledger.next, r.sum)); err != nil {
		return err
	}
	if r.file == nil {
		return nil
	}
	if err := r.file.Sync(); err != nil {
		return r.keep(fmt.Errorf("sync history %s: %w", r.name, err))
	}
	return nil
}
