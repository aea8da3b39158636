package checker

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

func pictureOf(t *testing.T, h *histories.History) string {
	t.Helper()
	run := Run{History: h}
	v := Register().Check(t.Context(), run)
	require.Equal(t, Invalid, v.Validity)
	var page bytes.Buffer
	require.NoError(t, WritePicture(t.Context(), &page, run, v.Anomalies[0]))
	return page.String()
}

func TestPicture(t *testing.T) {
	h := diagram(t, `
		nemesis:  |====partition====|
		0 n1: |w1| |w2|
		1 n2:           |r1|`)
	page := pictureOf(t, h)
	requireContains(t, page, "partition n1 | n2 n3")
	requireContains(t, page, `"Tag":"partition"`)
	requireContains(t, page, "write 2")
	requireContains(t, page, "client 1 at n2 (invoked")
}

// requireContains does not print the page.
func requireContains(t *testing.T, page, part string) {
	t.Helper()
	require.True(t, strings.Contains(page, part), "%q is missing", part)
}

// Values come from the system under test.
func TestPictureEscapes(t *testing.T) {
	const evil = `<img src=x onerror=alert(1)>`
	h := diagram(t, `
		0: |wa| |wb|
		1:           |ra|`)
	for i := range h.Ops {
		if h.Ops[i].Value.Str() == "a" {
			h.Ops[i].Value = histories.StringValue(evil)
		}
		h.Ops[i].Node = evil
	}
	page := pictureOf(t, h)
	require.False(t, strings.Contains(page, "<img"))
	// Once decoded from JSON, what reaches innerHTML is still escaped.
	data := page[strings.Index(page, `"PartialLinearizations"`):]
	requireContains(t, data, `\u0026lt;img`)
}

// The picture is bounded, and shows the proof wherever it is.
func TestPictureOfLongHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	ops := simulated(r, 5, 5000)
	late := ops[len(ops)-1].ret + 100
	ops = append(ops,
		drawn{f: write, value: numbered(9001), outcome: histories.OK, call: late, ret: late + 1},
		drawn{f: read, value: ops[firstWrite(ops)].value, outcome: histories.OK, call: late + 2, ret: late + 3})
	h := assemble(ops)
	h.Header.Clients = 7
	page := pictureOf(t, h)
	require.Less(t, len(page), 3<<20)
	require.LessOrEqual(t, strings.Count(page, `"OriginalStart"`), pictured)
	require.True(t, strings.Contains(page, "write 9001"), "the overwriting write is shown")
}

func firstWrite(ops []drawn) int {
	for i, d := range ops {
		if d.f == write && d.outcome == histories.OK {
			return i
		}
	}
	return -1
}

func TestPictureErrors(t *testing.T) {
	h := diagram(t, `0: |w1| |w2| |r1|`)
	var page bytes.Buffer
	require.ErrorContains(t, WritePicture(t.Context(), &page, Run{History: h}, Anomaly{Key: "z"}), `picture of key "z": the history has no operation on it`)
	require.ErrorContains(t, WritePicture(t.Context(), &page, Run{}, Anomaly{}), "there is no history")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, WritePicture(ctx, &page, Run{History: h}, Anomaly{}), "interrupted")
	require.Zero(t, page.Len())
	require.ErrorIs(t, WritePicture(t.Context(), failing{}, Run{History: h}, Anomaly{Ops: []int{0, 1}}), errFull)
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
