package quorum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/cluster"
	"github.com/gauntlet-go/gauntlet/system/systemtest"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// gate is a disk whose syncs of files wait until it is opened.
type gate struct {
	system.Disk
	open chan struct{}
}

type gatedFile struct {
	system.File
	open chan struct{}
}

func (g gate) OpenFile(name string, flag int) (system.File, error) {
	f, err := g.Disk.OpenFile(name, flag)
	return gatedFile{f, g.open}, err
}

func (f gatedFile) Sync() error {
	<-f.open
	return f.File.Sync()
}

// openGated returns a replica whose syncs wait for the returned function.
func openGated(t *testing.T) (r *replica, open func()) {
	d, err := disk.Open(t.TempDir(), disk.Options{})
	require.NoError(t, err)
	g := gate{Disk: d, open: make(chan struct{}, 100)}
	g.open <- struct{}{} // that of opening the log
	site := systemtest.New(t, "n1", "n2", "n3").Site("n1", g, nil)
	r, err = openReplica(site, weaknesses{}, func(err error) { t.Error(err) })
	require.NoError(t, err)
	return r, func() { close(g.open) }
}

// Nothing is acknowledged that is not durable, also not what the replica need
// not store because it has something newer that is not durable either.
func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	r, open := openGated(t)
	acks := make(chan string, 10)
	ack := func(name string) func(bool) { return func(bool) { acks <- name } }
	key := []byte("k")
	r.update(key, Tag{Counter: 2}, "new", ack("new"))
	r.update(key, Tag{Counter: 2}, "new", ack("repeated"))
	r.update(key, Tag{Counter: 1}, "old", ack("old"))
	tag, value, durable := r.query(key)
	require.Equal(t, Tag{Counter: 2}, tag)
	require.Equal(t, "new", value)
	require.False(t, durable)
	require.Empty(t, acks)

	open()
	require.Equal(t, "new", <-acks)
	require.ElementsMatch(t, []string{"repeated", "old"}, []string{<-acks, <-acks})
	_, _, durable = r.query(key)
	require.True(t, durable)
	r.update(key, Tag{Counter: 1}, "old", ack("at once"))
	require.Equal(t, "at once", <-acks)
	require.NoError(t, r.close())
}

// A waiter is told when its own tag is durable, not a smaller one.
func TestAWaiterWaitsForItsTag(t *testing.T) {
	c := &cell{tag: Tag{Counter: 5}}
	var sh shard
	told := 0
	c.waiting = append(c.waiting, waiter{Tag{Counter: 4}, func(bool) { told++ }})
	sh.settle(c, Tag{Counter: 3})
	require.Zero(t, told)
	sh.settle(c, Tag{Counter: 5})
	require.Equal(t, 1, told)
	require.Empty(t, c.waiting)
}

// alone returns a coordinator of three nodes of which the others do not exist.
func alone(t *testing.T) *coordinator {
	r, open := openGated(t)
	open()
	c := newCoordinator(r.site, weaknesses{}, 1, r)
	links, err := cluster.Open(cluster.Config{Site: r.site, Incarnation: 1, Handle: c.receive})
	require.NoError(t, err)
	c.links, c.self = links, links.Self()
	t.Cleanup(func() {
		_ = links.Close()
		require.NoError(t, r.close())
	})
	return c
}

func TestARepeatedReplyCountsOnce(t *testing.T) {
	c := alone(t)
	done := make(chan status, 1)
	op := &operation{key: "k", deadline: time.Hour, done: func(st status, _ result) { done <- st }}
	c.start(op)
	require.Equal(t, 1, op.replies, "its own")
	mine := c.replica.answer(op.id, []byte("k"))
	c.reply(c.self, &mine)
	require.Equal(t, 1, op.replies)
	require.Empty(t, done)
	c.reply(c.self+1, &mine)
	require.Equal(t, statusDone, <-done)
	c.reply(c.self+2, &mine)
	require.Equal(t, int64(1), c.late.Load())
}

func TestWhoDoesNotAnswerIsAskedAgain(t *testing.T) {
	c := alone(t)
	op := &operation{key: "k", deadline: time.Hour, done: func(status, result) {}}
	c.start(op)
	require.Equal(t, int64(1), c.links.Stats(c.self+1).Sent)
	c.sweep(op.sent + resend/2)
	require.Equal(t, int64(1), c.links.Stats(c.self+1).Sent, "not yet")
	c.sweep(op.sent + resend)
	require.Equal(t, int64(2), c.links.Stats(c.self+1).Sent)
	require.Equal(t, 1, op.replies)
	c.sweep(time.Hour)
	require.Empty(t, c.shard(op.id).ops, "given up")
}
