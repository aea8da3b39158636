package quorum

import (
	"math/bits"
	"time"
)

// operation is one read or write that a node coordinates.
type operation struct {
	id       uint64
	write    bool
	key      string
	value    string // to be written; once a read has its quorum, what it found
	done     func(status, result)
	deadline time.Duration // system.Monotonic
	sent     time.Duration // when the messages of the phase went out last

	phase    kind   // of the replies it waits for: kindQueryReply or kindUpdateAck
	answered uint64 // the replicas that answered in this phase, a bit each
	replies  int    // answers that count
	refused  int    // answers of replicas that will not store the value
	best     Tag    // the greatest tag so far; then the tag of the update
	agreed   bool   // all replies of the query gave the same, durable tag
}

// result is what a read found.
type result struct {
	value   string
	present bool
}

// step is what is to be done after a reply.
type step byte

const (
	stepWait   step = iota // for more replies
	stepUpdate             // send the update to all
	stepDone               // finished: it happened
	stepStuck              // no majority can be reached any more
)

// note marks a replica as having answered in this phase; false if it had.
func (o *operation) note(from int) bool {
	bit := uint64(1) << from
	if o.answered&bit != 0 {
		return false
	}
	o.answered |= bit
	return true
}

// queried takes a reply to the query.
func (o *operation) queried(m *message, quorum int, weak weaknesses) step {
	durable := m.has(flagDurable)
	if o.replies == 0 {
		o.agreed = durable
	} else {
		o.agreed = o.agreed && durable && m.tag == o.best
	}
	if o.replies == 0 || o.best.Less(m.tag) {
		o.best = m.tag
		if !o.write {
			o.value = string(m.value)
		}
	}
	o.replies++
	if o.replies < quorum {
		return stepWait
	}
	if !o.write && (o.agreed || weak.noWriteBack) {
		return stepDone
	}
	return stepUpdate
}

// acknowledged takes a reply to the update.
func (o *operation) acknowledged(m *message, nodes, quorum int, weak weaknesses) step {
	if m.has(flagRefused) && !weak.failuresCount {
		o.refused++
		if nodes-o.refused < quorum {
			return stepStuck
		}
		return stepWait
	}
	o.replies++
	if o.replies < quorum {
		return stepWait
	}
	return stepDone
}

// turn begins the update phase.
func (o *operation) turn() {
	o.phase, o.answered, o.replies = kindUpdateAck, 0, 0
}

// given is what becomes of an operation that is given up: a read has no
// effect, and neither has a write whose update was not sent to anybody.
func (o *operation) given() status {
	if !o.write || o.phase == kindQueryReply {
		return statusRejected
	}
	return statusUnknown
}

func (o *operation) found() result {
	return result{value: o.value, present: !o.write && o.best != Tag{}}
}

// missing reports whether a replica has not answered in this phase.
func (o *operation) missing(replica int) bool { return o.answered&(1<<replica) == 0 }

// maxNodes is the number of replicas that the set of answers can hold.
const maxNodes = bits.UintSize
