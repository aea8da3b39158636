package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
)

// session is the harness's end of a node's control connection.
type session struct {
	conn   net.Conn
	broken chan struct{} // closed when nothing more will be read

	mu      sync.Mutex
	out     *json.Encoder
	last    uint64
	waiting map[uint64]chan struct{}
}

func newSession(conn net.Conn) *session {
	return &session{
		conn: conn, broken: make(chan struct{}),
		out: json.NewEncoder(conn), waiting: map[uint64]chan struct{}{},
	}
}

// greet sends the first line. It must be called before any send.
func (s *session) greet(w welcome) error { return s.out.Encode(w) }

// send passes a change to the node. The channel is closed when the node has
// acknowledged it.
func (s *session) send(c change) (done <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	c.ID = s.last
	acknowledged := make(chan struct{})
	s.waiting[c.ID] = acknowledged
	if err := s.out.Encode(c); err != nil {
		return nil, fmt.Errorf("tell the node: %w", err)
	}
	return acknowledged, nil
}

func (s *session) acknowledge(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, found := s.waiting[id]; found {
		close(c)
		delete(s.waiting, id)
	}
}

// settled waits for an acknowledgement. A node that has died needs the change
// no more: it gets it when it boots.
func (s *session) settled(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-s.broken:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// allSettled waits until everything that was sent has been acknowledged.
func (s *session) allSettled(ctx context.Context) error {
	s.mu.Lock()
	open := slices.Collect(maps.Values(s.waiting))
	s.mu.Unlock()
	for _, done := range open {
		if err := s.settled(ctx, done); err != nil {
			return err
		}
	}
	return nil
}

// reception accepts the control connections of nodes.
type reception struct {
	listener net.Listener
	arrived  func(*session, announcement) (*boot, error)
	heard    func(*boot, announcement)

	work  sync.WaitGroup
	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
}

// openReception listens on a socket. arrived is called with the first line of a
// connection, heard with each later one that announces a listener.
func openReception(path string, arrived func(*session, announcement) (*boot, error), heard func(*boot, announcement)) (*reception, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	r := &reception{listener: l, arrived: arrived, heard: heard, conns: map[net.Conn]struct{}{}}
	r.work.Go(r.accept)
	return r, nil
}

func (r *reception) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		if !r.add(conn) {
			return
		}
		r.work.Go(func() { r.serve(conn) })
	}
}

// add registers a connection, or closes it if the reception is closed.
func (r *reception) add(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		_ = conn.Close()
		return false
	}
	r.conns[conn] = struct{}{}
	return true
}

func (r *reception) serve(conn net.Conn) {
	s := newSession(conn)
	defer func() {
		close(s.broken)
		_ = conn.Close()
		r.mu.Lock()
		delete(r.conns, conn)
		r.mu.Unlock()
	}()
	lines := json.NewDecoder(conn)
	var first announcement
	if err := lines.Decode(&first); err != nil {
		return
	}
	b, err := r.arrived(s, first)
	if err != nil {
		return
	}
	for {
		var a announcement
		if err := lines.Decode(&a); err != nil {
			return
		}
		if a.Done != 0 {
			s.acknowledge(a.Done)
		} else {
			r.heard(b, a)
		}
	}
}

// hangUp breaks all connections, so that nodes that still live end.
func (r *reception) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.conns {
		_ = conn.Close()
	}
}

// close breaks all connections and waits until none is served.
func (r *reception) close() error {
	err := r.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	r.mu.Lock()
	for conn := range r.conns {
		_ = conn.Close()
	}
	r.conns = nil
	r.mu.Unlock()
	r.work.Wait()
	return err
}
