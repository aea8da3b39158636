package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

const ms = time.Millisecond

// synthetic makes a run of n operations by clients clients on five nodes with
// faults faults; the same arguments give the same run.
type synthetic struct {
	rng     *rand.Rand
	events  []histories.Op
	n       int
	clients int
	length  time.Duration
	faults  []Fault
}

func newRun(n, clients, faults int, length time.Duration) *synthetic {
	s := &synthetic{rng: rand.New(rand.NewPCG(1, 2)), n: n, clients: clients, length: length}
	s.addFaults(faults)
	for c := range clients {
		s.client(c)
	}
	return s
}

func (s *synthetic) addFaults(n int) {
	kinds := []struct{ kind, what, evidence string }{
		{"partition", "cut n1 n2 | n3 n4 n5", "1.2 MB withheld on 6 links, 14 dials timed out"},
		{"kill", "kill n3", "process 4711 ended by SIGKILL, back after 61 ms"},
		{"pause", "pause n2", "state T seen for 900 ms"},
		{"delay", "delay n1→n4 by 80 ms ± 20", "312 chunks delayed by 79.4 ms on average"},
		{"clock", "clock of n5 +30 s", "node read back +30.0002 s"},
		{"disk", "lose unsynced writes of n4", "18 writes lost"},
	}
	for i := range n {
		k := kinds[i%len(kinds)]
		start := s.length * time.Duration(i+1) / time.Duration(n+2)
		f := Fault{Step: fmt.Sprintf("%02d-%s", i+1, k.kind), Kind: k.kind, Description: k.what, Start: start,
			End: start + s.length/time.Duration(40) + time.Duration(s.rng.IntN(900))*ms, Effect: i%12 != 7, Evidence: k.evidence}
		if !f.Effect {
			f.Evidence = "no dial and no byte was withheld"
		}
		s.faults = append(s.faults, f)
	}
}

// client makes the operations of one client, one after the other.
func (s *synthetic) client(c int) {
	pace := s.length / time.Duration(max(s.n/s.clients, 1))
	process := c
	for i := range s.n / s.clients {
		t := time.Duration(i)*pace + time.Duration(s.rng.Int64N(int64(pace/3+1)))
		took := time.Duration((0.4 + s.rng.ExpFloat64()*0.5) * float64(ms))
		typ, cause := histories.OK, ""
		if slices.ContainsFunc(s.faults, func(f Fault) bool { return f.Start <= t && t <= f.End }) {
			took *= 3
			switch x := s.rng.IntN(100); {
			case x < 3:
				typ, cause, took = histories.Info, "i/o timeout", pace-pace/2
			case x < 7:
				typ, cause = histories.Fail, "connection refused"
			}
		}
		s.add(process, t, min(took, pace*6/10), typ, cause)
		if typ == histories.Info {
			process += s.clients
		}
	}
}

func (s *synthetic) add(process int, t, took time.Duration, typ histories.Type, cause string) {
	op := histories.Op{Time: t, Process: process, Type: histories.Invoke, F: "read", Key: fmt.Sprint("k", s.rng.IntN(8)), Node: fmt.Sprint("n", 1+s.rng.IntN(5))}
	if s.rng.IntN(2) == 0 {
		op.F, op.Value = "write", histories.IntValue(int64(len(s.events)))
	}
	done := op
	done.Time, done.Type, done.Error = t+took, typ, cause
	if typ == histories.OK && op.F == "read" {
		done.Value = histories.IntValue(int64(s.rng.IntN(100)))
	}
	s.events = append(s.events, op, done)
}

