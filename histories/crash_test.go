package histories_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
)

// childEnv makes the test binary a recorder that never ends; it has the path of
// the history.
const childEnv = "GAUNTLET_HISTORIES_CHILD"

// recordForever records operations and says on standard output how many events
// were certainly written.
func recordForever(path string) int {
	r, err := histories.Create(path, histories.Header{Workload: "register", Clients: 1})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for n := 0; ; n++ {
		_, err := r.Invoke(read(0))
		index, err2 := r.Complete(done(0, histories.OK))
		if err != nil || err2 != nil {
			return 1
		}
		if n%1000 == 0 && r.Flush() == nil {
			fmt.Println(index + 1)
		}
	}
}

func TestHistorySurvivesSIGKILL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())

	written := 0
	for lines := bufio.NewScanner(out); written < 20_000 && lines.Scan(); {
		written, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
	}
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	require.Equal(t, syscall.SIGKILL, child.ProcessState.Sys().(syscall.WaitStatus).Signal())
	require.GreaterOrEqual(t, written, 20_000)

	h, err := histories.ReadFile(path)
	require.NoError(t, err)
	require.NotEmpty(t, h.Interrupted)
	require.GreaterOrEqual(t, len(h.Ops), written)
}

// TestBackgroundFlushReachesTheFile: nobody calls Flush.
func TestBackgroundFlushReachesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := histories.Create(path, histories.Header{})
	require.NoError(t, err)
	_, err = r.Invoke(read(0))
	require.NoError(t, err)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		h, err := histories.ReadFile(path)
		require.NoError(t, err)
		if len(h.Ops) == 1 {
			break
		}
		require.True(t, time.Now().Before(deadline), "the event never reached the file")
	}
	require.NoError(t, r.Close())
}

// fillingDisk takes room bytes and then hands what comes to full, of which it
// still takes part.
type fillingDisk struct {
	buffer
	room int
	full io.Writer
}

func (d *fillingDisk) Write(p []byte) (int, error) {
	n := min(d.room, len(p))
	d.buffer.Write(p[:n])
	if d.room -= n; n == len(p) {
		return n, nil
	}
	more, err := d.full.Write(p[n:])
	return n + more, err
}

func devFull(t *testing.T) *os.File {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("this system has no /dev/full: %v", err)
	}
	t.Cleanup(func() { full.Close() })
	return full
}

func TestFullDiskAtTheStart(t *testing.T) {
	_, err := histories.NewRecorder(devFull(t), histories.Header{})
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// TestFullDiskEndsTheRecording fills the disk at many places, also in the middle
// of a line.
func TestFullDiskEndsTheRecording(t *testing.T) {
	full := devFull(t)
	for room := 200; room < 800; room += 37 {
		disk := &fillingDisk{room: room, full: full}
		r := newRecorder(t, disk)
		var first error
		recorded := 0
		for ; first == nil; recorded++ {
			_, err := r.Invoke(read(recorded))
			require.NoError(t, err)
			first = r.Flush()
		}
		require.ErrorIs(t, first, syscall.ENOSPC)
		_, err := r.Invoke(read(recorded))
		require.Equal(t, first, err)
		_, err = r.Complete(done(0, histories.OK))
		require.Equal(t, first, err)
		require.Equal(t, first, r.Err())
		require.Equal(t, first, r.Flush())
		require.Equal(t, first, r.Close())
		require.Equal(t, first, r.Close())

		require.Len(t, disk.text(), room)
		h := disk.read(t)
		require.NotEmpty(t, h.Interrupted)
		require.LessOrEqual(t, recorded-len(h.Ops), 1)
	}
}

// TestFullDiskIsNoticedInTheBackground: the error comes without a Flush.
func TestFullDiskIsNoticedInTheBackground(t *testing.T) {
	r := newRecorder(t, &fillingDisk{room: 200, full: devFull(t)})
	_, err := r.Invoke(read(0))
	require.NoError(t, err)
	deadline := time.Now().Add(30 * time.Second)
	for process := 1; err == nil; process++ {
		require.True(t, time.Now().Before(deadline), "the recording goes on")
		_, err = r.Invoke(read(process))
		time.Sleep(time.Millisecond)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorIs(t, r.Close(), syscall.ENOSPC)
}

// shortWriter breaks the contract of io.Writer.
type shortWriter struct{ bytes.Buffer }

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.Len() == 0 {
		return w.Buffer.Write(p)
	}
	return len(p) - 1, nil
}

func TestShortWriteEndsTheRecording(t *testing.T) {
	r := newRecorder(t, &shortWriter{})
	_, err := r.Invoke(read(0))
	require.NoError(t, err)
	require.ErrorIs(t, r.Flush(), io.ErrShortWrite)
	require.ErrorIs(t, r.Close(), io.ErrShortWrite)
}
