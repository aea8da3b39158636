package histories_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

func ExampleCreate() {
	dir, err := os.MkdirTemp("", "histories")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "history.jsonl")

	r, err := histories.Create(path, histories.Header{Workload: "register", Model: "register", Clients: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	write := histories.Op{Process: 0, F: "write", Key: "x", Value: histories.IntValue(5)}
	r.Invoke(write) // before the request leaves
	write.Type = histories.OK
	r.Complete(write) // after the reply has arrived
	_, err = r.Complete(write)
	fmt.Println(strings.ReplaceAll(err.Error(), dir, "…"))
	fmt.Println(r.Close())

	h, err := histories.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range h.Operations() {
		fmt.Println(o.Invoke.F, o.Invoke.Key, o.Value(), o.Outcome())
	}
	// Output:
	// …/history.jsonl: event 2: found ok of f "write" with key "x" by process 0, expected an invocation before its completion (rule completion-without-invocation)
	// <nil>
	// write x 5 ok
}

func ExampleRead() {
	h, err := histories.Read(strings.NewReader(`{"format":"gauntlet/1","workload":"register","clients":2}
{"index":0,"time":1000,"type":"invoke","process":0,"f":"write","value":5}
{"index":1,"time":2000,"type":"invoke","process":1,"f":"read"}
{"index":2,"time":3000,"type":"ok","proc`), "history.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(h.Ops), "events:", h.Interrupted)

	_, err = histories.Read(strings.NewReader(`{"format":"gauntlet/1"}
{"index":0,"time":1000,"type":"ok","process":0,"f":"write","value":5}
`), "history.jsonl")
	fmt.Println(err)
	// Output:
	// 2 events: line 4 is cut after 40 bytes; there are 2 events before it, and no trailer
	// history.jsonl: line 2: found ok of f "write" with key "" by process 0, expected an invocation before its completion (rule completion-without-invocation)
}

func ExampleHistory_Faults() {
	h := &histories.History{Ops: []histories.Op{
		{Index: 0, Process: histories.Nemesis, Type: histories.Invoke, F: "partition", Key: "step-1"},
		{Index: 1, Process: histories.Nemesis, Type: histories.Invoke, F: "kill", Key: "step-2"},
		{Index: 2, Process: histories.Nemesis, Type: histories.OK, F: "partition", Key: "step-1", Error: "withheld 512 bytes"},
	}}
	fmt.Println(histories.Validate(h))
	for _, fault := range h.Faults() {
		fmt.Println(fault.Invoke.Key, fault.Invoke.F, fault.Outcome())
	}
	// Output:
	// <nil>
	// step-1 partition ok
	// step-2 kill info
}

func ExampleReadTrace() {
	e := histories.Event{Time: 12 * time.Millisecond, Node: "n2", Incarnation: 1, Name: "vote", Attrs: map[string]any{"for": "n1", "term": 3}}
	line, err := e.AppendJSON(nil)
	fmt.Println(string(line), err)

	events, err := histories.ReadTrace(bytes.NewReader(line), "trace.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	term, _ := events[0].Int("term")
	fmt.Println(events[0].Node, events[0].Name, events[0].Str("for"), term)
	// Output:
	// {"time":12000000,"node":"n2","incarnation":1,"name":"vote","attrs":{"for":"n1","term":3}} <nil>
	// n2 vote n1 3
}

func ExampleParseValue() {
	v, err := histories.ParseValue([]byte(`["append", 1, [2, null]]`))
	fmt.Println(v, v.Kind() == histories.List, err)
	// Output: ["append",1,[2,null]] true <nil>
}