// page is the run as it would be handed over, judged valid.
func (s *synthetic) page() Page {
	slices.SortStableFunc(s.events, func(a, b histories.Op) int { return int(a.Time - b.Time) })
	for i := range s.events {
		s.events[i].Index = i
	}
	return Page{
		Title: "quorum/register/all", Replay: "go test ./system/quorum -run 'TestJepsen/register' -count=1 -gauntlet.seed=8137266101",
		History: &histories.History{Ops: s.events, Header: histories.Header{Seed: 8137266101, Workload: "register", Model: "register",
			Nodes: []string{"n1", "n2", "n3", "n4", "n5"}, Clients: s.clients, Start: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}},
		Faults: s.faults, Trace: s.trace(),
		Config: []checker.Note{{Name: "system", Value: "quorum"}, {Name: "design", Value: "safe"}, {Name: "testbed", Value: "local"},
			{Name: "duration", Value: s.length.String()}, {Name: "version", Value: "go1.26.8 linux/amd64"}, {Name: "API_TOKEN", Value: "hunter2"}},
		Verdict: checker.Verdict{Checker: "all", Validity: checker.Valid, Parts: []checker.Verdict{
			{Checker: "linearizable", Validity: checker.Valid, Notes: []checker.Note{{Name: "engine", Value: "zone"}, {Name: "keys", Value: "8"}, {Name: "operations", Value: "40000"}, {Name: "time", Value: "212 ms"}}},
			{Checker: "exercised", Validity: checker.Valid, Notes: []checker.Note{{Name: "faults with effect", Value: "23"}}},
		}},
		Files:    []Link{{"history.jsonl", "history.jsonl"}, {"schedule.json", "schedule.json"}, {"trace.jsonl", "trace.jsonl"}, {"results.json", "results.json"}, {"log of n1", "nodes/n1/log"}},
		Pictures: []Link{{"porcupine's picture", "porcupine.html"}},
	}
}

func (s *synthetic) trace() []histories.Event {
	var trace []histories.Event
	for i, f := range s.faults {
		if f.Kind == "kill" {
			trace = append(trace, histories.Event{Time: f.Start + 200*ms, Node: fmt.Sprint("n", 1+i%5), Incarnation: 1 + i/6,
				Name: "leader", Attrs: map[string]any{"term": i + 1, "votes": []string{"n1", "n2", "n4"}}})
		}
	}
	return trace
}

// stale plants a stale read on a key of its own at time t: writes of 1 and 2,
// then reads of 2 and of 1, among other operations of the key.
func (s *synthetic) stale(t time.Duration) {
	add := func(process int, from, to time.Duration, f, node string, in, out int64, typ histories.Type, cause string) {
		invoke := histories.Op{Time: t + from, Process: process, Type: histories.Invoke, F: f, Key: "x", Node: node}
		done := invoke
		done.Time, done.Type, done.Error = t+to, typ, cause
		if f == "write" {
			invoke.Value, done.Value = histories.IntValue(in), histories.IntValue(in)
		} else if typ == histories.OK {
			done.Value = histories.IntValue(out)
		}
		s.events = append(s.events, invoke, done)
	}
	add(1000*s.clients+1, 0, 4*ms, "write", "n1", 1, 0, histories.OK, "")
	add(1000*s.clients+2, 410*ms, 433*ms, "write", "n1", 2, 0, histories.OK, "")
	add(1000*s.clients+3, 436*ms, 439*ms, "read", "n2", 0, 2, histories.OK, "")
	add(1000*s.clients+4, 441*ms, 446*ms, "read", "n5", 0, 1, histories.OK, "")
	add(1000*s.clients+5, 428*ms, 448*ms, "write", "n4", 3, 0, histories.Info, "i/o timeout")
	add(1000*s.clients+5, 449*ms, 452*ms, "read", "n3", 0, 2, histories.OK, "")
	add(1000*s.clients+6, 430*ms, 438*ms, "write", "n3", 4, 0, histories.Fail, "connection refused")
	add(1000*s.clients+7, 412*ms, 415*ms, "read", "n3", 0, 1, histories.OK, "")
}

// broken is the page with the stale read found.
func (s *synthetic) broken() Page {
	p := s.page()
	anomaly := checker.Anomaly{Name: "stale read", Key: "x", Explanation: "Client 4 read 1 from key x at n5, although the write of 2 by client 2 at n1 " +
		"was acknowledged 8 ms before the read began, and client 3 had already read 2 at n2. No order of these operations respects real time: the write of 1 " +
		"comes before the write of 2, which comes before the read of 2, which comes before the read of 1. Meanwhile {n1, n2} was cut from {n3, n4, n5}: n5 could not have heard of 2 and answered alone."}
	for _, op := range p.History.Ops {
		if op.Key == "x" && slices.Contains([]int{1, 2, 3, 4}, op.Process-1000*s.clients) {
			anomaly.Ops = append(anomaly.Ops, op.Index)
		}
	}
	p.Verdict = checker.Verdict{Checker: "all", Validity: checker.Invalid, Parts: []checker.Verdict{
		{Checker: "exercised", Validity: checker.Valid},
		{Checker: "linearizable", Validity: checker.Invalid, Anomalies: []checker.Anomaly{anomaly},
			Notes: []checker.Note{{Name: "engine", Value: "zone"}, {Name: "keys", Value: "9"}, {Name: "time", Value: "212 ms"}}},
	}}
	return p
}
