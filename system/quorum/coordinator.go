package quorum

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/cluster"
)

const (
	// sweep is how often open operations are looked through.
	sweep = 20 * time.Millisecond
	// resend is the time after which a replica that has not answered is asked
	// again: the same request, which has no further effect if it did arrive.
	resend = 100 * time.Millisecond
)

// coordinator runs the operations of a node's clients. Replies of several
// peers arrive on several goroutines; operations are spread over independently
// locked shards, and nothing is sent while a lock is held.
type coordinator struct {
	site        system.Site
	weak        weaknesses
	nodes       int
	self        int
	incarnation uint64
	links       *cluster.Links
	replica     *replica
	last        atomic.Uint64 // number of the last operation
	late        atomic.Int64  // replies that nobody waited for any more
	open        [16]openShard
}

type openShard struct {
	mu  sync.Mutex
	ops map[uint64]*operation
}

func newCoordinator(site system.Site, weak weaknesses, incarnation uint64, r *replica) *coordinator {
	c := &coordinator{site: site, weak: weak, nodes: len(site.Peers()), incarnation: incarnation, replica: r}
	for i := range c.open {
		c.open[i].ops = make(map[uint64]*operation)
	}
	return c
}

// majority is the size of a quorum: of the configured nodes, whoever of them
// can be reached.
func majority(nodes int) int { return nodes/2 + 1 }

func (c *coordinator) quorum() int {
	if c.weak.connectedQuorum {
		return majority(c.connected())
	}
	return majority(c.nodes)
}

func (c *coordinator) connected() int {
	alive := 0
	for i := range c.nodes {
		if c.links.Alive(i) {
			alive++
		}
	}
	return alive
}

func (c *coordinator) shard(id uint64) *openShard { return &c.open[id%uint64(len(c.open))] }

// start begins an operation; its done is called once, at the deadline at the
// latest.
func (c *coordinator) start(op *operation) {
	// Numbers never come back, also not after a restart.
	op.id = c.incarnation<<40 | c.last.Add(1)
	op.phase = kindQueryReply
	if op.write && c.weak.localVersions {
		op.phase = kindUpdateAck
	}
	op.sent = system.Monotonic()
	sh := c.shard(op.id)
	sh.mu.Lock()
	sh.ops[op.id] = op
	sh.mu.Unlock()
	if op.phase == kindUpdateAck {
		c.update(op.id, op.key, Tag{}, op.value)
		return
	}
	c.query(op.id, op.key)
}

func (c *coordinator) query(id uint64, key string) {
	for i := range c.nodes {
		c.queryOne(i, id, key)
	}
}

func (c *coordinator) queryOne(to int, id uint64, key string) {
	if to != c.self {
		c.send(to, &message{kind: kindQuery, id: id, key: []byte(key)})
		return
	}
	m := c.replica.answer(id, []byte(key))
	c.reply(c.self, &m)
}

// update sends the value to all replicas, each time beginning with another one.
func (c *coordinator) update(id uint64, key string, tag Tag, value string) {
	for i := range c.nodes {
		c.updateOne((i+int(id))%c.nodes, id, key, tag, value)
		c.site.Failpoint("between-updates")
	}
}

func (c *coordinator) updateOne(to int, id uint64, key string, tag Tag, value string) {
	if to != c.self {
		c.send(to, &message{kind: kindUpdate, id: id, tag: tag, key: []byte(key), value: []byte(value)})
		return
	}
	c.replica.update([]byte(key), tag, value, func(refused bool) {
		ack := acknowledge(id, refused)
		c.reply(c.self, &ack)
	})
}

func (c *coordinator) send(to int, m *message) { c.links.SendFunc(to, m.append) }

// receive takes a message of a peer.
func (c *coordinator) receive(from int, body []byte) {
	m, err := decode(body)
	if err != nil {
		c.site.Log().Error("message of a peer", "from", from, "error", err)
		return
	}
	switch m.kind {
	case kindQuery:
		answer := c.replica.answer(m.id, m.key)
		c.send(from, &answer)
	case kindUpdate:
		id := m.id
		c.replica.update(m.key, m.tag, string(m.value), func(refused bool) {
			ack := acknowledge(id, refused)
			c.send(from, &ack)
		})
	case kindQueryReply, kindUpdateAck:
		c.reply(from, &m)
	default:
		c.site.Log().Error("message of a peer", "from", from, "kind", m.kind)
	}
}

