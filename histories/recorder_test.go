package histories_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

func read(process int) histories.Op { return histories.Op{Process: process, F: "read", Key: "x"} }

func started(process int) histories.Op {
	op := read(process)
	op.Type = histories.Invoke
	return op
}

func done(process int, t histories.Type) histories.Op {
	return histories.Op{Process: process, Type: t, F: "read", Key: "x"}
}

func newRecorder(t require.TestingT, w io.Writer) *histories.Recorder {
	r, err := histories.NewRecorder(w, histories.Header{Workload: "register", Clients: 4})
	require.NoError(t, err)
	return r
}

// record gives an event to the method that it belongs to.
func record(r *histories.Recorder, op histories.Op) (int, error) {
	if op.Type == histories.Invoke {
		return r.Invoke(op)
	}
	return r.Complete(op)
}

func TestRecordedHistoryReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file buffer
		want := header(t)
		r, err := histories.NewRecorder(&file, want)
		require.NoError(t, err)
		ops := events(t)
		for i, op := range ops {
			index, err := record(r, op)
			require.NoError(t, err)
			require.Equal(t, i, index)
		}
		require.NoError(t, r.Close())

		h := file.read(t)
		require.Empty(t, h.Interrupted)
		requireHeader(t, want, h.Header)
		requireOps(t, ops, h.Ops)
		requireTimes(t, h)
	})
}

func requireHeader(t require.TestingT, want, got histories.Header) {
	require.True(t, want.Start.Equal(got.Start), "%v became %v", want.Start, got.Start)
	want.Start, got.Start = time.Time{}, time.Time{}
	if len(want.Nodes) == 0 {
		want.Nodes = nil
	}
	require.Equal(t, want, got)
}

// requireOps compares events but for index and time.
func requireOps(t require.TestingT, want, got []histories.Op) {
	require.Len(t, got, len(want))
	for i, op := range want {
		require.True(t, op.Value.Equal(got[i].Value), "event %d: %s became %s", i, op.Value, got[i].Value)
		op.Index, op.Time, op.Value = i, got[i].Time, got[i].Value
		require.Equal(t, op, got[i])
	}
}

func requireTimes(t require.TestingT, h *histories.History) {
	last := time.Duration(0)
	for _, op := range h.Ops {
		require.GreaterOrEqual(t, op.Time, last)
		last = op.Time
	}
}

func TestCreateWritesFileAndNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := histories.Create(path, histories.Header{Seed: 1<<64 - 1, Nodes: []string{"n1"}})
	require.NoError(t, err)

	early, err := histories.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, early.Interrupted, "without a trailer")
	require.WithinDuration(t, time.Now(), early.Header.Start, time.Hour)

	_, err = histories.Create(path, histories.Header{})
	require.ErrorIs(t, err, fs.ErrExist)

	_, err = r.Invoke(read(0))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	h, err := histories.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, h.Interrupted)
	require.Len(t, h.Ops, 1)
	require.Equal(t, uint64(1<<64-1), h.Header.Seed)
}

func TestRecorderRefusesHeaderThatNoFileCanHold(t *testing.T) {
	_, err := histories.NewRecorder(io.Discard, histories.Header{Clients: -1})
	requireRule(t, err, histories.RuleHeader)
	_, err = histories.NewRecorder(io.Discard, histories.Header{Start: time.Date(10000, 1, 2, 0, 0, 0, 0, time.UTC)})
	requireRule(t, err, histories.RuleHeader)
}

func TestFlushWritesWhatWasRecordedBefore(t *testing.T) {
	var file buffer
	r := newRecorder(t, &file)
	_, err := r.Invoke(read(0))
	require.NoError(t, err)
	require.NoError(t, r.Flush())
	require.Len(t, file.read(t).Ops, 1)
	require.NoError(t, r.Close())
}

func TestBackgroundFlushKeepsToTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file buffer
		r := newRecorder(t, &file)
		for n := range 3 {
			time.Sleep(time.Hour) // idle
			_, err := r.Invoke(read(n))
			require.NoError(t, err)
			require.Len(t, file.read(t).Ops, n)
			time.Sleep(histories.FlushInterval)
			synctest.Wait()
			require.Len(t, file.read(t).Ops, n+1)
		}
		require.NoError(t, r.Close())
		require.Equal(t, time.Hour, file.read(t).Ops[0].Time)
	})
}

func TestLargeBufferIsWrittenEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file buffer
		r := newRecorder(t, &file)
		op := read(0)
		op.Value = histories.StringValue(strings.Repeat("v", 1<<20))
		_, err := r.Invoke(op)
		require.NoError(t, err)
		synctest.Wait() // no time passes
		require.Len(t, file.read(t).Ops, 1)
		require.NoError(t, r.Close())
	})
}

