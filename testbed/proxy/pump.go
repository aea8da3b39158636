package proxy

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

const (
	minChunk = 4 << 10  // a read buffer starts with so many bytes
	maxChunk = 64 << 10 // and grows up to so many, if reads fill it
)

// past is a deadline that calls back whoever is blocked.
var past = time.Unix(1, 0)

// pump carries one direction of a connection. Its goroutine alone reads and
// writes. Apply changes its condition from outside: it calls back a blocked
// write by deadline, takes the lock, sets the condition and wakes the goroutine.
type pump struct {
	conn     *conn
	twin     *pump // the other direction
	link     nemesis.Link
	src, dst *net.TCPConn
	stats    *counters
	fate     *rand.Rand    // for whole frames: thrown once for each, whatever the timing
	shape    *rand.Rand    // for jitter and segments
	wake     chan struct{} // the condition of the connection has changed
	shut     atomic.Bool   // the end of the stream is being forwarded
	buf      []byte        // used by the goroutine only

	mu      sync.Mutex // held while bytes are forwarded; guards the rest
	cond    nemesis.Condition
	healthy bool // cond is zero
	dead    bool // the connection was reset
	armed   bool // src has a read deadline
	ended   bool // src has ended; the end is in the line or was forwarded
	called  bool // a write was called back: the condition is about to change
	broken  bool // dst takes no more
	frames  frames
	line    line
}

// run pumps until the stream has ended or the connection was reset.
func (p *pump) run() {
	for {
		n, err := p.src.Read(p.buf)
		if !p.handle(n, err) {
			return
		}
		if n == len(p.buf) && n < maxChunk {
			p.buf = make([]byte, min(4*n, maxChunk))
		}
	}
}

// handle deals with the outcome of a read and says whether to read on.
func (p *pump) handle(n int, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n > 0 && !p.dead {
		p.take(p.buf[:n])
	}
	if err != nil && !isTimeout(err) {
		p.finish(p.cause(err))
	}
	return p.settle()
}

// take accepts bytes that were read. On a healthy link they pass at once.
func (p *pump) take(b []byte) {
	if p.healthy && p.line.empty() {
		p.follow(b)
		n, err := p.dst.Write(b)
		p.sent(n, err)
		if n < len(b) {
			p.push(bytes.Clone(b[n:]))
		}
		return
	}
	if p.sifting() {
		p.sift(b)
		return
	}
	p.follow(b)
	p.push(bytes.Clone(b))
}

// cause tells a reset that looks like an orderly end: the kernel reports a reset
// once, and a write of the other direction may have taken the report.
func (p *pump) cause(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	var closed bool
	_ = control(p.src, func(fd int) error { closed = isClosed(fd); return nil })
	if closed && !p.twin.shut.Load() { // in this order: we may be shutting it down right now
		return syscall.ECONNRESET
	}
	return err
}

// finish puts the end of the stream behind its last bytes.
func (p *pump) finish(err error) {
	p.ended = true
	p.push(p.frames.flush())
	p.push(p.frames.release())
	now := time.Now()
	p.line.push(item{end: err, at: now, due: now.Add(p.cond.Delay)})
}

// push puts bytes, which it keeps, into the line.
func (p *pump) push(b []byte) {
	if len(b) == 0 {
		return
	}
	now := time.Now()
	due := now.Add(p.cond.Delay)
	if p.cond.Jitter > 0 {
		due = due.Add(time.Duration(p.shape.Int64N(int64(p.cond.Jitter) + 1)))
	}
	if p.cond.Cut {
		p.stats.withheld.Add(int64(len(b)))
	}
	if p.cond.Delay > 0 || p.cond.Jitter > 0 {
		p.stats.delayed.Add(1)
	}
	p.line.push(item{data: b, at: now, due: due})
}

// settle forwards what may be forwarded, waiting if need be, until there is a
// reason to read again. It returns false when there will be none.
func (p *pump) settle() bool {
	for {
		switch {
		case p.dead:
			return false
		case p.broken:
			return p.giveUp()
		case p.line.empty() && p.frames.overtaken == nil:
			return !p.ended && p.listen(time.Time{})
		case p.cond.Cut || p.called:
			p.called = false
			p.sleep(time.Time{})
		default:
			due, more := p.release(time.Now())
			switch {
			case !more:
			case p.ended || p.line.size >= maxLine:
				p.sleep(due)
			default:
				return p.listen(due)
			}
		}
	}
}

// listen sets when the next read has to return, if nothing comes; never, if due is zero.
func (p *pump) listen(due time.Time) bool {
	if armed := !due.IsZero(); armed || p.armed {
		p.armed = armed
		_ = p.src.SetReadDeadline(due) // fails only on a closed socket, and then so does the read
	}
	return true
}

// sleep waits, unlocked, for a change of the condition or for the given time, if any.
func (p *pump) sleep(until time.Time) {
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.dead = p.dead || p.conn.ctx.Err() != nil
	}()
	var alarm <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-p.wake:
	case <-alarm:
	case <-p.conn.ctx.Done():
	}
}

// giveUp resets a connection whose receiver is gone, as soon as the news of that can
// travel back to the sender.
func (p *pump) giveUp() bool {
	p.mu.Unlock()
	defer p.mu.Lock()
	for p.twin.held() {
		select {
		case <-p.wake:
		case <-p.conn.ctx.Done():
			return false
		}
	}
	p.conn.abort()
	return false
}

func (p *pump) held() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cond.Cut
}

// release forwards what is due. If something stays in the line it says when to
// come back; a caller must look at the flags first.
func (p *pump) release(now time.Time) (due time.Time, more bool) {
	if f := &p.frames; f.overtaken != nil && !now.Before(f.patience) {
		p.push(f.flush())
	}
	for !p.line.empty() {
		if due = p.frontDue(); due.After(now) {
			break
		}
		if !p.forward(now) {
			return time.Time{}, false
		}
	}
	if p.frames.overtaken != nil && (p.line.empty() || p.frames.patience.Before(due)) {
		return p.frames.patience, true
	}
	return due, !p.line.empty()
}

// frontDue is when the front of the line may go, in company if there is a Merge.
func (p *pump) frontDue() time.Time {
	head := p.line.front()
	if p.cond.Merge > 0 && head.data != nil && p.line.size < maxChunk {
		return head.due.Add(p.cond.Merge)
	}
	return head.due
}

// forward sends the front of the line. It returns false when it could not.
func (p *pump) forward(now time.Time) bool {
	if p.line.front().data == nil {
		p.end(p.line.front().end)
		p.line.shift(0)
		return true
	}
	if p.cond.Merge > 0 {
		p.stats.merged.Add(int64(p.line.join(now, maxChunk)))
	}
	data := p.line.front().data
	n, err := p.send(data)
	p.sent(n, err)
	p.line.shift(n)
	return n == len(data)
}

// sent accounts for a write.
func (p *pump) sent(n int, err error) {
	p.stats.passed.Add(int64(n))
	switch {
	case err == nil:
	case isTimeout(err):
		p.called = true
	default:
		p.broken = true
	}
}

// end forwards the end of the stream as it came.
func (p *pump) end(how error) {
	if errors.Is(how, io.EOF) {
		p.shut.Store(true)
		_ = p.dst.CloseWrite() // the receiver may be gone already
		return
	}
	p.dead = true
	p.conn.abort()
}
