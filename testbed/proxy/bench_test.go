package proxy_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

// The benchmarks measure the direct and the proxied path in turns within one
// run, since the ratio means more than either figure: "x-direct" is proxied
// time over direct time.

func BenchmarkRoundTrip(b *testing.B) {
	b.Run("bytes", func(b *testing.B) { benchmarkRoundTrip(b, nil) })
	b.Run("framed", func(b *testing.B) { benchmarkRoundTrip(b, framed) })
}

func BenchmarkThroughput(b *testing.B) {
	b.Run("bytes", func(b *testing.B) { benchmarkThroughput(b, nil, 64<<10) })
	b.Run("framed/64KiB", func(b *testing.B) { benchmarkThroughput(b, framed, 64<<10) })
	b.Run("framed/64B", func(b *testing.B) { benchmarkThroughput(b, framed, 64) })
}

func benchmarkRoundTrip(b *testing.B, framer func(string) system.Framer) {
	server := serve(b, echo)
	direct := dial(b, server)
	proxied := dial(b, between(b, framer, server))
	message := frame(1, 60)
	in := make([]byte, len(message))
	turn := func(c net.Conn, times int) time.Duration {
		start := time.Now()
		for range times {
			_, err := c.Write(message)
			require.NoError(b, err)
			_, err = io.ReadFull(c, in)
			require.NoError(b, err)
		}
		return time.Since(start)
	}
	compare(b, direct, proxied, 200, turn)
}

func benchmarkThroughput(b *testing.B, framer func(string) system.Framer, size int) {
	const block = 64 << 10
	server := serve(b, acknowledge(block))
	direct := dial(b, server)
	proxied := dial(b, between(b, framer, server))
	var data []byte
	for len(data) < block {
		data = append(data, frame(len(data), size-4)...)
	}
	ack := make([]byte, 1)
	turn := func(c net.Conn, times int) time.Duration {
		start := time.Now()
		go func() {
			for range times {
				_, _ = c.Write(data)
			}
		}()
		for range times {
			_, err := c.Read(ack)
			require.NoError(b, err)
		}
		return time.Since(start)
	}
	b.SetBytes(block)
	compare(b, direct, proxied, 64, turn)
}

// compare runs turns of the given length on both connections, b.N times in all on each.
func compare(b *testing.B, direct, proxied net.Conn, length int, turn func(net.Conn, int) time.Duration) {
	turn(direct, length)
	turn(proxied, length)
	var near, far time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= length {
		near += turn(direct, min(left, length))
		far += turn(proxied, min(left, length))
	}
	b.StopTimer()
	b.ReportMetric(float64(near.Nanoseconds())/float64(b.N), "direct-ns/op")
	b.ReportMetric(float64(far.Nanoseconds())/float64(b.N), "proxied-ns/op")
	b.ReportMetric(far.Seconds()/near.Seconds(), "x-direct")
}

// between opens a link to the server and returns the address to dial.
func between(t testing.TB, framer func(string) system.Framer, server string) string {
	n := proxy.New(proxy.Config{Seed: 1, Framer: framer})
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	addr, err := n.Open(nemesis.Link{From: "a", To: "b"}, system.RolePeer)
	require.NoError(t, err)
	n.SetTarget("b", system.RolePeer, server)
	return addr
}
