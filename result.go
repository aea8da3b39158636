package gauntlet

import (
	"strings"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

// Result is what came of a run. Its JSON is results.json.
type Result struct {
	Name     string           `json:"name"`
	System   string           `json:"system"`
	Seed     uint64           `json:"seed"`
	Validity checker.Validity `json:"validity"`
	Verdict  checker.Verdict  `json:"verdict"`
	// First is the first violation, nil if there is none.
	First *First `json:"first,omitempty"`
	// OK, Fail and Info count the operations by outcome.
	OK   int64 `json:"ok"`
	Fail int64 `json:"fail"`
	Info int64 `json:"info"`
	// Faults tells for each kind how often it was injected and how often it
	// had an effect.
	Faults []FaultCount `json:"faults,omitempty"`
	// Interrupted says that the run was ended before its time.
	Interrupted bool   `json:"interrupted,omitempty"`
	Replay      string `json:"replay"`
	Dir         string `json:"dir"`
	Report      string `json:"report"`

	history  *histories.History
	schedule nemesis.Schedule
}

// History is the run's history, as read back from its file.
func (r *Result) History() *histories.History { return r.history }

// Schedule is what the nemesis had to do.
func (r *Result) Schedule() nemesis.Schedule { return r.schedule }

// First tells how soon a violation showed.
type First struct {
	Anomaly string `json:"anomaly"`
	Key     string `json:"key,omitempty"`
	// Seconds and Operations count from the start of the run to the event
	// that completes the proof: completed operations of clients.
	Seconds    float64 `json:"seconds"`
	Operations int     `json:"operations"`
}

// FaultCount is one kind of fault.
type FaultCount struct {
	Kind     string `json:"kind"`
	Injected int    `json:"injected"`
	Effect   int    `json:"effect"`
}

// first finds the anomaly whose proof is complete first.
func first(h *histories.History, v checker.Verdict) *First {
	var found *First
	last := -1
	for a := range v.Each() {
		end := 0
		for _, i := range a.Ops {
			end = max(end, i)
		}
		if end >= len(h.Ops) || (last >= 0 && end >= last) {
			continue
		}
		last = end
		found = &First{Anomaly: a.Name, Key: a.Key}
		if len(a.Ops) > 0 {
			found.Seconds = h.Ops[end].Time.Round(time.Millisecond).Seconds()
		}
	}
	if found == nil {
		return nil
	}
	for _, op := range h.Ops[:min(last+1, len(h.Ops))] {
		if op.Process != histories.Nemesis && op.Type != histories.Invoke {
			found.Operations++
		}
	}
	return found
}

// countFaults tells for each kind of fault in the history, whatever its shape,
// in order of appearance, how often it had an effect.
func countFaults(h *histories.History) []FaultCount {
	var counts []FaultCount
	at := map[string]int{}
	for _, f := range h.Faults() {
		kind, _, _ := strings.Cut(f.Invoke.F, "/")
		i, ok := at[kind]
		if !ok {
			i = len(counts)
			at[kind] = i
			counts = append(counts, FaultCount{Kind: kind})
		}
		counts[i].Injected++
		if f.Outcome() == histories.OK {
			counts[i].Effect++
		}
	}
	return counts
}