// slowDisk holds every write but the first until it is released.
type slowDisk struct {
	buffer
	started, release chan struct{}
	writes           int
}

func (d *slowDisk) Write(p []byte) (int, error) {
	if d.writes++; d.writes > 1 {
		d.started <- struct{}{}
		<-d.release
	}
	return d.buffer.Write(p)
}

func TestRecordingGoesOnDuringWrite(t *testing.T) {
	disk := &slowDisk{started: make(chan struct{}), release: make(chan struct{})}
	r := newRecorder(t, disk)
	_, err := r.Invoke(read(0))
	require.NoError(t, err)
	<-disk.started // the background flush is inside write
	for process := range 100 {
		_, err := r.Invoke(read(1 + process))
		require.NoError(t, err)
	}
	require.NoError(t, r.Err())
	go func() {
		for range disk.started { // later writes
		}
	}()
	close(disk.release)
	require.NoError(t, r.Close())
	close(disk.started)
	require.Len(t, disk.read(t).Ops, 101)
}

func TestSlowDiskSlowsRecordingDown(t *testing.T) {
	disk := &slowDisk{started: make(chan struct{}, 100), release: make(chan struct{})}
	r := newRecorder(t, disk)
	op := read(0)
	op.Value = histories.StringValue(strings.Repeat("v", 9<<20))
	recorded := make(chan error)
	go func() {
		_, err := r.Invoke(op)
		recorded <- err
	}()
	<-disk.started
	select {
	case <-recorded:
		t.Fatal("the buffer is full, but Invoke did not wait for the writer")
	default:
	}
	close(disk.release)
	require.NoError(t, <-recorded)
	require.NoError(t, r.Close())
}

func TestClosedRecorder(t *testing.T) {
	var file buffer
	r := newRecorder(t, &file)
	_, err := r.Invoke(read(0))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	whole := file.text()

	_, err = r.Complete(done(0, histories.OK))
	require.ErrorIs(t, err, histories.ErrClosed)
	require.NoError(t, r.Flush())
	require.NoError(t, r.Err())
	require.NoError(t, r.Close())
	require.Equal(t, whole, file.text())
}

func TestConcurrentRecording(t *testing.T) {
	const clients, operations = 8, 500
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := histories.Create(path, histories.Header{Clients: clients})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for process := range clients {
		wg.Go(func() {
			for i := range operations {
				before, err := r.Invoke(read(process))
				after, err2 := r.Complete(done(process, histories.OK))
				if err = errors.Join(err, err2); err != nil || after <= before {
					t.Errorf("process %d: invoked at %d, completed at %d: %v", process, before, after, err)
				}
				if i%100 == 0 && r.Flush() != nil {
					t.Errorf("flush: %v", r.Err())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, r.Close())
	h, err := histories.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, h.Ops, 2*clients*operations)
	require.Len(t, h.Operations(), clients*operations)
	requireTimes(t, h)
}

// TestCloseWhileRecording: every event that was accepted is in the file.
func TestCloseWhileRecording(t *testing.T) {
	var file buffer
	r := newRecorder(t, &file)
	var wg sync.WaitGroup
	var accepted [4]int
	begun := make(chan struct{}, len(accepted))
	for process := range accepted {
		wg.Go(func() {
			for op := started(process); ; accepted[process]++ {
				if accepted[process] == 10 {
					begun <- struct{}{}
				}
				if _, err := record(r, op); err != nil {
					return
				}
				if op.Type = histories.OK; accepted[process]%2 == 1 {
					op.Type = histories.Invoke
				}
			}
		})
		<-begun
	}
	require.NoError(t, r.Close())
	wg.Wait()
	total := 0
	for _, n := range accepted {
		total += n
	}
	require.Len(t, file.read(t).Ops, total)
}

func TestTimeStartsAtTheHeadersStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		time.Sleep(time.Minute)
		var file buffer
		r, err := histories.NewRecorder(&file, histories.Header{Start: start})
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, time.Minute+time.Second, r.Now())
		_, err = r.Invoke(read(0))
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.Equal(t, time.Minute+time.Second, file.read(t).Ops[0].Time)
	})
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	r := newRecorder(t, io.Discard)
	op := read(0)
	op.Value, op.Node = histories.IntValue(5), "n1"
	operate := func() {
		op.Type = histories.Invoke
		_, err := r.Invoke(op)
		op.Type = histories.OK
		_, err2 := r.Complete(op)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
	}
	for range 10_000 { // both buffers grow
		operate()
	}
	require.Less(t, testing.AllocsPerRun(10_000, operate), 1.0)
	require.NoError(t, r.Close())
}

func TestCreateInMissingDirectory(t *testing.T) {
	_, err := histories.Create(filepath.Join(t.TempDir(), "no", "history.jsonl"), histories.Header{})
	require.ErrorIs(t, err, os.ErrNotExist)
}
