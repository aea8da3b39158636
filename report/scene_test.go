package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/histories"
)

func TestSceneShowsTheNeighboursOfTheKey(t *testing.T) {
	d := newDigest(planted())
	s := d.newScene(d.anomalies[0])
	require.Len(t, s.proof, 4)
	require.Len(t, s.others, 4)
	for _, i := range s.others {
		require.Equal(t, "x", d.ops[i].Invoke.Key)
	}
	require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7}, s.lanes)
	require.Zero(t, s.left)
	picture := string(s.picture("stale read"))
	for kind, want := range map[string]int{`class="op ok bad"`: 4, `class="op ok"`: 2, `class="op info"`: 1, `class="op fail"`: 1, `class="tail"`: 1, `class="badge"`: 4} {
		require.Equal(t, want, strings.Count(picture, kind), kind)
	}
}

func TestSceneIsBoundedAndSaysSo(t *testing.T) {
	s := newRun(20_000, 12, 0, time.Second) // all clients busy on eight keys
	p := s.page()
	d := newDigest(p)
	var proof []int
	for i := range d.ops {
		if d.ops[i].Invoke.Key == "k1" && len(proof) < maxProof && d.ops[i].lane < 2 {
			proof = append(proof, i)
		}
	}
	scene := d.newScene(anomaly{proof: proof})
	require.LessOrEqual(t, len(scene.lanes), maxLanes)
	require.LessOrEqual(t, len(scene.others), maxBoxes)
	require.Positive(t, scene.left)
	require.Contains(t, scene.caption()[0], "left out")
}

func TestOperationsAreThoseNearestToTheProof(t *testing.T) {
	d := newDigest(newRun(20_000, 10, 0, time.Second).page())
	middle := slices.IndexFunc(d.ops, func(o operation) bool { return o.start > 500*ms && o.Invoke.Key == "k1" })
	d.ops[middle].guilty = true
	table := d.nearTable(anomaly{proof: []int{middle}})
	require.Len(t, table.Rows, maxRows)
	guilty := slices.IndexFunc(table.Rows, func(r opRow) bool { return r.Guilty })
	require.InDelta(t, maxRows/2, guilty, maxRows/4)
	require.Positive(t, table.Rows[0].Gap, "what is left out before is said")
	for _, row := range table.Rows {
		require.Equal(t, "k1", row.Key)
	}
}

// TestImportantPointsHideOthers puts operations of all outcomes on one point.
func TestImportantPointsHideOthers(t *testing.T) {
	var ops []histories.Op
	for i, typ := range []histories.Type{histories.OK, histories.Fail, histories.Info, histories.OK} {
		ops = append(ops, histories.Op{Index: 2 * i, Process: i, Type: histories.Invoke}, histories.Op{Index: 2*i + 1, Process: i, Type: typ, Time: ms})
	}
	for n, want := range map[int]string{2: `class="dot-ok"`, 4: `class="dot-fail"`, 6: `class="dot-info"`, 8: `class="dot-info"`} {
		picture := string(newDigest(Page{History: &histories.History{Ops: ops[:n]}}).scatter())
		require.Contains(t, picture, want)
		require.Equal(t, 1, strings.Count(picture, `class="dot-`), picture)
	}
}

func TestOperationInWords(t *testing.T) {
	read := histories.Op{Type: histories.Invoke, F: "read", Node: "n1"}
	got := histories.Op{Type: histories.OK, F: "read", Value: histories.IntValue(4)}
	empty := histories.Op{Type: histories.OK, F: "read"}
	swap := histories.Op{Type: histories.Invoke, F: "cas", Value: histories.ListValue(histories.IntValue(1), histories.IntValue(2))}
	lost := histories.Op{Type: histories.Info, F: "cas", Error: "i/o timeout"}
	for want, o := range map[string]histories.Operation{
		"read → 4 @n1":   {Invoke: &read, Complete: &got},
		"read → nil @n1": {Invoke: &read, Complete: &empty},
		"read @n1 …":     {Invoke: &read},
		"cas [1,2] info": {Invoke: &swap, Complete: &lost},
	} {
		require.Equal(t, want, caption(&operation{Operation: o, outcome: o.Outcome()}))
	}
}
