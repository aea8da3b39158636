package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ignore([]byte) error { return nil }

func openLog(t *testing.T, disk *memDisk) *Log {
	t.Helper()
	log, err := OpenLog(disk, "log", ignore)
	require.NoError(t, err)
	return log
}

func records(t *testing.T, disk *memDisk) []string {
	t.Helper()
	var all []string
	log, err := OpenLog(disk, "log", func(r []byte) error { all = append(all, string(r)); return nil })
	require.NoError(t, err)
	require.NoError(t, log.Close())
	return all
}

// gate makes the log's syncs wait: each sends to entered and goes on with the
// error that it receives from leave.
func gate(disk *memDisk) (entered chan struct{}, leave chan error) {
	entered, leave = make(chan struct{}), make(chan error)
	disk.onSync = func(string) error {
		entered <- struct{}{}
		return <-leave
	}
	return entered, leave
}

func TestGroupCommit(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	syncs, writes := disk.syncs, disk.writes
	entered, leave := gate(disk)
	var order []int
	then := func(i int) func(error) {
		return func(err error) {
			if err == nil && log.Durable() >= uint64(i) {
				order = append(order, i)
			}
		}
	}
	_, err := log.AppendThen([]byte("1"), then(1))
	require.NoError(t, err)
	<-entered
	for i := 2; i <= 100; i++ {
		lsn, err := log.AppendThen([]byte("1"), then(i))
		require.NoError(t, err)
		require.EqualValues(t, i, lsn)
	}
	require.Zero(t, log.Durable())
	leave <- nil
	<-entered
	require.EqualValues(t, 1, log.Durable())
	leave <- nil
	require.NoError(t, log.Wait(t.Context(), 100))
	require.Equal(t, 2, disk.syncs-syncs, "99 records share a sync")
	require.Equal(t, 2, disk.writes-writes, "and a write")
	disk.onSync = nil
	require.NoError(t, log.Close())
	require.True(t, slices.IsSorted(order))
	require.Len(t, order, 100)
}

