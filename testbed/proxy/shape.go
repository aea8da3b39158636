package proxy

import (
	"bytes"
	"runtime"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// maxHold bounds how long a frame waits for another one to overtake it.
const maxHold = 50 * time.Millisecond

func needsFrames(c nemesis.Condition) bool { return c.Loss > 0 || c.Duplicate > 0 || c.Reorder > 0 }

// sifting says that the dice are thrown for each frame.
func (p *pump) sifting() bool { return p.frames.framer != nil && needsFrames(p.cond) }

// follow keeps track of the frames in bytes that pass untouched.
func (p *pump) follow(b []byte) {
	if p.frames.framer == nil {
		return
	}
	if err := p.frames.skip(b); err != nil {
		p.unframe(err)
	}
}

// sift gathers whole frames and throws the dice for each.
func (p *pump) sift(b []byte) {
	for len(b) > 0 {
		n, end, err := p.frames.next(b)
		if err != nil {
			p.unframe(err)
			p.push(bytes.Clone(b))
			return
		}
		p.gather(b[:n], end)
		b = b[n:]
	}
}

// gather adds bytes to the current frame. A frame that was on its way before the
// condition began, or is larger than the line, passes as it comes.
func (p *pump) gather(b []byte, end bool) {
	f := &p.frames
	if f.begun {
		p.push(bytes.Clone(b))
		f.begun = !end
		return
	}
	f.partial = append(f.partial, b...)
	switch {
	case end:
		frame := f.partial
		f.partial = nil
		p.judge(frame)
	case len(f.partial)+f.left > maxLine:
		p.push(f.release())
	}
}

// judge throws the dice for a frame, always the same number of them.
func (p *pump) judge(frame []byte) {
	lose := p.fate.Float64() < p.cond.Loss
	repeat := p.fate.Float64() < p.cond.Duplicate
	delay := p.fate.Float64() < p.cond.Reorder
	if lose {
		p.stats.dropped.Add(1)
		return
	}
	if repeat {
		p.stats.duplicated.Add(1)
		frame = append(frame, frame...)
	}
	f := &p.frames
	if delay && f.overtaken == nil {
		f.overtaken, f.patience = frame, time.Now().Add(maxHold)
		return
	}
	p.push(frame)
	if f.overtaken != nil {
		p.stats.reordered.Add(1)
		p.push(f.flush())
	}
}

// unframe gives up on the frames of a stream that does not keep to them.
func (p *pump) unframe(err error) {
	p.conn.door.net.log.Warn("a stream is not framed as its role says; it passes as bytes from here on",
		"from", p.link.From, "to", p.link.To, "role", p.conn.door.role, "connection", p.conn.ordinal, "error", err)
	p.push(p.frames.flush())
	p.push(p.frames.release())
	p.frames = frames{}
}

// send writes bytes, in small segments if the condition wants them.
func (p *pump) send(b []byte) (n int, err error) {
	limit := p.cond.Split
	if limit <= 0 || len(b) == 1 {
		return p.dst.Write(b)
	}
	segments := 0
	for n < len(b) && err == nil {
		size := min(1+p.shape.IntN(limit), len(b)-n)
		var k int
		k, err = p.dst.Write(b[n : n+size])
		n += k
		segments++
		runtime.Gosched() // the receiver may see the segment alone
	}
	if segments > 1 {
		p.stats.split.Add(1)
	}
	return n, err
}

// set changes the condition. The caller holds the lock.
func (p *pump) set(c nemesis.Condition) {
	old := p.cond
	if old.Cut && !c.Cut {
		p.countPending()
	}
	if c.Cut && !old.Cut {
		p.stats.withheld.Add(int64(p.line.size))
	}
	p.line.hasten(c.Delay + c.Jitter)
	p.cond, p.healthy = c, c == nemesis.Condition{}
	p.push(p.frames.flush())
	if !needsFrames(c) {
		p.push(p.frames.release())
	}
	if p.armed || !p.line.empty() {
		p.armed = true
		_ = p.src.SetReadDeadline(past)
	}
}

// countPending counts what waits in the kernel as withheld.
func (p *pump) countPending() {
	_ = control(p.src, func(fd int) error {
		p.stats.withheld.Add(int64(pending(fd)))
		return nil
	})
}
