package histories_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
)

func TestOperationsAndFaults(t *testing.T) {
	h := small()
	var got [][2]int
	index := func(op *histories.Op) int {
		if op == nil {
			return -1
		}
		return op.Index
	}
	for _, o := range h.Operations() {
		got = append(got, [2]int{index(o.Invoke), index(o.Complete)})
	}
	require.Equal(t, [][2]int{{0, 4}, {3, 5}, {6, 7}, {9, -1}}, got)
	got = nil
	for _, o := range h.Faults() {
		got = append(got, [2]int{index(o.Invoke), index(o.Complete)})
	}
	require.Equal(t, [][2]int{{1, 8}, {2, -1}}, got)
	requirePairs(t, h)
}

// TestPairingOfIllFormedHistory: it must not panic; Validate is there to tell.
func TestPairingOfIllFormedHistory(t *testing.T) {
	h := &histories.History{Ops: []histories.Op{
		{Type: histories.OK}, {Process: histories.Nemesis, Type: histories.OK}, {Type: histories.Invoke}, {Type: histories.Invoke},
	}}
	require.Len(t, h.Operations(), 2)
	require.Empty(t, h.Faults())
	require.Error(t, histories.Validate(h))
}

func TestValidateNamesTheEvent(t *testing.T) {
	require.NoError(t, histories.Validate(small()))
	require.NoError(t, histories.Validate(&histories.History{}))

	h := small()
	h.Ops[5].F = "write"
	broken := requireRule(t, histories.Validate(h), histories.RuleMatch)
	require.Equal(t, 5, broken.Index)
	require.EqualError(t, broken, `event 5: found ok of f "write" with key "" by process 1, expected f "read" with key "", as event 3 invoked it (rule completion-matches-invocation)`)

	h = small()
	h.Ops[2].Index = 7
	require.Equal(t, 2, requireRule(t, histories.Validate(h), histories.RuleIndex).Index)

	h = small()
	h.Header.Clients = -3
	require.EqualError(t, histories.Validate(h), "history: found -3 clients, expected 0 or more (rule header)")

	deep := histories.Value{}
	for range histories.MaxDepth + 1 {
		deep = histories.ListValue(deep)
	}
	h = small()
	h.Ops[0].Value = deep
	requireRule(t, histories.Validate(h), histories.RuleValue)
}

// TestTimesAreOrderedPerProcess: clocks of different clients may differ a bit in
// histories from elsewhere.
func TestTimesAreOrderedPerProcess(t *testing.T) {
	h := small()
	h.Ops[3].Time, h.Ops[5].Time = 0, 0
	require.NoError(t, histories.Validate(h))
	h.Ops[5].Time = -1
	requireRule(t, histories.Validate(h), histories.RuleTime)
}

func TestIllFormedHistoryIsNotWritten(t *testing.T) {
	h := small()
	h.Ops[0].Type = 0
	path := filepath.Join(t.TempDir(), "history.jsonl")
	requireRule(t, h.WriteFile(path), histories.RuleType)
	require.NoFileExists(t, path)
	_, err := h.WriteTo(os.Stderr)
	requireRule(t, err, histories.RuleType)
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	require.NoError(t, small().WriteFile(path))
	require.NoError(t, small().WriteFile(path))
	h, err := histories.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, file(t, small()), file(t, h))
	require.ErrorIs(t, small().WriteFile(filepath.Join(path, "x")), syscall.ENOTDIR)
}

func TestWriteToReportsFailure(t *testing.T) {
	for _, room := range []int{0, 100, len(file(t, small())) - 1} {
		disk := &fillingDisk{room: room, full: devFull(t)}
		n, err := small().WriteTo(disk)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.Equal(t, int64(room), n)
	}
}

func TestOperationValue(t *testing.T) {
	read := &histories.Op{Type: histories.Invoke}
	five := histories.IntValue(5)
	write := &histories.Op{Type: histories.Invoke, Value: five}
	require.True(t, five.Equal(histories.Operation{Invoke: read, Complete: &histories.Op{Type: histories.OK, Value: five}}.Value()))
	require.True(t, five.Equal(histories.Operation{Invoke: write, Complete: &histories.Op{Type: histories.OK}}.Value()))
	require.True(t, five.Equal(histories.Operation{Invoke: write, Complete: &histories.Op{Type: histories.Info, Value: histories.IntValue(6)}}.Value()))
	require.True(t, five.Equal(histories.Operation{Invoke: write}.Value()))
}

func TestLane(t *testing.T) {
	h := &histories.History{Header: histories.Header{Clients: 3}}
	require.Equal(t, 2, h.Lane(8))
	require.Equal(t, histories.Nemesis, h.Lane(histories.Nemesis))
	h.Header.Clients = 0
	require.Equal(t, 8, h.Lane(8))
}

func TestTypes(t *testing.T) {
	for typ := histories.Invoke; typ <= histories.Info; typ++ {
		back, err := histories.ParseType(typ.String())
		require.NoError(t, err)
		require.Equal(t, typ, back)
	}
	for _, word := range []string{"", "OK", "Type(0)"} {
		_, err := histories.ParseType(word)
		require.ErrorContains(t, err, "expected invoke, ok, fail or info")
	}
	require.Equal(t, "Type(0)", histories.Type(0).String())
}

func TestEventAttributes(t *testing.T) {
	e := histories.Event{Attrs: map[string]any{
		"int": 3, "int64": int64(-4), "uint64": uint64(5), "huge": uint64(1 << 63), "d": time.Second,
		"s": "text", "list": []string{"a"}, "any": []any{"a", "b"}, "mixed": []any{"a", 1}, "e": errors.New("x"),
	}}
	for name, want := range map[string]int64{"int": 3, "int64": -4, "uint64": 5, "d": 1e9} {
		n, ok := e.Int(name)
		require.True(t, ok, name)
		require.Equal(t, want, n)
	}
	for _, name := range []string{"huge", "s", "none"} {
		_, ok := e.Int(name)
		require.False(t, ok, name)
	}
	require.Equal(t, "text", e.Str("s"))
	require.Empty(t, e.Str("int"))
	list, ok := e.Strings("list")
	require.True(t, ok)
	require.Equal(t, []string{"a"}, list)
	list, ok = e.Strings("any")
	require.True(t, ok)
	require.Equal(t, []string{"a", "b"}, list)
	for _, name := range []string{"mixed", "s", "none"} {
		_, ok := e.Strings(name)
		require.False(t, ok, name)
	}
}
