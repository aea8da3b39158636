package checker

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

// diagram makes a history of a picture: a row per client, time from left to
// right, ten columns a second.
//
//	0 n1: |--w1--|       |--r2--|      write 1, ok; read that returned 2
//	1 n2:    |---w2--->                info: may still happen
//	2 n3: |--w3--!  |-y.r-|            failed; read of key y that returned nil
//	nemesis: |===partition===|         "!" at the end: no effect was observed
//
// A row without a node is "0: …". cas is c1,2. In one column invocations come
// first. After an info the row goes on with a new process.
func diagram(t testing.TB, text string) *histories.History {
	t.Helper()
	h := &histories.History{Header: histories.Header{Clients: 8, Nodes: []string{"n1", "n2", "n3"}}}
	type event struct {
		column int
		op     histories.Op
	}
	var events []event
	for row := range strings.Lines(text) {
		head, bars, found := strings.Cut(row, ":")
		if strings.TrimSpace(head) == "" {
			continue
		}
		require.True(t, found, "row %q has no name", row)
		name := strings.Fields(head)
		process, node := histories.Nemesis, ""
		if name[0] != "nemesis" {
			process, _ = strconv.Atoi(name[0])
		}
		if len(name) > 1 {
			node = name[1]
		}
		offset := len(head) + 1
		for n, at := range bar.FindAllStringSubmatchIndex(bars, -1) {
			call, end := offset+at[0], offset+at[1]-1
			label, mark := bars[at[2]:at[3]], bars[at[4]:at[5]]
			invoke, complete := parseBar(t, label, mark)
			if process == histories.Nemesis {
				key := strconv.Itoa(n)
				invoke.F, invoke.Key, invoke.Value, complete.F, complete.Key = label, key, histories.StringValue("n1 | n2 n3"), label, key
			}
			for _, op := range []*histories.Op{&invoke, &complete} {
				op.Process, op.Node = process, node
			}
			events = append(events, event{call, invoke}, event{end, complete})
			if mark == ">" {
				process += h.Header.Clients
			}
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.column, b.column), cmp.Compare(min(a.op.Type, histories.OK), min(b.op.Type, histories.OK)))
	})
	for i, e := range events {
		e.op.Index, e.op.Time = i, time.Duration(e.column)*100*time.Millisecond
		h.Ops = append(h.Ops, e.op)
	}
	require.NoError(t, histories.Validate(h))
	return h
}

var (
	bar   = regexp.MustCompile(`\|[-=]*([^-=|>!\s]+)[-=]*([|>!])`)
	label = regexp.MustCompile(`^(?:(\w+)\.)?([rwc])(.*)$`)
)

func parseBar(t testing.TB, text, mark string) (invoke, complete histories.Op) {
	t.Helper()
	invoke.Type, complete.Type = histories.Invoke, map[string]histories.Type{"|": histories.OK, ">": histories.Info, "!": histories.Fail}[mark]
	part := label.FindStringSubmatch(text)
	if part == nil {
		return invoke, complete
	}
	if mark != "|" {
		complete.Error = "timeout"
	}
	invoke.Key = part[1]
	invoke.F = map[string]string{"r": read, "w": write, "c": cas}[part[2]]
	switch value := parseValues(part[3]); {
	case invoke.F != read:
		invoke.Value = value
	case mark == "|":
		complete.Value = value
	}
	complete.F, complete.Key = invoke.F, invoke.Key
	return invoke, complete
}

func parseValues(text string) histories.Value {
	if text == "" {
		return histories.Value{}
	}
	var list []histories.Value
	for part := range strings.SplitSeq(text, ",") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			list = append(list, histories.IntValue(n))
		} else {
			list = append(list, histories.StringValue(part))
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return histories.ListValue(list...)
}