// answer is the replica's reply to a query.
func (r *replica) answer(id uint64, key []byte) message {
	tag, value, durable := r.query(key)
	m := message{kind: kindQueryReply, id: id, tag: tag, value: []byte(value)}
	if durable {
		m.flags |= flagDurable
	}
	return m
}

func acknowledge(id uint64, refused bool) message {
	m := message{kind: kindUpdateAck, id: id}
	if refused {
		m.flags |= flagRefused
	}
	return m
}

// reply counts the answer of a replica. One that belongs to another operation,
// or to another phase of this one, is late and does not count.
func (c *coordinator) reply(from int, m *message) {
	id := m.id
	if c.weak.uncorrelated {
		id = c.oldest(m.kind)
	}
	sh := c.shard(id)
	sh.mu.Lock()
	op := sh.ops[id]
	if op == nil || op.phase != m.kind {
		sh.mu.Unlock()
		c.late.Add(1)
		return
	}
	if !op.note(from) && !c.weak.uncorrelated {
		sh.mu.Unlock()
		return
	}
	next := c.advance(op, m)
	if next == stepDone || next == stepStuck {
		delete(sh.ops, id)
	}
	key, tag, value := op.key, op.best, op.value
	sh.mu.Unlock()

	switch next {
	case stepUpdate:
		c.site.Failpoint("after-query")
		c.update(id, key, tag, value)
	case stepDone:
		op.done(statusDone, op.found())
	case stepStuck:
		op.done(op.given(), result{})
	}
}

// advance lets an operation take a reply and, if its query is complete,
// prepares the update. The caller holds the shard.
func (c *coordinator) advance(op *operation, m *message) step {
	if op.phase == kindUpdateAck {
		return op.acknowledged(m, c.nodes, c.quorum(), c.weak)
	}
	next := op.queried(m, c.quorum(), c.weak)
	if next == stepUpdate {
		op.turn()
		op.sent = system.Monotonic()
		if op.write {
			op.best = Tag{Counter: op.best.Counter + 1, Node: uint64(c.self), Incarnation: c.incarnation, Op: op.id}
		}
	}
	return next
}

// oldest returns the operation that has waited longest for a reply of a kind.
func (c *coordinator) oldest(k kind) uint64 {
	var found uint64
	for i := range c.open {
		sh := &c.open[i]
		sh.mu.Lock()
		for id, op := range sh.ops {
			if op.phase == k && (found == 0 || id < found) {
				found = id
			}
		}
		sh.mu.Unlock()
	}
	return found
}

// run looks through the open operations until ctx ends: it gives up those past
// their deadline and asks again where an answer is missing.
func (c *coordinator) run(ctx context.Context) {
	tick := time.NewTicker(sweep)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.sweep(system.Monotonic())
		case <-ctx.Done():
			return
		}
	}
}

func (c *coordinator) sweep(now time.Duration) {
	var expired, slow []*operation
	for i := range c.open {
		sh := &c.open[i]
		sh.mu.Lock()
		for id, op := range sh.ops {
			switch {
			case now >= op.deadline:
				delete(sh.ops, id)
				expired = append(expired, op)
			case now-op.sent >= resend:
				op.sent = now
				copied := *op
				slow = append(slow, &copied)
			}
		}
		sh.mu.Unlock()
	}
	// In the order in which they began, not in that of the maps.
	byNumber := func(a, b *operation) int { return cmp.Compare(a.id, b.id) }
	slices.SortFunc(expired, byNumber)
	slices.SortFunc(slow, byNumber)
	for _, op := range expired {
		op.done(op.given(), result{})
	}
	for _, op := range slow {
		c.ask(op)
	}
}

// ask sends the messages of an operation's phase again to those who have not
// answered.
func (c *coordinator) ask(op *operation) {
	for i := range c.nodes {
		switch {
		case !op.missing(i):
		case op.phase == kindQueryReply:
			c.queryOne(i, op.id, op.key)
		case !c.weak.localVersions:
			c.updateOne(i, op.id, op.key, op.best, op.value)
		}
	}
}
