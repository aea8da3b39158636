package histories_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

// event draws an event as it comes from a file.
func event(t *rapid.T) histories.Event {
	valid := rapid.Map(text(), func(s string) string { return strings.ToValidUTF8(s, "?") }) // encoding/json keeps no other text
	attr := rapid.OneOf(
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Uint64Min(1<<63), func(n uint64) any { return n }),
		rapid.Map(valid, func(s string) any { return s }),
		rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](0.5),
		rapid.Just[any]([]any{int64(1), "a", map[string]any{"b": int64(2)}}),
	)
	e := histories.Event{
		Time:        time.Duration(rapid.Int64().Draw(t, "time")),
		Node:        text().Draw(t, "node"),
		Incarnation: rapid.Int().Draw(t, "incarnation"),
		Name:        text().Draw(t, "name"),
	}
	if attrs := rapid.MapOfN(valid, attr, 0, 4).Draw(t, "attrs"); len(attrs) > 0 {
		e.Attrs = attrs
	}
	return e
}

func TestTraceRoundTripAndTruncation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(event), 0, 5).Draw(t, "events")
		var text []byte
		var ends []int
		for _, e := range want {
			var err error
			text, err = e.AppendJSON(text)
			require.NoError(t, err)
			ends = append(ends, len(text))
			text = append(text, '\n')
		}
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		n := 0
		for n < len(ends) && ends[n] <= cut {
			n++
		}
		got, err := histories.ReadTrace(bytes.NewReader(text[:cut]), "trace.jsonl")
		require.NoError(t, err)
		require.Equal(t, n, len(got))
		for i := range got {
			require.Equal(t, want[i], got[i])
		}
	})
}

func TestEventEncoding(t *testing.T) {
	e := histories.Event{Time: 12, Node: "n2", Incarnation: 1, Name: "vote", Attrs: map[string]any{
		"term": 3, "for": "n1", "err": errors.New("boom"), "none": (*json.SyntaxError)(nil),
	}}
	text, err := e.AppendJSON([]byte("before "))
	require.NoError(t, err)
	require.Equal(t, `before {"time":12,"node":"n2","incarnation":1,"name":"vote","attrs":{"err":"boom","for":"n1","none":"\u003cnil\u003e","term":3}}`, string(text))
	require.IsType(t, errors.New(""), e.Attrs["err"], "the event must not change")

	e.Attrs = map[string]any{"x": math.NaN()}
	text, err = e.AppendJSON([]byte("before "))
	require.ErrorContains(t, err, `event "vote" of node n2`)
	require.Equal(t, "before ", string(text))
}

func TestReadTraceNamesTheLine(t *testing.T) {
	good := `{"time":1,"node":"n1","name":"boot"}` + "\n"
	for text, rule := range map[string]histories.Rule{
		"nonsense":                                           histories.RuleSyntax,
		`{"time":1.5,"node":"n1","name":"boot"}`:             histories.RuleSyntax,
		`{"time":1,"node":"n1","name":"boot","attrs":[1]}`:   histories.RuleSyntax,
		`{"time":1,"node":"n1","name":"boot","attrs":{x:1}}`: histories.RuleSyntax,
		`{"time":1,"node":"n1"}`:                             histories.RuleFields,
		`{"time":1,"time":1,"node":"n1","name":"boot"}`:      histories.RuleFields,
	} {
		_, err := histories.ReadTrace(strings.NewReader(good+text+"\n"+good), "trace.jsonl")
		require.Equal(t, 2, requireRule(t, err, rule).Line)
		require.ErrorContains(t, err, "trace.jsonl: line 2: ")

		events, err := histories.ReadTrace(strings.NewReader(good+text), "trace.jsonl")
		require.NoError(t, err, "a cut last line is dropped")
		require.Len(t, events, 1)
	}
	_, err := histories.ReadTrace(io.MultiReader(strings.NewReader(good), iotest.ErrReader(io.ErrUnexpectedEOF)), "trace.jsonl")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestReadTraceIsTolerantOfForm(t *testing.T) {
	events, err := histories.ReadTrace(strings.NewReader("\n"+` { "name":"boot", "x":[{}],"attrs":null,"time" : 1,"node":"n1","incarnation":2 }`+"\r\n"), "")
	require.NoError(t, err)
	require.Equal(t, []histories.Event{{Time: 1, Node: "n1", Incarnation: 2, Name: "boot"}}, events)
}

func FuzzReadTrace(f *testing.F) {
	f.Add([]byte(`{"time":1,"node":"n1","incarnation":1,"name":"vote","attrs":{"for":"n2","term":3,"x":[1.5,{"y":null}]}}` + "\n"))
	f.Add([]byte(`{"time":1,"node":"n1","name":"boot","attrs":{"n":1e999}}`))
	f.Add([]byte("{}\n{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := histories.ReadTrace(bytes.NewReader(text), "fuzz.jsonl")
		if err != nil {
			requireLine(t, err)
			return
		}
		for _, e := range events {
			line, err := e.AppendJSON(nil)
			require.NoError(t, err)
			back, err := histories.ReadTrace(bytes.NewReader(line), "again.jsonl")
			require.NoError(t, err)
			require.Len(t, back, 1)
			again, err := back[0].AppendJSON(nil)
			require.NoError(t, err)
			require.Equal(t, string(line), string(again))
		}
	})
}

func requireLine(t *testing.T, err error) {
	var broken *histories.Error
	require.ErrorAs(t, err, &broken)
	require.Positive(t, broken.Line)
}
