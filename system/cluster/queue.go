package cluster

import (
	"io"
	"sync"
)

// Queue is a bounded buffer of frames that one goroutine writes to a stream,
// all that has come together in one Write. Adding to it never waits.
type Queue struct {
	limit int
	wake  chan struct{}

	mu      sync.Mutex
	pending []byte
	frames  int
	spare   []byte
	closed  bool
}

// NewQueue returns a queue for at most limit bytes.
func NewQueue(limit int) *Queue { return &Queue{limit: limit, wake: make(chan struct{}, 1)} }

// Add lets build append one payload and adds the frame. It returns false, and
// nothing is added, when the queue is full or closed.
func (q *Queue) Add(build func(b []byte) []byte) bool {
	q.mu.Lock()
	start := len(q.pending)
	if q.closed || start >= q.limit {
		q.mu.Unlock()
		return false
	}
	q.pending = EndFrame(build(BeginFrame(q.pending)), start)
	q.frames++
	q.mu.Unlock()
	if start == 0 {
		q.signal()
	}
	return true
}

func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns all pending frames and their number; none if there are none.
func (q *Queue) take() ([]byte, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, frames := q.pending, q.frames
	q.pending, q.frames, q.spare = q.spare[:0], 0, nil
	return batch, frames
}

// release gives a batch's memory back.
func (q *Queue) release(batch []byte) {
	if cap(batch) > 1<<20 {
		return
	}
	q.mu.Lock()
	q.spare = batch[:0]
	q.mu.Unlock()
}

// Close makes Add refuse and ends WriteTo.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

func (q *Queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Drain writes what is added to w until the queue is closed, stop is closed or
// a write fails. It returns the number of frames in the batch that failed:
// nobody knows how many of them arrived.
func (q *Queue) Drain(w io.Writer, stop <-chan struct{}) (lost int, err error) {
	for {
		batch, frames := q.take()
		if frames > 0 {
			if _, err := w.Write(batch); err != nil {
				return frames, err
			}
		}
		q.release(batch)
		if frames > 0 {
			continue
		}
		if q.isClosed() {
			return 0, nil
		}
		select {
		case <-q.wake:
		case <-stop:
			return 0, nil
		}
	}
}
