package histories_test

import (
	"bytes"
	"io"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
)

const benchClients = 8

var benchHeader = histories.Header{Workload: "register", Model: "register", Nodes: []string{"n1", "n2", "n3"}, Clients: benchClients}

// benchOps are one operation of each client: what a register workload records.
func benchOps() []histories.Op {
	ops := make([]histories.Op, benchClients)
	for i := range ops {
		ops[i] = histories.Op{Process: i, Type: histories.OK, F: "write", Key: strconv.Itoa(i % 5), Value: histories.IntValue(int64(1000 + i)), Node: "n" + strconv.Itoa(1+i%3)}
	}
	return ops
}

// operate records an invocation and its completion.
func operate(tb testing.TB, r *histories.Recorder, op *histories.Op) {
	invoke := *op
	invoke.Type = histories.Invoke
	_, err := r.Invoke(invoke)
	if err == nil {
		_, err = r.Complete(*op)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkRecorder measures one whole operation: two events.
func BenchmarkRecorder(b *testing.B) {
	r, err := histories.NewRecorder(io.Discard, benchHeader)
	require.NoError(b, err)
	ops := benchOps()
	for b.Loop() {
		operate(b, r, &ops[0])
	}
	b.ReportAllocs()
	require.NoError(b, r.Close())
}

// BenchmarkRecorderParallel is the same from all CPUs, each its own process.
func BenchmarkRecorderParallel(b *testing.B) {
	r, err := histories.NewRecorder(io.Discard, benchHeader)
	require.NoError(b, err)
	processes := make(chan int, 1024)
	for i := range cap(processes) {
		processes <- i
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		op := benchOps()[0]
		op.Process = <-processes
		for pb.Next() {
			operate(b, r, &op)
		}
	})
	require.NoError(b, r.Close())
}

// BenchmarkRecordMillion records a million operations to a file and closes it.
func BenchmarkRecordMillion(b *testing.B) {
	ops := benchOps()
	dir, n := b.TempDir(), 0
	for b.Loop() {
		n++
		r, err := histories.Create(filepath.Join(dir, strconv.Itoa(n)), benchHeader)
		require.NoError(b, err)
		for i := range 1_000_000 {
			operate(b, r, &ops[i%benchClients])
		}
		require.NoError(b, r.Flush())
		b.StopTimer()
		require.NoError(b, r.Close())
		b.StartTimer()
	}
}

// BenchmarkRead reads 200 000 events and reports the time of one line.
func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	r, err := histories.NewRecorder(&file, benchHeader)
	require.NoError(b, err)
	ops := benchOps()
	const operations = 100_000
	for i := range operations {
		operate(b, r, &ops[i%benchClients])
	}
	require.NoError(b, r.Close())
	path := filepath.Join(b.TempDir(), "history.jsonl")
	h, err := histories.Read(&file, "")
	require.NoError(b, err)
	require.NoError(b, h.WriteFile(path))
	for b.Loop() {
		_, err := histories.ReadFile(path)
		require.NoError(b, err)
	}
	b.ReportAllocs()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(2*operations), "ns/line")
}
