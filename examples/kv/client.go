package kv

import (
	"context"
	"encoding/json"
	"errors"
	"net"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
)

// client does operations at one node.
type client struct{ peer }

// Invoke does one operation: F is "read" or "write".
func (c *client) Invoke(ctx context.Context, op histories.Op) system.Outcome {
	a := c.call(ctx, request{F: op.F, Key: op.Key, Value: op.Value})
	switch a.Status {
	case done:
		return system.OK(a.Value)
	case refused:
		return system.Failed(errors.New(a.Error))
	default:
		return system.Unsure(errors.New(a.Error))
	}
}

// Close closes the connection.
func (c *client) Close() error { c.close(); return nil }

// peer is a connection to a node. It is made when it is needed, and again after
// it broke.
type peer struct {
	net        system.Dialer
	node, role string
	conn       net.Conn
	in         *json.Decoder
}

// call sends one request, once, and waits for its reply until ctx ends.
func (p *peer) call(ctx context.Context, q request) reply {
	if p.conn == nil {
		conn, err := p.net.Dial(ctx, p.node, p.role)
		if err != nil {
			return reply{Status: refused, Error: err.Error()} // nothing was sent
		}
		p.conn, p.in = conn, json.NewDecoder(conn)
	}
	a, err := p.exchange(ctx, q)
	if err != nil {
		p.close()                        // a late reply must not meet the next request
		return reply{Error: err.Error()} // nobody knows what became of the request
	}
	return a
}

func (p *peer) exchange(ctx context.Context, q request) (a reply, err error) {
	deadline, _ := ctx.Deadline()
	if err := p.conn.SetDeadline(deadline); err != nil {
		return a, err
	}
	if err := json.NewEncoder(p.conn).Encode(q); err != nil {
		return a, err
	}
	err = p.in.Decode(&a)
	return a, err
}

func (p *peer) close() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn, p.in = nil, nil
	}
}
