package quorum

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/system"
)

func reply(tag Tag, durable bool, value string) *message {
	m := &message{kind: kindQueryReply, tag: tag, value: []byte(value)}
	if durable {
		m.flags |= flagDurable
	}
	return m
}

func TestReadAnswersAtOnceOnlyIfAMajorityHasItDurably(t *testing.T) {
	newer, older := Tag{Counter: 2}, Tag{Counter: 1}
	for name, c := range map[string]struct {
		replies []*message
		want    step
		value   string
	}{
		"all the same and durable": {[]*message{reply(newer, true, "b"), reply(newer, true, "b"), reply(newer, true, "b")}, stepDone, "b"},
		"one not durable":          {[]*message{reply(newer, true, "b"), reply(newer, false, "b"), reply(newer, true, "b")}, stepUpdate, "b"},
		"first not durable":        {[]*message{reply(newer, false, "b"), reply(newer, true, "b"), reply(newer, true, "b")}, stepUpdate, "b"},
		"one older":                {[]*message{reply(newer, true, "b"), reply(older, true, "a"), reply(newer, true, "b")}, stepUpdate, "b"},
		"older first":              {[]*message{reply(older, true, "a"), reply(newer, true, "b"), reply(newer, true, "b")}, stepUpdate, "b"},
		"never written":            {[]*message{reply(Tag{}, true, ""), reply(Tag{}, true, ""), reply(Tag{}, true, "")}, stepDone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			op := &operation{phase: kindQueryReply}
			require.Equal(t, stepWait, op.queried(c.replies[0], 3, weaknesses{}))
			require.Equal(t, stepWait, op.queried(c.replies[1], 3, weaknesses{}))
			require.Equal(t, c.want, op.queried(c.replies[2], 3, weaknesses{}))
			require.Equal(t, c.value, op.value)
			require.Equal(t, c.value != "", op.found().present)
		})
	}
}

func TestWriteAlwaysUpdates(t *testing.T) {
	op := &operation{write: true, value: "mine", phase: kindQueryReply}
	require.Equal(t, stepWait, op.queried(reply(Tag{Counter: 7}, true, "other"), 2, weaknesses{}))
	require.Equal(t, stepUpdate, op.queried(reply(Tag{Counter: 7}, true, "other"), 2, weaknesses{}))
	require.Equal(t, "mine", op.value)
	require.Equal(t, Tag{Counter: 7}, op.best)
}

func TestRefusalsAreNoAcknowledgements(t *testing.T) {
	refused, stored := &message{kind: kindUpdateAck, flags: flagRefused}, &message{kind: kindUpdateAck}
	op := &operation{write: true, phase: kindUpdateAck}
	require.Equal(t, stepWait, op.acknowledged(refused, 5, 3, weaknesses{}))
	require.Equal(t, stepWait, op.acknowledged(stored, 5, 3, weaknesses{}))
	require.Equal(t, stepWait, op.acknowledged(refused, 5, 3, weaknesses{}))
	require.Equal(t, stepStuck, op.acknowledged(refused, 5, 3, weaknesses{}))
	require.Equal(t, statusUnknown, op.given(), "one replica stored it")

	weak := &operation{write: true, phase: kindUpdateAck}
	require.Equal(t, stepDone, weak.acknowledged(refused, 5, 1, weaknesses{failuresCount: true}))
}

func TestWhatIsGivenUp(t *testing.T) {
	require.Equal(t, statusRejected, (&operation{phase: kindQueryReply, write: true}).given(), "no update was sent")
	require.Equal(t, statusUnknown, (&operation{phase: kindUpdateAck, write: true}).given())
	require.Equal(t, statusRejected, (&operation{phase: kindUpdateAck}).given(), "a read has no effect")
}

func TestEachReplicaCountsOnce(t *testing.T) {
	op := &operation{}
	require.True(t, op.note(3))
	require.False(t, op.note(3))
	require.True(t, op.note(63))
	require.True(t, op.missing(0))
	require.False(t, op.missing(3))
}

func TestWeaknesses(t *testing.T) {
	all, err := parseWeaknesses(system.Options{"design": "seed"})
	require.NoError(t, err)
	require.Equal(t, weaknesses{true, true, true, true, true, true}, all)
	one, err := parseWeaknesses(system.Options{"weak": "no-fsync, uncorrelated"})
	require.NoError(t, err)
	require.Equal(t, weaknesses{noFsync: true, uncorrelated: true}, one)
	_, err = parseWeaknesses(system.Options{"design": "fast"})
	require.ErrorContains(t, err, `found "fast", expected safe or seed`)
	_, err = parseWeaknesses(system.Options{"weak": "nonsense"})
	require.ErrorContains(t, err, `found "nonsense", expected one of connected-quorum`)
}

func TestMajority(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4, 7: 4} {
		require.Equal(t, want, majority(n), "of %d", n)
	}
}
