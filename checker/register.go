package checker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const linearizable = "linearizable"

// The engines, as the note "engine" names them.
const (
	zoneEngine      = "zone"
	porcupineEngine = "porcupine"
)

const (
	// At most this many keys get an anomaly with an explanation.
	explained = 10
	// They are chosen from the first so many keys that are wrong.
	considered = 64
)

// Register checks that each key is a linearizable register: functions read and
// write, and nil before the first write. Keys in which every value was written
// at most once, and nil never, are decided by the zone algorithm: linear and
// never unknown. The others are searched by porcupine and may run out of the
// budget. The note "engine" says which keys went where.
//
// Each violation is confirmed by the other engine before it is reported, and
// each order is replayed on a plain register; a disagreement is Unknown.
func Register() Checker {
	return &budget{inner: Named(linearizable, Func(checkRegister)), fallback: true}
}

func checkRegister(ctx context.Context, run Run) Verdict {
	if ctx.Err() != nil {
		return Verdict{Checker: linearizable, Reason: stopReason(ctx)}
	}
	model := RegisterModel()
	ops, err := prepare(run, model)
	if err != nil {
		return malformed(err)
	}
	z, err := newZones(run.History, ops)
	if err != nil {
		return Verdict{Checker: linearizable, Reason: err.Error()}
	}
	z.solve()
	p := &panel{model: model, run: run, keys: len(z.keys), operations: len(ops)}
	p.zones(ctx, z)
	var ambiguous []object
	if n := z.ambiguous(); n > 0 {
		for _, o := range objects(ops) {
			if k, _ := z.keyOf(o.key); z.keys[k].ambiguous {
				ambiguous = append(ambiguous, o)
			}
		}
		if n < len(z.keys) {
			p.engine = fmt.Sprintf("%s (%d keys), %s (%d keys with repeated values)", zoneEngine, len(z.keys)-n, porcupineEngine, n)
		} else {
			p.engine = porcupineEngine + " (repeated values)"
		}
	} else {
		p.engine = zoneEngine
	}
	p.search(ctx, ambiguous)
	return p.verdict()
}

// ambiguous counts the keys that zones cannot decide.
func (z *zones) ambiguous() int {
	n := 0
	for _, k := range z.keys {
		if k.ambiguous {
			n++
		}
	}
	return n
}

// zones takes over what the zone engine found, after a second opinion.
func (p *panel) zones(ctx context.Context, z *zones) {
	violations := z.violations()
	bad := make(map[string]bool)
	for _, key := range violations {
		bad[z.keys[key].name] = true
	}
	var found []Anomaly
	for i, key := range violations {
		p.affected++
		if i >= considered {
			continue
		}
		w := z.witness(z.findings[key])
		if err := w.confirm(ctx, z.ops); err != nil {
			p.affected--
			p.unknown(fmt.Sprintf("%s: the engines disagree: %v", place(w.key), err))
			continue
		}
		found = append(found, z.anomaly(story{p.run.History}, w))
	}
	slices.SortStableFunc(found, func(a, b Anomaly) int { return cmp.Compare(slices.Max(a.Ops), slices.Max(b.Ops)) })
	p.anomalies = telling(found)
	skip := func(key string) bool {
		k, _ := z.keyOf(key)
		return z.keys[k].ambiguous || bad[key]
	}
	if err := validateLinearization(z.ops, z.linearization(), skip); err != nil {
		p.unknown("the order that was found does not pass its replay: " + err.Error())
	}
}

// panel collects what is found about the keys of one history.
type panel struct {
	model      Model
	run        Run
	engine     string
	keys       int
	operations int
	patched    int
	affected   int // keys that are wrong
	anomalies  []Anomaly
	reasons    []string
	undecided  int
}

func (p *panel) unknown(reason string) {
	p.undecided++
	if len(p.reasons) < explained {
		p.reasons = append(p.reasons, reason)
	}
}

func (p *panel) verdict() Verdict {
	v := Verdict{Checker: linearizable, Validity: Valid, Anomalies: p.anomalies}
	switch {
	case len(p.anomalies) > 0:
		v.Validity = Invalid
	case p.undecided > 0:
		v.Validity = Unknown
	}
	if p.undecided > 0 {
		v.Reason = strings.Join(p.reasons, "; ")
	}
	note := func(name, value string) { v.Notes = append(v.Notes, Note{name, value}) }
	note("model", p.model.Name())
	note("engine", p.engine)
	note("operations", strconv.Itoa(p.operations))
	note("keys", strconv.Itoa(p.keys))
	if p.affected > 0 {
		note("keys affected", fmt.Sprintf("%d (%d explained)", p.affected, len(p.anomalies)))
	}
	if p.undecided > 0 {
		note("keys undecided", strconv.Itoa(p.undecided))
	}
	if p.patched > 0 {
		note("patched operations", fmt.Sprintf("%d of unknown outcome were left out or bounded by the first read of their value", p.patched))
	}
	return v
}
