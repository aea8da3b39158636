package checker

import (
	"math"

	"github.com/gauntlet-go/gauntlet/histories"
)

// never is the return of an operation that may still take effect at any time.
// The event index of a return is less.
const never int64 = math.MaxInt64

// span is an operation as the search sees it: it takes effect between the event
// indexes call and ret.
type span struct {
	histories.Operation
	call, ret int64
	lane      int // row in a picture
}

// spansOf leaves out what has no effect: what failed, and reads that are not OK.
func spansOf(m Model, ops []histories.Operation) []span {
	var spans []span
	for _, op := range ops {
		switch op.Outcome() {
		case histories.OK:
			spans = append(spans, span{Operation: op, call: int64(op.Invoke.Index), ret: int64(op.Complete.Index)})
		case histories.Fail:
		default:
			if !m.ReadOnly(op.Invoke.F) {
				spans = append(spans, span{Operation: op, call: int64(op.Invoke.Index), ret: never})
			}
		}
	}
	return spans
}

// prefix is what was known when event index end had happened: later operations
// do not exist, and those that were open then are of unknown outcome.
func prefix(m Model, spans []span, end int64) []span {
	var known []span
	for _, s := range spans {
		if s.call > end {
			continue
		}
		if s.ret > end {
			if m.ReadOnly(s.Invoke.F) {
				continue
			}
			s.Complete, s.ret = nil, never
		}
		known = append(known, s)
	}
	return known
}

// tightener is a model that can take unknown operations out, or bound them,
// without changing the answer.
type tightener interface {
	tighten([]span) (kept []span, patched int)
}

func tighten(m Model, spans []span) ([]span, int) {
	if t, ok := m.(tightener); ok {
		return t.tighten(spans)
	}
	return spans, 0
}
