package histories_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

// small is a history with every kind of event.
func small() *histories.History {
	h := &histories.History{Header: histories.Header{
		Start: time.Date(2026, 11, 20, 12, 0, 0, 5, time.UTC), Seed: 1<<64 - 1,
		Workload: "kv", Model: "register", Nodes: []string{"n1", "n2"}, Clients: 2,
	}}
	add := func(op histories.Op) {
		op.Index, op.Time = len(h.Ops), time.Duration(1+len(h.Ops)/2)*time.Millisecond
		h.Ops = append(h.Ops, op)
	}
	write := histories.Op{Process: 0, Type: histories.Invoke, F: "write", Key: "x", Value: histories.IntValue(-5), Node: "n2"}
	add(write)
	add(histories.Op{Process: histories.Nemesis, Type: histories.Invoke, F: "partition", Key: "step-1", Value: histories.ListValue(histories.StringValue("n1"), histories.ListValue())})
	add(histories.Op{Process: histories.Nemesis, Type: histories.Invoke, F: "kill", Key: "step-2"})
	add(histories.Op{Process: 1, Type: histories.Invoke, F: "read"})
	write.Type, write.Error = histories.Info, "timeout: \"é\xff\u2028\""
	add(write)
	add(histories.Op{Process: 1, Type: histories.OK, F: "read", Value: histories.StringValue("a\nb")})
	add(histories.Op{Process: 2, Type: histories.Invoke, F: "write", Key: "x"})
	add(histories.Op{Process: 2, Type: histories.Fail, F: "write", Key: "x", Error: "refused"})
	add(histories.Op{Process: histories.Nemesis, Type: histories.OK, F: "partition", Key: "step-1", Error: "withheld 512 bytes"})
	add(histories.Op{Process: 2, Type: histories.Invoke, F: "read"})
	return h
}

func file(t require.TestingT, h *histories.History) []byte {
	var out bytes.Buffer
	n, err := h.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, int64(out.Len()), n)
	return out.Bytes()
}

func TestFormat(t *testing.T) {
	h := small()
	h.Ops = h.Ops[:5]
	want := `{"format":"gauntlet/1","start":"2026-11-20T12:00:00.000000005Z","clock":"monotonic-ns","seed":"18446744073709551615","workload":"kv","model":"register","nodes":["n1","n2"],"clients":2}
{"index":0,"time":1000000,"type":"invoke","process":0,"f":"write","key":"x","value":-5,"node":"n2"}
{"index":1,"time":1000000,"type":"invoke","process":"nemesis","f":"partition","key":"step-1","value":["n1",[]]}
{"index":2,"time":2000000,"type":"invoke","process":"nemesis","f":"kill","key":"step-2"}
{"index":3,"time":2000000,"type":"invoke","process":1,"f":"read"}
{"index":4,"time":3000000,"type":"info","process":0,"f":"write","key":"x","value":-5,"node":"n2","error":"timeout: \"é\udcff\u2028\""}
{"end":true,"events":5,"crc32c":"`
	got := string(file(t, h))
	require.Equal(t, want, got[:len(want)])
	require.Regexp(t, `^[0-9a-f]{8}"}\n$`, got[len(want):])
}

func TestWrittenHistoryReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &histories.History{Header: header(t), Ops: events(t)}
		for i := range h.Ops {
			h.Ops[i].Index, h.Ops[i].Time = i, time.Duration(i/2)
		}
		back, err := histories.Read(bytes.NewReader(file(t, h)), "history.jsonl")
		require.NoError(t, err)
		require.Empty(t, back.Interrupted)
		requireHeader(t, h.Header, back.Header)
		require.Equal(t, len(h.Ops), len(back.Ops))
		for i := range h.Ops {
			require.Equal(t, string(h.Ops[i].AppendJSON(nil)), string(back.Ops[i].AppendJSON(nil)))
		}
		require.Equal(t, file(t, h), file(t, back))
	})
}

// TestTruncationAnywhere cuts a file after each of its bytes.
func TestTruncationAnywhere(t *testing.T) {
	h := small()
	whole := file(t, h)
	header := bytes.IndexByte(whole, '\n')
	ends := []int{} // where the text of each event ends
	for at := header + 1; len(ends) < len(h.Ops); {
		at += bytes.IndexByte(whole[at:], '\n')
		ends = append(ends, at)
		at++
	}
	for cut := range whole {
		got, err := histories.Read(bytes.NewReader(whole[:cut]), "cut.jsonl")
		if cut < header {
			require.Equal(t, 1, requireRule(t, err, histories.RuleHeader).Line)
			continue
		}
		require.NoError(t, err, "cut after %d bytes", cut)
		n := 0
		for n < len(ends) && ends[n] <= cut {
			n++
		}
		requireOps(t, h.Ops[:n], got.Ops)
		require.Equal(t, cut < len(whole)-1, got.Interrupted != "", "cut after %d of %d bytes: %q", cut, len(whole), got.Interrupted)
	}
}

