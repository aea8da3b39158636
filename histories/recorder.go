package histories

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// FlushInterval is the longest time that a recorded event waits before it is
// written to the file: what the death of the process can cost.
const FlushInterval = 50 * time.Millisecond

const (
	// earlyFlush is the size of the buffer at which it is written at once.
	earlyFlush = 64 << 10
	// fullBuffer is the size at which whoever records has to wait for the
	// writer: a slow disk slows the run down, it does not fill the memory.
	fullBuffer = 8 << 20
)

// Recorder writes a history while it happens. It is safe for concurrent use: all
// events get one total order, which is the order of the calls as far as calls do
// not overlap.
//
// Invoke must return before the request leaves, and Complete is called when the
// reply has arrived: then the order of the indexes is the real-time order.
//
// An event that would make the history ill-formed is refused with an [*Error]
// that names the rule, and nothing is recorded. The first error of the writer
// ends the recording: it is kept, and every later call returns it.
type Recorder struct {
	name   string
	began  time.Time     // monotonic
	offset time.Duration // from Header.Start to began

	mu     sync.Mutex // the total order; never held while writing
	ledger ledger
	buf    []byte // events that were not yet given to the writer
	err    error  // first error of the writer
	closed bool

	writing sync.Mutex // one writer at a time; taken before mu
	w       io.Writer
	spare   []byte // the other buffer
	sum     uint32 // CRC-32C of all that was written

	dirty   chan struct{} // the buffer is no longer empty
	full    chan struct{} // the buffer should be written at once
	stop    chan struct{}
	stopped chan struct{}

	closeOnce sync.Once
	closeErr  error
	file      *os.File // nil if the writer belongs to the caller
}

// Create starts a history in a new file; it never overwrites one. A zero Start
// means now. The file can be read from then on, whatever happens.
func Create(path string, h Header) (*Recorder, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create history: %w", err)
	}
	r, err := newRecorder(file, path, h)
	if err != nil {
		file.Close()
		return nil, err
	}
	r.file = file
	return r, nil
}

// NewRecorder starts a history on w, which stays open when the recorder is
// closed. It calls Write with whole lines, from one goroutine at a time.
func NewRecorder(w io.Writer, h Header) (*Recorder, error) { return newRecorder(w, "", h) }

func newRecorder(w io.Writer, name string, h Header) (*Recorder, error) {
	now := time.Now()
	if h.Start.IsZero() {
		h.Start = now
	}
	if err := h.check(); err != nil {
		err.File = name
		return nil, err
	}
	r := &Recorder{
		name:    name,
		began:   now,
		offset:  max(0, now.Sub(h.Start)),
		w:       w,
		dirty:   make(chan struct{}, 1),
		full:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	if err := r.write(appendHeader(nil, &h)); err != nil {
		return nil, err
	}
	go r.flushWhenDirty()
	return r, nil
}

// Now returns the time since the start of the history, from the clock that
// events are stamped with.
func (r *Recorder) Now() time.Duration { return r.offset + time.Since(r.began) }

// Invoke records that an operation begins and returns the index of the event.
// It sets Type, Index and Time; Type must be Invoke or not set.
func (r *Recorder) Invoke(op Op) (int, error) {
	if op.Type == 0 {
		op.Type = Invoke
	}
	if op.Type != Invoke {
		return r.refuseType(&op, "invoke")
	}
	return r.record(&op)
}

// Complete records that an operation ends, with OK, Fail or Info, and returns
// the index of the event. It sets Index and Time; Process, F and Key are those
// of the invocation.
func (r *Recorder) Complete(op Op) (int, error) {
	if op.Type != OK && op.Type != Fail && op.Type != Info {
		return r.refuseType(&op, "ok, fail or info")
	}
	return r.record(&op)
}

func (r *Recorder) refuseType(op *Op, expected string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return -1, &Error{File: r.name, Index: r.ledger.next, Rule: RuleType, Found: op.Type.String(), Expected: expected}
}

// record gives the event its place in the order.
func (r *Recorder) record(op *Op) (int, error) {
	r.mu.Lock()
	if err := r.admit(op); err != nil {
		r.mu.Unlock()
		return -1, err
	}
	if len(r.buf) == 0 {
		notify(r.dirty)
	}
	r.buf = append(op.AppendJSON(r.buf), '\n')
	size := len(r.buf)
	r.mu.Unlock()

	if size >= fullBuffer {
		if err := r.Flush(); err != nil {
			return -1, err
		}
	} else if size >= earlyFlush {
		notify(r.full)
	}
	return op.Index, nil
}

// admit stamps the event and asks the ledger.
func (r *Recorder) admit(op *Op) error {
	if r.err != nil {
		return r.err
	}
	if r.closed {
		return ErrClosed
	}
	op.Index = r.ledger.next
	op.Time = r.Now()
	if err := r.ledger.add(op); err != nil {
		err.File = r.name
		return err
	}
	return nil
}

// Err returns the error that ended the recording, nil while it goes on.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
