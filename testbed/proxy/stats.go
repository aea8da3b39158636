package proxy

import (
	"sync/atomic"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// counters are the evidence of one link, which all its connections share. They fill
// two cache lines, so that links do not slow one another down.
type counters struct {
	passed, withheld, blocked, resets, refused atomic.Int64
	delayed, dropped, duplicated, reordered    atomic.Int64
	split, merged                              atomic.Int64
	_                                          [128 - 11*8]byte
}

func (c *counters) stats() nemesis.LinkStats {
	return nemesis.LinkStats{
		Passed: c.passed.Load(), Withheld: c.withheld.Load(), Blocked: c.blocked.Load(),
		Resets: c.resets.Load(), Refused: c.refused.Load(), Delayed: c.delayed.Load(),
		Dropped: c.dropped.Load(), Duplicated: c.duplicated.Load(), Reordered: c.reordered.Load(),
		Split: c.split.Load(), Merged: c.merged.Load(),
	}
}

// LinkStats is the evidence for each link that has a listener, and for its reverse:
//
//   - Blocked counts SYN segments that a cut swallowed, as the kernel reports
//     them. A dial sends about one a second until it gives up, so it counts more
//     than once. Where only the reverse link is cut it is the answer that is
//     lost, and the reverse link counts it.
//   - Withheld counts the bytes that the proxy holds as soon as it holds them,
//     at most one chunk a connection; those that wait in the kernel before it are
//     added when the cut ends.
//   - Resets counts a connection once for each link in whose name it was reset.
//   - Refused counts the dials that the proxy itself refused. While a target is known to
//     be down the kernel refuses them, unseen.
func (n *Network) LinkStats() map[nemesis.Link]nemesis.LinkStats {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.doors {
		d.countBlocked()
	}
	all := make(map[nemesis.Link]nemesis.LinkStats, len(n.counters))
	for link, c := range n.counters {
		all[link] = c.stats()
	}
	return all
}

func (n *Network) countersOf(l nemesis.Link) *counters {
	c := n.counters[l]
	if c == nil {
		c = new(counters)
		n.counters[l] = c
	}
	return c
}
