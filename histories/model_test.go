package histories_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

// slot is what may have one operation open: a client's process, or one key of
// the nemesis.
type slot struct {
	process int
	key     string
}

// machine drives a recorder with valid and invalid calls and knows from a model
// of its own which of them must be refused, and by which rule.
type machine struct {
	file     buffer
	r        *histories.Recorder
	open     map[slot]histories.Op
	retired  map[int]bool
	accepted []histories.Op
	refused  int
}

func slotOf(op histories.Op) slot {
	if op.Process == histories.Nemesis {
		return slot{op.Process, op.Key}
	}
	return slot{process: op.Process}
}

// expect returns the rule that an event breaks, "" if it is fine.
func (m *machine) expect(op histories.Op, invoke bool) histories.Rule {
	begun, isOpen := m.open[slotOf(op)]
	isInvoke := op.Type == histories.Invoke || op.Type == 0 && invoke
	isEnd := op.Type == histories.OK || op.Type == histories.Fail || op.Type == histories.Info
	switch {
	case invoke && !isInvoke, !invoke && !isEnd:
		return histories.RuleType
	case op.Process < histories.Nemesis:
		return histories.RuleProcess
	case m.retired[op.Process]:
		return histories.RuleRetired
	case invoke && isOpen:
		return histories.RuleOpen
	case !invoke && !isOpen:
		return histories.RuleInvoked
	case !invoke && (begun.F != op.F || begun.Key != op.Key):
		return histories.RuleMatch
	default:
		return ""
	}
}

// call makes one call and compares its outcome with the model's.
func (m *machine) call(t *rapid.T, op histories.Op, invoke bool) {
	rule := m.expect(op, invoke)
	method := m.r.Complete
	if invoke {
		method = m.r.Invoke
	}
	index, err := method(op)
	if rule != "" {
		require.Equal(t, len(m.accepted), requireRule(t, err, rule).Index)
		require.Equal(t, -1, index)
		m.refused++
		return
	}
	require.NoError(t, err)
	require.Equal(t, len(m.accepted), index)
	if invoke {
		op.Type = histories.Invoke
		m.open[slotOf(op)] = op
	} else {
		delete(m.open, slotOf(op))
		m.retired[op.Process] = op.Type == histories.Info && op.Process != histories.Nemesis
	}
	m.accepted = append(m.accepted, op)
}

func anyOp(t *rapid.T) histories.Op {
	return histories.Op{
		Process: rapid.IntRange(-2, 3).Draw(t, "process"),
		Type:    histories.Type(rapid.IntRange(0, 5).Draw(t, "type")),
		F:       rapid.SampledFrom([]string{"read", "write"}).Draw(t, "f"),
		Key:     rapid.SampledFrom([]string{"", "x"}).Draw(t, "key"),
		Value:   value().Draw(t, "value"),
	}
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"invoke":   func(t *rapid.T) { m.call(t, anyOp(t), true) },
		"complete": func(t *rapid.T) { m.call(t, anyOp(t), false) },
		"valid invocation": func(t *rapid.T) {
			op := anyOp(t)
			op.Type = histories.Invoke
			m.call(t, op, true)
		},
		"valid completion": func(t *rapid.T) {
			op := anyOp(t)
			begun, ok := m.open[slotOf(op)]
			if !ok {
				t.Skip("nothing to complete")
			}
			op.F, op.Key, op.Type = begun.F, begun.Key, histories.OK
			m.call(t, op, false)
		},
		"flush": func(t *rapid.T) { require.NoError(t, m.r.Flush()) },
		"": func(t *rapid.T) {
			h := m.file.read(t)
			require.NotEmpty(t, h.Interrupted)
			requireOps(t, m.accepted[:len(h.Ops)], h.Ops)
		},
	}
}

func TestNoCallMakesAnIllFormedHistory(t *testing.T) {
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{open: map[slot]histories.Op{}, retired: map[int]bool{}}
		m.r = newRecorder(t, &m.file)
		defer m.r.Close()
		t.Repeat(m.actions())
		require.NoError(t, m.r.Close())
		h := m.file.read(t)
		require.Empty(t, h.Interrupted)
		requireOps(t, m.accepted, h.Ops)
		requirePairs(t, h)
		accepted += len(m.accepted)
		refused += m.refused
	})
	require.Positive(t, accepted)
	require.Positive(t, refused)
}

// requirePairs compares the pairs with the events that they are made of.
func requirePairs(t require.TestingT, h *histories.History) {
	pairs := append(h.Operations(), h.Faults()...)
	events := 0
	for _, o := range pairs {
		events++
		require.Equal(t, histories.Invoke, o.Invoke.Type)
		require.Same(t, &h.Ops[o.Invoke.Index], o.Invoke)
		if o.Complete == nil {
			require.Equal(t, histories.Info, o.Outcome())
			continue
		}
		events++
		require.Same(t, &h.Ops[o.Complete.Index], o.Complete)
		require.Equal(t, slotOf(*o.Invoke), slotOf(*o.Complete))
		require.Less(t, o.Invoke.Index, o.Complete.Index)
	}
	require.Equal(t, len(h.Ops), events)
}
