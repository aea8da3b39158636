package checker

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gauntlet-go/gauntlet/histories"
)

// zones decides whether registers in which every value is written at most once
// are linearizable, for all keys in one pass over the event indexes (after
// Gibbons and Korach, Testing Shared Memories, SIAM J. Comput. 26(4), 1997).
//
// The operations of one value, its write and its reads, are a cluster. With F
// the least return and S the greatest call of its members, a cluster with F < S
// certainly holds the register between F and S: a forward zone. One with F > S
// needs only one moment between S and F: a backward zone. An order exists
// exactly if no read precedes its write, no two forward zones of a key overlap
// and no backward zone lies inside a forward one.
type zones struct {
	ops      []histories.Operation
	cluster  []int32 // per operation, none if it has no effect
	clusters []cluster
	registers
	events   int
	order    []int32           // clusters in the order of the linearization
	findings map[int32]finding // per key, the one that is proven first
}

// A cluster is one value of one key. Ends are event indexes.
type cluster struct {
	key        int32
	writer     int32 // operation; none, or initial
	wc, wr     int32 // call and return of the writer
	rmin, rmax int32 // least return and greatest call of the reads
}

const (
	none    int32 = -1
	initial int32 = -2 // the value that a register holds before any write
	// before and open stand for ends that lie outside of the history.
	before int32 = -1
	open   int32 = math.MaxInt32
)

func (c *cluster) read() bool     { return c.rmax != before }
func (c *cluster) included() bool { return c.read() || c.writer >= 0 && c.wr != open }
func (c *cluster) low() int32     { return min(c.wr, c.rmin) } // F
func (c *cluster) high() int32    { return max(c.wc, c.rmax) } // S

// A rule says why there is no order.
type rule uint8

const (
	unwritten rule = iota + 1 // a read of a value that nobody can have written
	future                    // a read returned before its write was called
	overlap                   // two forward zones overlap
	inside                    // a backward zone lies inside a forward zone
)

func (r rule) String() string {
	return [...]string{unwritten: "R1", future: "R2", overlap: "R8", inside: "R9"}[r]
}

// finding is one violation: by one cluster, or by two.
type finding struct {
	rule  rule
	a, b  int32
	proof int32 // event index at which it is known, nearly
}

// newZones expects operations that prepare has accepted.
func newZones(h *histories.History, ops []histories.Operation) (*zones, error) {
	if len(h.Ops) >= math.MaxInt32 {
		return nil, fmt.Errorf("%d events: more than %d", len(h.Ops), math.MaxInt32-1)
	}
	z := &zones{ops: ops, events: len(h.Ops), cluster: make([]int32, len(ops)), findings: map[int32]finding{}}
	for i, op := range ops {
		z.cluster[i] = z.add(int32(i), op)
	}
	return z, nil
}

// add puts an operation into its cluster and returns it.
func (z *zones) add(i int32, op histories.Operation) int32 {
	outcome := op.Outcome()
	isRead := op.Invoke.F == read
	if outcome == histories.Fail || isRead && outcome != histories.OK {
		return none
	}
	id := z.clusterOf(op.Invoke.Key, registerValue(op))
	c := &z.clusters[id]
	call, ret := int32(op.Invoke.Index), open
	if outcome == histories.OK {
		ret = int32(op.Complete.Index)
	}
	switch {
	case isRead:
		c.rmin, c.rmax = min(c.rmin, ret), max(c.rmax, call)
	case c.writer == none:
		c.writer, c.wc, c.wr = i, call, ret
	default:
		z.keys[c.key].ambiguous = true
	}
	return id
}

// solve finds, for each key, an order of its clusters or a violation.
func (z *zones) solve() {
	at := make([]int32, z.events) // 1+cluster where a forward zone begins, minus that where a backward one does
	for n := range z.clusters {
		id, c := int32(n), &z.clusters[n]
		switch {
		case z.keys[c.key].ambiguous || !c.included():
		case c.writer == initial:
			k := &z.keys[c.key]
			k.holder, k.until = id, c.high()
		case c.writer == none:
			z.report(c.key, finding{rule: unwritten, a: id, b: none, proof: c.rmin})
		case c.rmin < c.wc:
			z.report(c.key, finding{rule: future, a: id, b: none, proof: c.rmin})
		case c.low() < c.high():
			at[c.low()] = id + 1
		default:
			at[c.high()] = -(id + 1)
		}
	}
	z.sweep(at)
}

// sweep goes over the zones in the order of their lower ends, which is the
// order of the linearization if there is one.
func (z *zones) sweep(at []int32) {
	for n := range z.keys {
		if k := &z.keys[n]; k.holder >= 0 {
			z.order = append(z.order, k.holder)
		}
	}
	for t, v := range at {
		if v == 0 {
			continue
		}
		id := max(v, -v) - 1
		c := &z.clusters[id]
		k := &z.keys[c.key]
		z.order = append(z.order, id)
		switch {
		case v < 0 && k.until > c.low():
			z.report(c.key, finding{rule: inside, a: k.holder, b: id, proof: k.until})
		case v > 0 && int32(t) < k.until:
			z.report(c.key, finding{rule: overlap, a: k.holder, b: id, proof: max(k.until, c.high())})
		}
		if v > 0 && c.high() > k.until {
			k.holder, k.until = id, c.high()
		}
	}
}

// report keeps the finding that is proven first; of those that one operation
// proves, the one that was swept last, whose values are the nearest to it.
func (z *zones) report(key int32, f finding) {
	if old, ok := z.findings[key]; !ok || f.proof <= old.proof {
		z.findings[key] = f
	}
}

// violations are the keys with a finding, the one proven first first.
func (z *zones) violations() []int32 {
	keys := make([]int32, 0, len(z.findings))
	for key := range z.findings {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b int32) int {
		return cmp.Or(cmp.Compare(z.findings[a].proof, z.findings[b].proof), cmp.Compare(a, b))
	})
	return keys
}