// TestEveryFlippedBitIsNoticed damages each bit of a file.
func TestEveryFlippedBitIsNoticed(t *testing.T) {
	whole := file(t, small())
	for i := range whole {
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << bit
			h, err := histories.Read(bytes.NewReader(bad), "bad.jsonl")
			require.Truef(t, err != nil || h.Interrupted != "", "bit %d of byte %d was flipped: %s", bit, i, bad)
		}
	}
}

func TestInterruptedSaysWhy(t *testing.T) {
	whole := file(t, small())
	cut := bytes.Index(whole, []byte(`{"index":3`))
	h, err := histories.Read(bytes.NewReader(whole[:cut]), "")
	require.NoError(t, err)
	require.Equal(t, "the file ends after 3 events, without a trailer", h.Interrupted)
	h, err = histories.Read(bytes.NewReader(whole[:cut+7]), "")
	require.NoError(t, err)
	require.Equal(t, "line 5 is cut after 7 bytes; there are 3 events before it, and no trailer", h.Interrupted)

	again, err := histories.Read(bytes.NewReader(file(t, h)), "")
	require.NoError(t, err)
	require.NotEmpty(t, again.Interrupted, "writing an interrupted history must not complete it")
}

// TestBrokenLines replaces one line of a good file and expects the line and the
// rule in the error.
func TestBrokenLines(t *testing.T) {
	event := func(s string) string { return `{"index":3,"time":2000000,` + s + `}` }
	for _, c := range []struct {
		line  int
		text  string
		rule  histories.Rule
		found string
	}{
		{1, `{"format":"gauntlet/2"}`, histories.RuleHeader, "gauntlet/2"},
		{1, `{"workload":"x"}`, histories.RuleHeader, "workload"},
		{1, `{"format":"gauntlet/1","clock":"wall"}`, histories.RuleHeader, "wall"},
		{1, `{"format":"gauntlet/1","start":"today"}`, histories.RuleHeader, "today"},
		{1, `{"format":"gauntlet/1","seed":"-1"}`, histories.RuleHeader, "-1"},
		{1, `{"format":"gauntlet/1","clients":-1}`, histories.RuleHeader, "-1 clients"},
		{1, `{:index 0, :type :invoke}`, histories.RuleHeader, ":index"},
		{5, `{"index":3`, histories.RuleSyntax, "the end of the line at column"},
		{5, `nonsense`, histories.RuleSyntax, `"nonsense`},
		{5, event(`"type":"invoke","process":1,"f":7`), histories.RuleSyntax, "7"},
		{5, event(`"type":"invoke","process":1,"f":"read"`) + "}", histories.RuleSyntax, "}"},
		{5, event(`"type":"invoke","process":1,"f":"read","value":1.5`), histories.RuleSyntax, "1.5"},
		{5, event(`"type":"invoke","process":1`), histories.RuleFields, `no field "f"`},
		{5, event(`"type":"invoke","process":1,"f":"read","f":"read"`), histories.RuleFields, `a second field "f"`},
		{5, strings.Replace(event(`"type":"invoke","process":1,"f":"read"`), "3", "4", 1), histories.RuleIndex, "index 4"},
		{6, `{"index":4,"time":5,"type":"info","process":0,"f":"write","key":"x"}`, histories.RuleTime, "5ns"},
		{10, `{"index":8,"time":5,"type":"ok","process":"nemesis","f":"partition","key":"step-1"}`, histories.RuleTime, "5ns"},
		{4, `{"index":2,"time":5,"type":"invoke","process":"nemesis","f":"kill","key":"step-2"}`, histories.RuleTime, "5ns"},
		{5, event(`"type":"done","process":1,"f":"read"`), histories.RuleType, "done"},
		{5, event(`"type":"invoke","process":-1,"f":"read"`), histories.RuleProcess, "-1"},
		{5, event(`"type":"invoke","process":"client","f":"read"`), histories.RuleProcess, "client"},
		{5, event(`"type":"invoke","process":0,"f":"read"`), histories.RuleOpen, "process 0"},
		{5, event(`"type":"invoke","process":"nemesis","f":"pause","key":"step-2"`), histories.RuleOpen, "the nemesis"},
		{5, event(`"type":"ok","process":1,"f":"read"`), histories.RuleInvoked, "process 1"},
		{5, event(`"type":"ok","process":"nemesis","f":"kill","key":"step-3"`), histories.RuleInvoked, "step-3"},
		{7, `{"index":5,"time":3000000,"type":"ok","process":1,"f":"write"}`, histories.RuleMatch, `"write"`},
		{7, `{"index":5,"time":3000000,"type":"ok","process":1,"f":"read","key":"y"}`, histories.RuleMatch, `"y"`},
		{7, `{"index":5,"time":3000000,"type":"invoke","process":0,"f":"read"}`, histories.RuleRetired, "process 0"},
		{5, event(`"type":"invoke","process":1,"f":"read","value":` + strings.Repeat("[", 1001)), histories.RuleValue, "["},
		{12, `{"end":true,"events":9,"crc32c":"00000000"}`, histories.RuleTrailer, "10 events"},
		{12, `{"end":true,"events":10,"crc32c":"00000000"}`, histories.RuleChecksum, "CRC-32C"},
		{12, `{"end":false,"events":10,"crc32c":"00000000"}`, histories.RuleTrailer, "false"},
		{12, `{"end":true,"events":10}`, histories.RuleFields, "crc32c"},
		{4, "{\"index\":2,\"time\":2000000,\"type\":\"invoke\",\"process\":\"nemesis\",\"f\":\"kill\",\"key\":\"step-\x01\"}", histories.RuleSyntax, "\\x01"},
	} {
		lines := strings.SplitAfter(string(file(t, small())), "\n")
		lines[c.line-1] = c.text + "\n"
		_, err := histories.Read(strings.NewReader(strings.Join(lines, "")), "dir/bad.jsonl")
		broken := requireRule(t, err, c.rule)
		require.Equal(t, c.line, broken.Line, "%v", err)
		require.Contains(t, broken.Found, c.found)
		require.True(t, strings.HasPrefix(err.Error(), fmt.Sprintf("dir/bad.jsonl: line %d: found ", c.line)), "%v", err)
	}
}

