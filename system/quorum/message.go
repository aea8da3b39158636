package quorum

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// kind is the first byte of a message.
type kind byte

const (
	kindQuery      kind = 1 + iota // coordinator → replica: key
	kindQueryReply                 // replica → coordinator: tag, value, durable
	kindUpdate                     // coordinator → replica: key, tag, value
	kindUpdateAck                  // replica → coordinator: ok or refused
	kindRequest                    // client → coordinator: read or write, key, value, budget
	kindReply                      // coordinator → client: status, value
)

// Flags of a message.
const (
	flagDurable byte = 1 << iota // query reply: the tag would survive a crash of the replica
	flagPresent                  // there is a value
	flagRefused                  // update ack: the replica did not store the value
	flagWrite                    // request: a write, else a read
)

// status is how an operation ended, as told to the client.
type status byte

const (
	statusUnknown  status = iota // it may or may not take effect, now or later
	statusDone                   // it happened
	statusRejected               // it did not happen and never will
)

// message is any message between two nodes or a client and a node. Which fields
// count depends on the kind. Key and Value of a decoded message share memory
// with the frame.
type message struct {
	kind   kind
	flags  byte
	status status
	id     uint64 // of the request, unique for the sender of the request
	tag    Tag
	budget uint64 // request: microseconds until the client gives up
	key    []byte
	value  []byte
}

func (m *message) has(flag byte) bool { return m.flags&flag != 0 }

// ErrMessage is matched by the errors of messages that cannot be decoded.
var ErrMessage = errors.New("bad message")

func (m *message) append(b []byte) []byte {
	b = append(b, byte(m.kind), m.flags)
	b = binary.AppendUvarint(b, m.id)
	switch m.kind {
	case kindQuery:
		return append(b, m.key...)
	case kindQueryReply:
		b = m.tag.append(b)
		return append(b, m.value...)
	case kindUpdate:
		b = m.tag.append(b)
		b = binary.AppendUvarint(b, uint64(len(m.key)))
		b = append(b, m.key...)
		return append(b, m.value...)
	case kindRequest:
		b = binary.AppendUvarint(b, m.budget)
		b = binary.AppendUvarint(b, uint64(len(m.key)))
		b = append(b, m.key...)
		return append(b, m.value...)
	case kindReply:
		b = append(b, byte(m.status))
		return append(b, m.value...)
	default: // kindUpdateAck
		return b
	}
}

// decoder takes a message apart; the first failure sticks.
type decoder struct {
	rest []byte
	bad  string
}

func (d *decoder) uvarint(what string) uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(what)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) byte(what string) byte {
	if len(d.rest) == 0 {
		d.fail(what)
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoder) bytes(what string) []byte {
	n := d.uvarint(what)
	if n > uint64(len(d.rest)) {
		d.fail(what)
		return nil
	}
	v := d.rest[:n]
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) fail(what string) {
	if d.bad == "" {
		d.bad = what
	}
	d.rest = nil
}

func (d *decoder) tag() Tag {
	return Tag{
		Counter: d.uvarint("counter"), Node: d.uvarint("node"),
		Incarnation: d.uvarint("incarnation"), Op: d.uvarint("operation"),
	}
}

func decode(b []byte) (message, error) {
	d := decoder{rest: b}
	m := message{kind: kind(d.byte("kind")), flags: d.byte("flags"), id: d.uvarint("id")}
	switch m.kind {
	case kindQuery:
		m.key = d.rest
	case kindQueryReply:
		m.tag = d.tag()
		m.value = d.rest
	case kindUpdate:
		m.tag = d.tag()
		m.key = d.bytes("key")
		m.value = d.rest
	case kindUpdateAck:
	case kindRequest:
		m.budget = d.uvarint("budget")
		m.key = d.bytes("key")
		m.value = d.rest
	case kindReply:
		m.status = status(d.byte("status"))
		m.value = d.rest
	default:
		return message{}, fmt.Errorf("%w: kind %d", ErrMessage, m.kind)
	}
	if d.bad != "" {
		return message{}, fmt.Errorf("%w: %s of kind %d is missing or cut", ErrMessage, d.bad, m.kind)
	}
	return m, nil
}