func TestConcurrentCommitters(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	const committers, each = 32, 20
	errs := make([]error, committers)
	var all sync.WaitGroup
	for i := range committers {
		all.Go(func() {
			for j := range each {
				lsn, err := log.Append(fmt.Appendf(nil, "[%d,%d]", i, j))
				errs[i] = errors.Join(errs[i], err, log.Wait(t.Context(), lsn))
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.EqualValues(t, committers*each, log.Durable())
	got := records(t, disk.crash(0))
	require.Len(t, got, committers*each)
	for i := range committers {
		mine := slices.DeleteFunc(slices.Clone(got), func(r string) bool {
			var a, b int
			fmt.Sscanf(r, "[%d,%d]", &a, &b) //nolint:errcheck // checked by the order
			return a != i
		})
		for j, r := range mine {
			require.Equal(t, fmt.Sprintf("[%d,%d]", i, j), r)
		}
	}
	require.NoError(t, log.Close())
}

func TestFailedSyncKillsTheLog(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	entered, leave := gate(disk)
	eio := errors.New("input/output error")
	told := map[string]error{}
	tell := func(who string) func(error) { return func(err error) { told[who] = err } }
	_, err := log.AppendThen([]byte(`"in flight"`), tell("flight"))
	require.NoError(t, err)
	<-entered
	lsn, err := log.AppendThen([]byte(`"behind"`), tell("behind"))
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() { waited <- log.Wait(context.Background(), lsn) }()
	leave <- eio
	require.ErrorIs(t, <-waited, eio)
	disk.onSync = nil // the disk would work again
	syncs := disk.syncs

	_, err = log.Append([]byte("1"))
	require.ErrorIs(t, err, eio)
	_, err = log.AppendThen([]byte("1"), tell("refused"))
	require.ErrorIs(t, err, eio)
	require.ErrorIs(t, log.Wait(t.Context(), 1), eio)
	require.ErrorIs(t, log.Rewrite(0, slices.Values([][]byte{})), eio)
	require.ErrorIs(t, log.Close(), eio)
	require.ErrorIs(t, log.Close(), eio)
	require.ErrorIs(t, told["flight"], eio)
	require.ErrorIs(t, told["behind"], eio)
	require.NotContains(t, told, "refused")
	require.Equal(t, syncs, disk.syncs, "it does not try again")
	require.ErrorContains(t, err, "log log failed at record 1")
	require.Zero(t, log.Durable())
}

func TestWait(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	require.NoError(t, log.Wait(t.Context(), 0))
	require.ErrorContains(t, log.Wait(t.Context(), 1), "expected at most 0")
	entered, leave := gate(disk)
	lsn, err := log.Append([]byte("1"))
	require.NoError(t, err)
	<-entered
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("no patience")
	cancel(reason)
	require.ErrorIs(t, log.Wait(ctx, lsn), reason)
	leave <- nil
	require.NoError(t, log.Wait(t.Context(), lsn))
	require.NoError(t, log.Wait(ctx, lsn), "durable is durable")
	disk.onSync = nil
	require.NoError(t, log.Close())
	require.NoError(t, log.Wait(t.Context(), lsn))
	_, err = log.Append([]byte("1"))
	require.ErrorIs(t, err, ErrClosed)
}

func TestCloseFlushes(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	var told []error
	for range 3 {
		_, err := log.AppendThen([]byte("1"), func(err error) { told = append(told, err) })
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
	require.Equal(t, []error{nil, nil, nil}, told)
	require.Len(t, records(t, disk.crash(0)), 3)
}

func TestBadRecordsAreRefused(t *testing.T) {
	log := openLog(t, newMemDisk())
	_, err := log.Append([]byte("{\n}"))
	require.ErrorContains(t, err, "newline at byte 1")
	_, err = log.Append(nil)
	require.ErrorContains(t, err, "empty record")
	_, err = log.Append(make([]byte, MaxRecord+1))
	require.ErrorContains(t, err, "expected at most 16777216")
	err = log.Rewrite(0, slices.Values([][]byte{[]byte("a\n")}))
	require.ErrorContains(t, err, "newline")
	require.Zero(t, log.Size())
	names, err := log.disk.ReadDir(".")
	require.NoError(t, err)
	require.Equal(t, []string{"log"}, names, "nothing is left of the rewrite")
	require.NoError(t, log.Close())
}

func TestLargestRecord(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	big := make([]byte, MaxRecord)
	for i := range big {
		big[i] = '7'
	}
	for range 2 {
		_, err := log.Append(big)
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
	require.Equal(t, []string{string(big), string(big)}, records(t, disk))
}

func TestErrorsOfOpening(t *testing.T) {
	disk := newMemDisk()
	log := openLog(t, disk)
	_, err := log.Append([]byte("1"))
	require.NoError(t, err)
	require.NoError(t, log.Close())
	bad := errors.New("unknown field")
	_, err = OpenLog(disk, "log", func([]byte) error { return bad })
	require.ErrorIs(t, err, bad)
	require.ErrorContains(t, err, "log: replay of record 1 at offset 0")
	log, err = OpenLog(disk, "log", nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, log.Durable())
	require.NoError(t, log.Close())
	disk.onSync = func(string) error { return fs.ErrInvalid }
	_, err = OpenLog(disk, "log", ignore)
	require.ErrorIs(t, err, fs.ErrInvalid, "what was read is not durable")
	disk.left = 0
	_, err = OpenLog(disk, "new", ignore)
	require.ErrorIs(t, err, errPower)
}

// The log works in a bubble: its goroutine waits in ways that synctest knows.
func TestLogInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := openLog(t, newMemDisk())
		told := false
		_, err := log.AppendThen([]byte("1"), func(error) { told = true })
		require.NoError(t, err)
		synctest.Wait()
		require.True(t, told)
		require.NoError(t, log.Close())
	})
}

func writeRaw(t *testing.T, disk *memDisk, name, content string) {
	t.Helper()
	f, err := disk.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	require.NoError(t, err)
	_, err = f.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, disk.SyncDir("."))
}
