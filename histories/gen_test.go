package histories_test

import (
	"time"

	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

// text draws any Go string: also control characters, line separators and bytes
// that are not UTF-8.
func text() *rapid.Generator[string] {
	bytes := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) })
	return rapid.OneOf(rapid.StringN(0, 8, -1), bytes, rapid.SampledFrom([]string{
		"", "x", `"\`, "\u2028\u2029", "\x00\x1f\x7f", "\xed\xa0\xbd\xed\xb8\x80", "😀", "\n\r\t", "</script>", "null", "\ufffd",
	}))
}

// value draws any value.
func value() *rapid.Generator[histories.Value] { return nested(3) }

func nested(depth int) *rapid.Generator[histories.Value] {
	kinds := []*rapid.Generator[histories.Value]{
		rapid.Just(histories.Value{}),
		rapid.Map(rapid.Int64(), histories.IntValue),
		rapid.Map(text(), histories.StringValue),
	}
	if depth > 0 {
		list := rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[histories.Value] { return nested(depth - 1) }), 0, 3)
		kinds = append(kinds, rapid.Map(list, func(l []histories.Value) histories.Value { return histories.ListValue(l...) }))
	}
	return rapid.OneOf(kinds...)
}

// header draws a header with a start that a file can hold.
func header(t *rapid.T) histories.Header {
	return histories.Header{
		Start:    time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "sec"), rapid.Int64Range(0, 1e9-1).Draw(t, "nsec")),
		Seed:     rapid.Uint64().Draw(t, "seed"),
		Workload: text().Draw(t, "workload"),
		Model:    text().Draw(t, "model"),
		Nodes:    rapid.SliceOfN(text(), 0, 3).Draw(t, "nodes"),
		Clients:  rapid.IntRange(0, 9).Draw(t, "clients"),
	}
}

// events draws well-formed events, without index and time.
func events(t *rapid.T) []histories.Op {
	var out []histories.Op
	open := map[int]histories.Op{}
	faults := map[string]histories.Op{}
	next := 4 // process that replaces one that retires
	lanes := []int{0, 1, 2, 3}
	for range rapid.IntRange(0, 30).Draw(t, "events") {
		op := histories.Op{Value: value().Draw(t, "value"), Node: text().Draw(t, "node"), Error: text().Draw(t, "error")}
		lane := rapid.IntRange(-1, 3).Draw(t, "lane")
		begun, isOpen := histories.Op{}, false
		if lane < 0 {
			op.Process, op.Key = histories.Nemesis, rapid.SampledFrom([]string{"", "step-1", "step-2"}).Draw(t, "step")
			begun, isOpen = faults[op.Key]
		} else {
			op.Process, op.Key = lanes[lane], text().Draw(t, "key")
			begun, isOpen = open[op.Process]
		}
		if isOpen {
			op.F, op.Key = begun.F, begun.Key
			op.Type = rapid.SampledFrom([]histories.Type{histories.OK, histories.Fail, histories.Info}).Draw(t, "type")
			delete(open, op.Process)
			if lane < 0 {
				delete(faults, op.Key)
			} else if op.Type == histories.Info {
				lanes[lane], next = next, next+1
			}
		} else {
			op.F, op.Type = text().Draw(t, "f"), histories.Invoke
			if lane < 0 {
				faults[op.Key] = op
			} else {
				open[op.Process] = op
			}
		}
		out = append(out, op)
	}
	return out
}
