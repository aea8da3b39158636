package quorum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/cluster"
)

const (
	maxKey   = 1 << 10
	maxValue = 1 << 20
	// replyBytes bounds what waits for one client that does not read.
	replyBytes = 4 << 20
)

// server takes the requests of clients.
type server struct {
	site     system.Site
	coord    *coordinator
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
}

func listen(site system.Site, coord *coordinator) (*server, error) {
	listener, err := site.Listen(system.RoleClient)
	if err != nil {
		return nil, fmt.Errorf("listen for clients: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{site: site, coord: coord, listener: listener, ctx: ctx, cancel: cancel}
	s.tasks.Go(s.accept)
	return s, nil
}

func (s *server) close() {
	s.cancel()
	_ = s.listener.Close()
	s.tasks.Wait()
}

func (s *server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.tasks.Go(func() { s.serve(conn) })
	}
}

// serve reads requests from one connection and has the replies written to it as
// they come: a client may have many requests open.
func (s *server) serve(conn net.Conn) {
	unhook := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	defer unhook()
	replies := cluster.NewQueue(replyBytes)
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		if _, err := replies.Drain(conn, stop); err != nil {
			_ = conn.Close()
		}
	})
	frames := cluster.NewReader(conn)
	for {
		payload, err := frames.Next()
		if err == nil {
			err = s.request(payload, replies)
		}
		if err != nil {
			if s.ctx.Err() == nil && !errors.Is(err, io.EOF) {
				s.site.Log().Debug("connection of a client broke", "error", err)
			}
			break
		}
	}
	close(stop)
	replies.Close()
	_ = conn.Close()
	writer.Wait()
}

// request starts the operation that a client asks for.
func (s *server) request(payload []byte, replies *cluster.Queue) error {
	m, err := decode(payload)
	if err != nil {
		return err
	}
	if m.kind != kindRequest {
		return fmt.Errorf("%w: kind %d, expected a request", ErrMessage, m.kind)
	}
	id := m.id
	answer := func(st status, found result) {
		reply := message{kind: kindReply, id: id, status: st, value: []byte(found.value)}
		if found.present {
			reply.flags |= flagPresent
		}
		replies.Add(reply.append)
	}
	if !acceptable(&m) {
		answer(statusRejected, result{})
		return nil
	}
	budget := time.Duration(min(m.budget, uint64(time.Hour/time.Microsecond))) * time.Microsecond
	s.coord.start(&operation{
		write: m.has(flagWrite), key: string(m.key), value: string(m.value),
		done: answer, deadline: system.Monotonic() + budget,
	})
	return nil
}

// acceptable reports whether key and value can be stored: text of a bounded
// length.
func acceptable(m *message) bool {
	return len(m.key) > 0 && len(m.key) <= maxKey && len(m.value) <= maxValue &&
		utf8.Valid(m.key) && utf8.Valid(m.value)
}
