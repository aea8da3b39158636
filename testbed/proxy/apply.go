package proxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// Apply makes m the condition of every link at one instant. It fails, and changes
// nothing, if m names a link that has no listener, a value out of its range, or
// a condition per frame on a link none of whose roles has a framer.
//
// Every connection over a link whose cut ends, and was to end with Lost, is reset.
func (n *Network) Apply(ctx context.Context, m nemesis.Matrix) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errClosed
	}
	if err := n.check(m); err != nil {
		return err
	}
	before := n.matrix
	n.matrix = maps.Clone(m)
	if n.matrix == nil {
		n.matrix = nemesis.Matrix{}
	}
	errs := n.adjustDoors()
	n.change(before)
	return errors.Join(errs...)
}

// check refuses what cannot be done, in the name of the link.
func (n *Network) check(m nemesis.Matrix) error {
	var errs []error
	for link, c := range m {
		if err := n.checkLink(link, c); err != nil {
			errs = append(errs, fmt.Errorf("proxy: apply to %s -> %s: %w", link.From, link.To, err))
		}
	}
	return errors.Join(errs...)
}

func (n *Network) checkLink(link nemesis.Link, c nemesis.Condition) error {
	if n.counters[link] == nil {
		return errNoLink
	}
	for _, p := range []struct {
		name  string
		value float64
	}{{"loss", c.Loss}, {"duplicate", c.Duplicate}, {"reorder", c.Reorder}} {
		if !(p.value >= 0 && p.value <= 1) {
			return fmt.Errorf("%s is %v, expected a probability in [0, 1]", p.name, p.value)
		}
	}
	if c.Delay < 0 || c.Jitter < 0 || c.Merge < 0 || c.Split < 0 {
		return fmt.Errorf("delay %v, jitter %v, merge %v or split %d is negative", c.Delay, c.Jitter, c.Merge, c.Split)
	}
	if needsFrames(c) && !n.framed(link) {
		return errors.New("loss, duplicate and reorder need frames, and no role of the link has a framer")
	}
	return nil
}

func (n *Network) framed(link nemesis.Link) bool {
	for key := range n.doors {
		if (key.link == link || key.link == reverse(link)) && n.framer(key.role) != nil {
			return true
		}
	}
	return false
}

func (n *Network) adjustDoors() (errs []error) {
	for _, d := range n.doors {
		if err := n.adjust(d); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// change puts the new matrix in force on the connections that exist. It holds the
// locks of all pumps that are concerned at once, so no byte is forwarded while
// some of them obey the old matrix and some the new one.
func (n *Network) change(before nemesis.Matrix) {
	var pumps []*pump
	for c := range n.conns {
		for _, p := range c.pumps {
			if n.matrix[p.link] != p.cond {
				pumps = append(pumps, p)
			}
		}
	}
	for _, p := range pumps {
		_ = p.dst.SetWriteDeadline(past) // calls back a blocked write, which holds the lock
	}
	for _, p := range pumps {
		p.mu.Lock()
	}
	lost := n.lost(before)
	for _, p := range pumps {
		p.dead = p.dead || slices.Contains(lost, p.conn)
		p.set(n.matrix[p.link])
		_ = p.dst.SetWriteDeadline(time.Time{})
	}
	for _, p := range pumps {
		p.mu.Unlock()
	}
	for _, c := range lost {
		c.abort()
	}
	n.wakeAll()
}

// lost returns the connections that lived through a cut that loses them.
func (n *Network) lost(before nemesis.Matrix) (lost []*conn) {
	ends := func(l nemesis.Link) bool { return before[l].Cut && before[l].Lost && !n.matrix[l].Cut }
	for c := range n.conns {
		if n.countResets(c, ends) {
			lost = append(lost, c)
		}
	}
	return lost
}

// countResets counts the connection for each of its two links that is chosen,
// and says whether there was one.
func (n *Network) countResets(c *conn, chosen func(nemesis.Link) bool) (any bool) {
	if c.ctx.Err() != nil {
		return false
	}
	for _, l := range []nemesis.Link{c.door.link, reverse(c.door.link)} {
		if chosen(l) {
			n.countersOf(l).resets.Add(1)
			any = true
		}
	}
	return any
}

func (n *Network) wakeAll() {
	for c := range n.conns {
		signal(c.wake)
		for _, p := range c.pumps {
			signal(p.wake)
		}
	}
}

// Reset resets the connections that now exist over the links, on both sides. A
// connection is over two links: that of its dialler and the reverse. New
// connections are not concerned.
func (n *Network) Reset(ctx context.Context, links []nemesis.Link) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errClosed
	}
	for _, l := range links {
		if n.counters[l] == nil {
			return fmt.Errorf("proxy: reset %s -> %s: %w", l.From, l.To, errNoLink)
		}
	}
	for c := range n.conns {
		if n.countResets(c, func(l nemesis.Link) bool { return slices.Contains(links, l) }) {
			c.abort()
		}
	}
	return nil
}
