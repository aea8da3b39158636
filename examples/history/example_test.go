// Package history_test judges a history that another tool recorded.
package history_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/report"
)

// judge reads a history and says what is wrong with it.
func judge(ctx context.Context, r io.Reader, name string) (report.Page, error) {
	h, err := histories.Read(r, name)
	if err != nil {
		return report.Page{}, err // names the line and the rule that it breaks
	}
	check := checker.Budget(checker.Register(), checker.Limits{Time: time.Minute})
	return report.Page{
		Title:   name,
		History: h,
		Verdict: check.Check(ctx, checker.Run{History: h}),
	}, nil
}

// recorded is a history in the form of package histories, one event a line.
const recorded = `{"format":"gauntlet/1","model":"register","clients":2}
{"index":0,"time":1000000,"type":"invoke","process":0,"f":"write","key":"x","value":1}
{"index":1,"time":2000000,"type":"ok","process":0,"f":"write","key":"x"}
{"index":2,"time":3000000,"type":"invoke","process":0,"f":"write","key":"x","value":2}
{"index":3,"time":4000000,"type":"ok","process":0,"f":"write","key":"x"}
{"index":4,"time":5000000,"type":"invoke","process":1,"f":"read","key":"x"}
{"index":5,"time":6000000,"type":"ok","process":1,"f":"read","key":"x","value":1}
`

func Example() {
	page, err := judge(context.Background(), strings.NewReader(recorded), "mykv")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Verdict.Validity)
	for a := range page.Verdict.Each() {
		fmt.Println(a.Name, "of key", a.Key, "by events", a.Ops)
	}
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fmt.Println(report.WriteFile(filepath.Join(dir, "report.html"), page))
	// Output:
	// invalid
	// stale read of key x by events [0 1 2 3 4 5]
	// <nil>
}
