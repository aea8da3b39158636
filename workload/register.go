package workload

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/internal/dice"
)

// Register reads and writes registers, one for each key. Each written value is
// written once per key, counting from 1, so that a read tells which write it
// saw. A few keys are in use at a time, and a key is retired after so many
// operations, or so many of which nobody knows whether they happened: that
// keeps each register's history small and the search for an order cheap.
type Register struct {
	Keys      int     // keys in use at a time; 0 means 4
	OpsPerKey int     // operations until a key is retired; 0 means 200
	OpenLimit int     // operations of unknown outcome until a key is retired; 0 means 8
	Reads     float64 // share of reads; 0 means 0.5
}

func (r Register) withDefaults() Register {
	if r.Keys == 0 {
		r.Keys = 4
	}
	if r.OpsPerKey == 0 {
		r.OpsPerKey = 200
	}
	if r.OpenLimit == 0 {
		r.OpenLimit = 8
	}
	if r.Reads == 0 {
		r.Reads = 0.5
	}
	return r
}

// Name returns "register".
func (Register) Name() string { return "register" }

// Model returns "register".
func (Register) Model() string { return "register" }

// Checker judges linearizability per key.
func (Register) Checker() checker.Checker { return checker.Register() }

// Generator returns the reads and writes of one run.
func (r Register) Generator(seed uint64, lanes int) Generator {
	r = r.withDefaults()
	g := &registers{cfg: r, lanes: lanes, keys: make(map[string]*register)}
	for i := range lanes {
		g.dice = append(g.dice, dice.For(seed, fmt.Sprintf("lane/%d", i)))
	}
	for range r.Keys {
		g.active = append(g.active, g.fresh())
	}
	return g
}

// registers is a Generator.
type registers struct {
	cfg   Register
	lanes int
	dice  []*rand.Rand // one a lane, used by that lane alone

	mu     sync.Mutex
	keys   map[string]*register
	all    []*register // in order of their making
	active []*register
	finals []final
	ready  bool // finals has been made
}

type register struct {
	key       string
	last      int64 // value written last
	ops, open int
}

// final is a read that is to be done by a lane; lane is -1 when it was begun.
type final struct {
	key   string
	lane  int
	tries int
}

// finalTries is how often a final read is tried before it is given up.
const finalTries = 20

// fresh makes a key. The caller holds mu or is alone.
func (g *registers) fresh() *register {
	r := &register{key: strconv.Itoa(len(g.all))}
	g.all = append(g.all, r)
	g.keys[r.key] = r
	return r
}

// Next returns a read or a write of one of the keys in use.
func (g *registers) Next(lane int) histories.Op {
	slot, read := g.dice[lane].IntN(g.cfg.Keys), g.dice[lane].Float64() < g.cfg.Reads
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.active[slot]
	if r.ops >= g.cfg.OpsPerKey || r.open >= g.cfg.OpenLimit {
		r = g.fresh()
		g.active[slot] = r
	}
	r.ops++
	if read {
		return histories.Op{F: "read", Key: r.key}
	}
	r.last++
	return histories.Op{F: "write", Key: r.key, Value: histories.IntValue(r.last)}
}

// Completed counts what is left open, and puts a final read back that failed.
func (g *registers) Completed(op histories.Op) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.keys[op.Key]
	if r == nil {
		return
	}
	if op.Type == histories.Info {
		r.open++
	}
	if g.ready && op.Type != histories.OK {
		g.retry(op.Key, op.Process%g.lanes)
	}
}

// retry gives a final read back to the lane that has just failed with it.
func (g *registers) retry(key string, lane int) {
	for i := range g.finals {
		if f := &g.finals[i]; f.key == key && f.lane < 0 && f.tries < finalTries {
			f.lane = lane
			return
		}
	}
}

// Final returns reads of every key, by two lanes each.
func (g *registers) Final(lane int) (histories.Op, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ready {
		g.ready = true
		for i, r := range g.all {
			g.finals = append(g.finals, final{key: r.key, lane: i % g.lanes}, final{key: r.key, lane: (i + 1) % g.lanes})
		}
	}
	for i := range g.finals {
		if f := &g.finals[i]; f.lane == lane {
			f.lane = -1
			f.tries++
			return histories.Op{F: "read", Key: f.key}, true
		}
	}
	return histories.Op{}, false
}

// KeyPatterns returns patterns that match every second key: of the keys in use
// some always match and some do not.
func (g *registers) KeyPatterns() []string {
	return []string{"*[02468]", "*[13579]"}
}
