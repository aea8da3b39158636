package quorum

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawTag(t *rapid.T) Tag {
	n := rapid.Uint64Range(0, 3)
	return Tag{Counter: n.Draw(t, "counter"), Node: n.Draw(t, "node"), Incarnation: n.Draw(t, "incarnation"), Op: n.Draw(t, "op")}
}

// drawMessage draws a message with the fields of its kind.
func drawMessage(t *rapid.T) message {
	text := rapid.SliceOfN(rapid.Byte(), 0, 30)
	m := message{
		kind:  kind(rapid.IntRange(int(kindQuery), int(kindReply)).Draw(t, "kind")),
		flags: rapid.Byte().Draw(t, "flags"), id: rapid.Uint64().Draw(t, "id"),
	}
	if m.kind == kindQueryReply || m.kind == kindUpdate {
		m.tag = drawTag(t)
	}
	if m.kind == kindRequest {
		m.budget = rapid.Uint64().Draw(t, "budget")
	}
	if m.kind == kindQuery || m.kind == kindUpdate || m.kind == kindRequest {
		m.key = text.Draw(t, "key")
	}
	if m.kind == kindReply {
		m.status = status(rapid.IntRange(0, 2).Draw(t, "status"))
	}
	if m.kind != kindQuery && m.kind != kindUpdateAck {
		m.value = text.Draw(t, "value")
	}
	return m
}

func same(t require.TestingT, want, got message) {
	require.Equal(t, string(want.key), string(got.key))
	require.Equal(t, string(want.value), string(got.value))
	want.key, want.value, got.key, got.value = nil, nil, nil, nil
	require.Equal(t, want, got)
}

func TestMessageRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		got, err := decode(m.append(nil))
		require.NoError(t, err)
		same(t, m, got)
	})
}

func TestCutMessagesAreErrors(t *testing.T) {
	m := message{kind: kindUpdate, id: 300, tag: Tag{1, 2, 3, 4}, key: []byte("key")}
	whole := m.append(nil)
	for cut := range whole {
		_, err := decode(whole[:cut])
		require.ErrorIs(t, err, ErrMessage, "cut at %d", cut)
	}
	_, err := decode([]byte{99, 0, 1})
	require.ErrorContains(t, err, "kind 99")
}

func FuzzDecode(f *testing.F) {
	for _, m := range []message{
		{kind: kindQuery, key: []byte("k")}, {kind: kindUpdate, tag: Tag{1, 2, 3, 4}, key: []byte("k"), value: []byte("v")},
		{kind: kindRequest, key: []byte("k")}, {kind: kindReply, status: statusDone}, {kind: kindUpdateAck},
	} {
		f.Add(m.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			require.ErrorIs(t, err, ErrMessage)
			return
		}
		again, err := decode(m.append(nil))
		require.NoError(t, err)
		same(t, m, again)
	})
}

func TestTagsAreTotallyOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawTag(t), drawTag(t), drawTag(t)
		require.Equal(t, a.Compare(b), -b.Compare(a))
		require.Equal(t, a == b, a.Compare(b) == 0)
		if a.Less(b) && b.Less(c) {
			require.True(t, a.Less(c))
		}
	})
	require.Equal(t, "1.2.3.4", Tag{1, 2, 3, 4}.String())
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, value := rapid.String().Draw(t, "key"), rapid.String().Draw(t, "value")
		tag := drawTag(t)
		tag.Counter++
		line := appendRecord(nil, key, tag, value)
		require.NotContains(t, string(line), "\n")
		k, tg, v, err := decodeRecord(line)
		require.NoError(t, err)
		require.Equal(t, key, k)
		require.Equal(t, value, v)
		require.Equal(t, tag, tg)
	})
	_, _, _, err := decodeRecord([]byte(`{"k":"a","t":[0,0,0,0],"v":""}`))
	require.ErrorContains(t, err, "counter 0")
	_, _, _, err = decodeRecord([]byte(`{"k":`))
	require.Error(t, err)
}

func FuzzRecord(f *testing.F) {
	f.Add(appendRecord(nil, "key", Tag{1, 2, 3, 4}, "value"))
	f.Fuzz(func(t *testing.T, line []byte) {
		key, tag, value, err := decodeRecord(line)
		if err != nil {
			return
		}
		k, tg, v, err := decodeRecord(appendRecord(nil, key, tag, value))
		require.NoError(t, err)
		require.Equal(t, []any{key, tag, value}, []any{k, tg, v})
	})
}
