package checker_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// staleHistory is: client 0 writes 1 and then 2, client 1 reads 1.
func staleHistory() *histories.History {
	h := &histories.History{Header: histories.Header{Clients: 2, Nodes: []string{"n1", "n2"}}}
	operation := func(process int, node, f string, argument, result histories.Value) {
		for _, op := range []histories.Op{{Type: histories.Invoke, Value: argument}, {Type: histories.OK, Value: result}} {
			op.Index, op.Time = len(h.Ops), time.Duration(len(h.Ops))*100*time.Millisecond
			op.Process, op.Node, op.F, op.Key = process, node, f, "x"
			h.Ops = append(h.Ops, op)
		}
	}
	operation(0, "n1", "write", histories.IntValue(1), histories.IntValue(1))
	operation(0, "n1", "write", histories.IntValue(2), histories.IntValue(2))
	operation(1, "n2", "read", histories.Value{}, histories.IntValue(1))
	return h
}

func ExampleRegister() {
	v := checker.Register().Check(context.Background(), checker.Run{History: staleHistory()})
	fmt.Println(v.Validity)
	for a := range v.Each() {
		fmt.Println(a.Name, "of key", a.Key, "by events", a.Ops)
	}
	// Output:
	// invalid
	// stale read of key x by events [0 1 2 3 4 5]
}

func ExampleAll() {
	v := checker.Budget(checker.All(
		checker.Register(),
		checker.Exercised(checker.Requirements{}),
	), checker.Limits{Time: time.Minute}).Check(context.Background(), checker.Run{History: staleHistory()})
	fmt.Println(v.Validity)
	for _, part := range v.Parts {
		fmt.Printf("%s is %v %q\n", part.Checker, part.Validity, part.Reason)
	}
	// Output:
	// invalid
	// linearizable is invalid ""
	// exercised is unknown "not exercised: no fault was injected"
}

func ExampleLinearizable() {
	v := checker.Linearizable(checker.CASRegisterModel()).Check(context.Background(), checker.Run{History: staleHistory()})
	fmt.Println(v.Validity, v.Notes[:2])
	// Output:
	// invalid [{model cas-register} {engine porcupine}]
}

func ExampleWritePicture() {
	ctx, run := context.Background(), checker.Run{History: staleHistory()}
	for a := range checker.Register().Check(ctx, run).Each() {
		file, err := os.CreateTemp("", "picture-*.html")
		if err != nil {
			fmt.Println(err)
			return
		}
		defer os.Remove(file.Name())
		fmt.Println(checker.WritePicture(ctx, file, run, a), file.Close())
	}
	// Output:
	// <nil> <nil>
}
