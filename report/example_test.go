package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/report"
)

// aRun is a read that returns what was never written.
func aRun() report.Page {
	read := histories.Op{Process: 0, Type: histories.Invoke, F: "read", Key: "x", Node: "n1", Time: time.Millisecond}
	done := read
	done.Index, done.Type, done.Value, done.Time = 1, histories.OK, histories.IntValue(7), 3*time.Millisecond
	return report.Page{
		Title:   "mykv/register",
		Replay:  "go test -run TestJepsenRegister -count=1",
		History: &histories.History{Header: histories.Header{Clients: 1}, Ops: []histories.Op{read, done}},
		Verdict: checker.Verdict{Checker: "linearizable", Validity: checker.Invalid, Anomalies: []checker.Anomaly{{
			Name: "phantom read", Key: "x", Ops: []int{0, 1},
			Explanation: "Client 0 read 7 from key x, which nobody had written.",
		}}},
	}
}

func ExampleText() {
	if err := report.Text(os.Stdout, aRun(), report.TextOptions{ASCII: true}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [X] INVALID  mykv/register
	//   1 operation (1 ok, 0 fail, 0 info) in 3 ms, 0 of 0 faults had an effect
	//
	//   phantom read on key x
	//     Client 0 read 7 from key x, which nobody had written.
	//     1.    0.001000 s  client 0   read -> 7 @n1: ok
	//
	//   replay: go test -run TestJepsenRegister -count=1
}

func ExampleWrite() {
	var page bytes.Buffer
	if err := report.Write(&page, aRun()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(bytes.HasPrefix(page.Bytes(), []byte("<!DOCTYPE html>")))
	// Output: true
}

func ExampleWriteFile() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fmt.Println(report.WriteFile(filepath.Join(dir, "report.html"), aRun()))
	// Output: <nil>
}
