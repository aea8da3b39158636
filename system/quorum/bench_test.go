package quorum

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system/cluster"
)

// BenchmarkThroughput measures the safe store without faults: three nodes in
// one process, over loopback TCP, every write synced to a real file before it is
// acknowledged. Beside operations per second it reports the ratio to what the
// machine can do at the same number of clients: x-pingpong, to round trips of a
// request's frame with an echo server, and x-fdatasync, to appends that are
// each synced by themselves.
//
//	go test -run '^$' -bench Throughput ./system/quorum
func BenchmarkThroughput(b *testing.B) {
	for _, f := range []string{"write", "read"} {
		for _, clients := range []int{16, 64, 256} {
			b.Run(fmt.Sprintf("%s/clients=%d", f, clients), func(b *testing.B) { throughput(b, f, clients) })
		}
	}
}

const benchKeys = 1000

func throughput(b *testing.B, f string, clients int) {
	g := startGroup(b, 3, nil)
	pings, syncs := pingRate(b, clients), syncRate(b)
	var next atomic.Int64
	load := make([]*Client, clients)
	for i := range load {
		load[i] = g.client(g.names[i%len(g.names)])
		require.Equal(b, histories.OK, write(b, load[i], fmt.Sprint(i), 1).Type)
	}
	value := histories.StringValue("a value of sixty-four bytes, which is what such stores often hold")
	b.ResetTimer()
	var all sync.WaitGroup
	for _, c := range load {
		all.Go(func() {
			defer c.Close() //nolint:errcheck // test
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				op := histories.Op{Type: histories.Invoke, F: f, Key: fmt.Sprint(n % benchKeys), Value: value}
				if done := c.Invoke(context.Background(), op).Complete(op); done.Type != histories.OK {
					b.Errorf("%s: %s %s", f, done.Type, done.Error)
					return
				}
			}
		})
	}
	all.Wait()
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "op/s")
	b.ReportMetric(rate/pings, "x-pingpong")
	b.ReportMetric(rate/syncs, "x-fdatasync")
}

// window is how long a limit of the machine is measured.
const window = 300 * time.Millisecond

// pingRate is the number of round trips per second of a request's frame, one at
// a time on each of so many connections.
func pingRate(b *testing.B, clients int) float64 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() { _, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}) })
		}
	})
	request := message{kind: kindRequest, id: 1, key: []byte("123"), value: make([]byte, 64)}
	frame := cluster.AppendFrame(nil, request.append(nil))
	var trips atomic.Int64
	var pingers sync.WaitGroup
	end := time.Now().Add(window)
	for range clients {
		pingers.Go(func() {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close() //nolint:errcheck // test
			for buf := make([]byte, len(frame)); time.Now().Before(end); trips.Add(1) {
				if _, err := conn.Write(frame); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(conn, buf); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	pingers.Wait()
	require.NoError(b, l.Close())
	tasks.Wait()
	return float64(trips.Load()) / window.Seconds()
}

// syncRate is the number of appends per second that are each synced.
func syncRate(b *testing.B) float64 {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	defer f.Close() //nolint:errcheck // test
	record := make([]byte, 128)
	n := 0
	for end := time.Now().Add(window); time.Now().Before(end); n++ {
		_, err := f.Write(record)
		require.NoError(b, err)
		require.NoError(b, f.Sync())
	}
	return float64(n) / window.Seconds()
}
