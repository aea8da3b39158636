package local_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/testbed"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// A program that uses the testbed starts like this.
func ExampleChild() {
	_ = func(m *testing.M) { // TestMain, or main without m
		if code, is := local.Child(echo{}); is {
			os.Exit(code)
		}
		os.Exit(m.Run())
	}
}

// A node crashes at a point of the nemesis's choice and is started again.
func ExampleNew() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // example
	bed, err := local.New(testbed.Config{
		System: echo{}, Nodes: []string{"n1", "n2"}, Clients: []string{"c1"}, Dir: dir,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bed.Stop(ctx) //nolint:errcheck // example
	if err := bed.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	_ = bed.Arm(ctx, "n1", "before-reply", nemesis.Action{Crash: true})
	_, err = line(ctx, bed, "n1", "point before-reply")
	<-bed.Down("n1")
	fmt.Println("the client got an answer:", err == nil)
	fmt.Println("hits:", bed.Counter("n1", "failpoint/before-reply"))
	fmt.Println(bed.Exits()[0])
	fmt.Println("started again:", bed.Boot(ctx, "n1"))
	// Output:
	// the client got an answer: false
	// hits: 1
	// n1, boot 1: killed, planned
	// started again: <nil>
}
