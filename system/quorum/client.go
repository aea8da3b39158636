package quorum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/cluster"
)

// Client sends reads and writes to one node, over one connection, which it makes
// when it needs it. A write is sent once: to send it again as a new operation
// could bring an old value back. A read is sent again when the answer is late.
type Client struct {
	net      system.Dialer
	node     string
	fallback time.Duration // for operations without a deadline
	last     uint64        // number of the last request
	conn     net.Conn
	frames   *cluster.Reader
}

// ErrRejected is the node's word that the operation did not and will not take
// effect.
var ErrRejected = errors.New("rejected")

// ErrUnknown is the node's word that nobody knows whether it takes effect.
var ErrUnknown = errors.New("no majority answered in time")

// readTries is how often a read is sent within its time.
const readTries = 3

// Invoke does one operation: F is "read" or "write".
func (c *Client) Invoke(ctx context.Context, op histories.Op) system.Outcome {
	if op.F != "read" && op.F != "write" {
		return system.Failed(fmt.Errorf("operation %q: expected read or write", op.F))
	}
	total := c.fallback
	if deadline, ok := ctx.Deadline(); ok {
		total = time.Until(deadline)
	}
	tries := 1
	if op.F == "read" {
		tries = readTries
	}
	var outcome system.Outcome
	for range tries {
		var again bool
		outcome, again = c.try(ctx, op, total/time.Duration(tries))
		if !again || ctx.Err() != nil {
			break
		}
	}
	return outcome
}

// try sends the operation once; again says that the time for it ran out.
func (c *Client) try(ctx context.Context, op histories.Op, limit time.Duration) (outcome system.Outcome, again bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := c.connect(ctx); err != nil {
		return system.Failed(err), false // nothing was sent
	}
	m, err := c.exchange(ctx, op, limit)
	if err != nil {
		_ = c.Close() // a late reply must not meet the next request
		return undecided(op, err), ctx.Err() != nil
	}
	if ctx.Err() != nil {
		_ = c.Close() // its deadline has been set to the past
	}
	switch m.status {
	case statusDone:
		return system.OK(found(op, m)), false
	case statusRejected:
		return system.Failed(ErrRejected), false
	default:
		return undecided(op, ErrUnknown), false
	}
}

// undecided is what an operation is whose request went out and which nobody
// vouches for. A read has no effect, so it may as well have failed.
func undecided(op histories.Op, err error) system.Outcome {
	if op.F == "read" {
		return system.Failed(err)
	}
	return system.Unsure(err)
}

// found is the value of an operation that is done.
func found(op histories.Op, m *message) histories.Value {
	switch {
	case op.F == "write":
		return op.Value
	case !m.has(flagPresent):
		return histories.Value{}
	default:
		return decodeValue(m.value)
	}
}

func (c *Client) connect(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := c.net.Dial(ctx, c.node, system.RoleClient)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c.conn, c.frames = conn, cluster.NewReader(conn)
	return nil
}

// exchange sends a request and waits for its reply.
func (c *Client) exchange(ctx context.Context, op histories.Op, limit time.Duration) (*message, error) {
	conn := c.conn
	unhook := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer unhook()
	c.last++
	request := message{kind: kindRequest, id: c.last, key: []byte(op.Key)}
	// The node gives up first, so that its word arrives in time.
	request.budget = uint64(limit * 9 / 10 / time.Microsecond)
	if op.F == "write" {
		request.flags |= flagWrite
		request.value = appendValue(nil, op.Value)
	}
	if _, err := c.conn.Write(cluster.AppendFrame(nil, request.append(nil))); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	for {
		payload, err := c.frames.Next()
		if err != nil {
			return nil, fmt.Errorf("receive: %w", err)
		}
		m, err := decode(payload)
		if err != nil {
			return nil, err
		}
		if m.kind == kindReply && m.id == request.id {
			return &m, nil
		}
	}
}

// Close closes the connection.
func (c *Client) Close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn, c.frames = nil, nil
	return err
}

// Integers are stored as decimal numbers, all else as JSON.
func appendValue(b []byte, v histories.Value) []byte { return v.AppendJSON(b) }

func decodeValue(b []byte) histories.Value {
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return histories.IntValue(n)
	}
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		return histories.StringValue(s)
	}
	return histories.StringValue(string(b))
}