func TestNothingFollowsTheTrailer(t *testing.T) {
	text := string(file(t, small()))
	_, err := histories.Read(strings.NewReader(text+"\n \r\n"), "")
	require.NoError(t, err)
	for _, more := range []string{"{}\n", "x", `{"end":true,"events":10,"crc32c":"00000000"}` + "\n"} {
		_, err = histories.Read(strings.NewReader(text+more), "")
		require.Equal(t, 13, requireRule(t, err, histories.RuleTrailer).Line)
	}
}

func TestReaderIsTolerantOfForm(t *testing.T) {
	h, err := histories.Read(strings.NewReader(`
 {"later":{"a":[1.5e-3,true,{"b":null}]}, "clients" : 3, "seed": 18446744073709551615, "format":"gauntlet/1" }`[1:]+"\r\n\n"+
		` { "f":"read", "process" : 4,"type":"invoke" ,"time":-1,"index":0,"term":-0.5,"key":null,"value":null,"ext":[] }`+"\n\t\n"+
		`{"index":1,"time":-1,"process":4,"f":"\u0072ead","type":"ok","value":[ 1 , "a" ]}`+"\n"), "")
	require.NoError(t, err)
	require.Equal(t, 3, h.Header.Clients)
	require.Equal(t, uint64(1<<64-1), h.Header.Seed)
	require.Len(t, h.Operations(), 1)
	require.Equal(t, `[1,"a"]`, h.Operations()[0].Value().String())
}

func TestLongLines(t *testing.T) {
	h := small()
	h.Ops[0].Value = histories.StringValue(strings.Repeat("0123456789", 100_000))
	back, err := histories.Read(bytes.NewReader(file(t, h)), "")
	require.NoError(t, err)
	require.True(t, h.Ops[0].Value.Equal(back.Ops[0].Value))
}

func TestReadReportsFailuresOfTheReader(t *testing.T) {
	boom := errors.New("boom")
	whole := file(t, small())
	for _, n := range []int{0, 100, len(whole)} {
		_, err := histories.Read(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(boom)), "x.jsonl")
		require.ErrorIs(t, err, boom)
		require.ErrorContains(t, err, "x.jsonl: line ")
	}
	_, err := histories.ReadFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	whole := file(f, small())
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"format":"gauntlet/1"}` + "\n" + `{"index":0,"time":0,"type":"invoke","process":"nemesis","f":"","value":[1,["\ud83d\ude00"]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := histories.Read(bytes.NewReader(text), "fuzz.jsonl")
		if err != nil {
			var broken *histories.Error
			require.ErrorAs(t, err, &broken)
			require.Positive(t, broken.Line)
			return
		}
		require.NoError(t, histories.Validate(h))
		requirePairs(t, h)
		back, err := histories.Read(bytes.NewReader(file(t, h)), "again.jsonl")
		require.NoError(t, err)
		require.Equal(t, h.Interrupted == "", back.Interrupted == "")
		require.Equal(t, file(t, h), file(t, back))
	})
}
