package disk

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Sync stands still in fdatasync while the same file is written and read.
func TestSyncBlocksNobody(t *testing.T) {
	d, err := Open(t.TempDir(), Options{})
	require.NoError(t, err)
	defer d.Close() //nolint:errcheck // never fails
	entered, leave := make(chan struct{}), make(chan struct{})
	d.flush = func(f *os.File) error {
		close(entered)
		<-leave
		return fdatasync(f)
	}
	f, err := d.OpenFile("f", os.O_RDWR|os.O_CREATE)
	require.NoError(t, err)
	_, err = f.Write([]byte("one"))
	require.NoError(t, err)

	synced := make(chan error, 1)
	go func() { synced <- f.Sync() }()
	<-entered
	_, err = f.Write([]byte("two"))
	require.NoError(t, err)
	p := make([]byte, 6)
	_, err = f.ReadAt(p, 0)
	require.NoError(t, err)
	require.Equal(t, "onetwo", string(p))
	require.NoError(t, f.Truncate(5))
	require.NoError(t, d.Rename("f", "g"))
	require.NoError(t, d.SyncDir("."))
	require.NoError(t, f.Close(), "the Sync at work keeps what it needs")
	close(leave)
	require.NoError(t, <-synced)

	require.NoError(t, d.Close())
	got, err := os.ReadFile(d.dir + "/g")
	require.NoError(t, err)
	require.Equal(t, "one", string(got), "the second write came after the Sync had begun")
}

func TestRealErrorOfSyncLosesWhatItWasGiven(t *testing.T) {
	var pending int64
	d, err := Open(t.TempDir(), Options{Pending: func(w, _ int64) { pending = w }})
	require.NoError(t, err)
	f, err := d.OpenFile("f", os.O_RDWR|os.O_CREATE)
	require.NoError(t, err)
	require.NoError(t, d.SyncDir("."))
	_, err = f.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, f.(*file).n.real.Close())
	require.ErrorIs(t, f.Sync(), os.ErrClosed)
	require.EqualValues(t, 1, pending)
}

func TestDescriptorsAreGivenBack(t *testing.T) {
	d, err := Open(t.TempDir(), Options{})
	require.NoError(t, err)
	for range 3 {
		a, err := d.OpenFile("f", os.O_RDWR|os.O_CREATE)
		require.NoError(t, err)
		b, err := d.OpenFile("f", os.O_RDONLY)
		require.NoError(t, err)
		_, err = a.Write([]byte("kept in memory"))
		require.NoError(t, err)
		require.Len(t, d.open, 1)
		require.NoError(t, a.Close())
		require.Len(t, d.open, 1)
		require.NoError(t, b.Close())
		require.Empty(t, d.open)
	}
	_, err = d.OpenFile("f", os.O_RDONLY)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.Empty(t, d.open)
}

func TestLayerReusesItsBuffer(t *testing.T) {
	l := newLayer()
	l.put(0, make([]byte, 1000))
	l.reset()
	l.put(5000, []byte("ab"))
	require.GreaterOrEqual(t, cap(l.extents[0].data), 1000, "the old buffer")
	require.Equal(t, []extent{{5000, []byte("ab")}}, l.extents)
	p := make([]byte, 4)
	l.paint(p, 4999)
	require.Equal(t, "\x00ab\x00", string(p))
}
