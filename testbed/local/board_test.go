package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func twoBoards(t *testing.T) (writer, reader *board) {
	path := filepath.Join(t.TempDir(), "board")
	reader, err := createBoard(path)
	require.NoError(t, err)
	writer, err = openBoard(path)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, writer.close())
		require.NoError(t, reader.close())
	})
	return writer, reader
}

func TestBoardIsShared(t *testing.T) {
	writer, reader := twoBoards(t)
	require.Zero(t, reader.get("a"))
	require.True(t, writer.add("a", 2))
	require.True(t, writer.add("a", 3))
	require.Equal(t, int64(5), reader.get("a"))
	writer.setPending(3, 400)
	writes, bytes := reader.pending()
	require.Equal(t, []int64{3, 400}, []int64{writes, bytes})
	require.Equal(t, int64(5), reader.get("a"), "the gauges are elsewhere")
}

func TestBoardKeepsLongNamesApart(t *testing.T) {
	writer, reader := twoBoards(t)
	long := strings.Repeat("x", 100)
	for i, name := range []string{long + "1", long + "2", long[:nameSize], long[:nameSize-1]} {
		require.True(t, writer.add(name, int64(i+1)))
	}
	for i, name := range []string{long + "1", long + "2", long[:nameSize], long[:nameSize-1]} {
		require.Equal(t, int64(i+1), reader.get(name))
	}
}

func TestBoardIsFull(t *testing.T) {
	writer, reader := twoBoards(t)
	for i := range boardSlots - 1 {
		require.True(t, writer.add(fmt.Sprint(i), 1))
	}
	require.False(t, writer.add("one too many", 1))
	require.True(t, writer.add("7", 1))
	require.Equal(t, int64(2), reader.get("7"))
	require.Equal(t, int64(1), reader.get(fmt.Sprint(boardSlots-2)))
}

func TestClosedBoardRemembers(t *testing.T) {
	writer, reader := twoBoards(t)
	writer.add("a", 7)
	require.NoError(t, reader.close())
	require.NoError(t, reader.close())
	require.Equal(t, int64(7), reader.get("a"))
	require.False(t, reader.add("a", 1))
	reader.setPending(1, 1)
	writes, _ := reader.pending()
	require.Zero(t, writes)
}

func TestBoardOfTheWrongSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board")
	require.NoError(t, os.WriteFile(path, []byte("short"), 0o600))
	_, err := openBoard(path)
	require.ErrorContains(t, err, "5 bytes, expected 16384")
}

// FuzzBoard: whatever a dying node leaves, reading and adding do not fail.
func FuzzBoard(f *testing.F) {
	f.Add(int64(-1), []byte("name"), "name")
	f.Add(int64(1)<<62, []byte{}, strings.Repeat("n", 60))
	f.Fuzz(func(t *testing.T, used int64, slots []byte, name string) {
		path := filepath.Join(t.TempDir(), "board")
		b, err := createBoard(path)
		require.NoError(t, err)
		defer b.close() //nolint:errcheck // test
		copy(b.mem[slotSize:], slots)
		b.number(usedAt).Store(used)
		before := b.get(name)
		if b.add(name, 1) {
			require.Equal(t, before+1, b.get(name))
		}
	})
}

func BenchmarkCount(b *testing.B) {
	board, err := createBoard(filepath.Join(b.TempDir(), "board"))
	require.NoError(b, err)
	defer board.close() //nolint:errcheck // benchmark
	for b.Loop() {
		board.add("refused", 1)
	}
}
