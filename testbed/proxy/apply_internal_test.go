package proxy

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
)

// connected returns a network with one connection, and its two pumps.
func connected(t *testing.T) (n *Network, pumps []*pump) {
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	n = New(Config{})
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	addr, err := n.Open(nemesis.Link{From: "a", To: "b"}, system.RolePeer)
	require.NoError(t, err)
	n.SetTarget("b", system.RolePeer, server.Addr().String())
	c, err := net.Dial("tcp4", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	deadline := time.Now().Add(20 * time.Second)
	for pumps == nil {
		require.True(t, time.Now().Before(deadline), "the connection got no pumps")
		n.mu.Lock()
		for c := range n.conns {
			pumps = c.pumps
		}
		n.mu.Unlock()
	}
	return n, pumps
}

// TestApplyChangesNothingBeforeItCanChangeAll: while one pump cannot be changed
// yet, the other one must not have been.
func TestApplyChangesNothingBeforeItCanChangeAll(t *testing.T) {
	n, pumps := connected(t)
	all := nemesis.Matrix{pumps[0].link: {Split: 5}, pumps[1].link: {Split: 5}}
	for i := range 20 {
		held, other := pumps[i%2], pumps[1-i%2]
		require.NoError(t, n.Apply(t.Context(), nil))
		held.mu.Lock()
		done := make(chan error, 1)
		go func() { done <- n.Apply(t.Context(), all) }()
		for n.mu.TryLock() { // until Apply is at work
			n.mu.Unlock()
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Millisecond) // more than it needs
		changed := false
		if other.mu.TryLock() {
			changed = !other.healthy
			other.mu.Unlock()
		}
		held.mu.Unlock()
		require.NoError(t, <-done)
		require.False(t, changed)
		require.False(t, other.healthy || held.healthy)
	}
}
