package nemesis_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// oneNode is a testbed that can kill its only node.
type oneNode struct{ boot int }

func (b *oneNode) Kill(_ context.Context, node string) (nemesis.Death, error) {
	return nemesis.Death{Node: node, Incarnation: b.boot, LostWrites: 1, LostBytes: 17}, nil
}

func (b *oneNode) Boot(context.Context, string) error {
	b.boot++
	return nil
}

// Run executes a schedule on whatever has the abilities for it, and says what
// came of each step.
func ExampleRun() {
	schedule := nemesis.Schedule{
		Duration: time.Second,
		Steps: []nemesis.Step{{
			Name: "s01-kill", Kind: nemesis.Kill, Nodes: []string{"n1"},
			At: 10 * time.Millisecond, For: 20 * time.Millisecond,
		}},
	}
	report, err := nemesis.Run(context.Background(), schedule, &oneNode{boot: 1}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Results[0].Outcome.Effect)
	// Output:
	// true
}
