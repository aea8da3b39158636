package gauntlet

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/report"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// interruptedCheckTime bounds the checking of a run that was ended early.
const interruptedCheckTime = 5 * time.Second

// judge reads the history back from its file and has it checked, then writes
// results and report.
func (r *run) judge(ctx context.Context) (*Result, error) {
	h, err := histories.ReadFile(r.path(fileHistory))
	if err != nil {
		return nil, err
	}
	events, err := r.trace()
	if err != nil {
		return nil, err
	}
	interrupted := ctx.Err() != nil
	limit := r.test.CheckTime
	if interrupted {
		limit = min(limit, interruptedCheckTime)
	}
	checked := checker.Run{History: h, Trace: events}
	budget := checker.Budget(r.checkers(interrupted), checker.Limits{Time: limit})
	verdict := budget.Check(context.WithoutCancel(ctx), checked)
	res := r.result(h, verdict, interrupted)
	if err := saveJSON(r.path(fileResults), res); err != nil {
		return nil, err
	}
	return res, r.report(ctx, checked, res)
}

// checkers are the workload's promise, that nothing crashed by itself, and that
// the run exercised anything at all.
func (r *run) checkers(interrupted bool) checker.Checker {
	exits := r.bed.Exits()
	for i := range exits {
		exits[i].Time += r.lead()
	}
	parts := []checker.Checker{
		r.test.Checker,
		checker.Func(func(context.Context, checker.Run) checker.Verdict { return crashes(exits) }),
		checker.Exercised(checker.Requirements{NoFaults: len(r.schedule.Steps) == 0}),
	}
	if interrupted {
		parts = append(parts, checker.Func(func(context.Context, checker.Run) checker.Verdict {
			return checker.Verdict{Checker: "complete", Reason: "the run was interrupted"}
		}))
	}
	return checker.All(parts...)
}

// crashes is the verdict that no node ended unless it was made to.
func crashes(exits []local.Exit) checker.Verdict {
	v := checker.Verdict{Checker: "crash", Validity: checker.Valid}
	for _, e := range exits {
		if e.Expected {
			continue
		}
		v.Validity = checker.Invalid
		v.Anomalies = append(v.Anomalies, checker.Anomaly{Name: "crash", Key: e.Node, Explanation: fmt.Sprintf(
			"Node %s ended by itself, %.3f s into the run, and no fault did that (%s). Its log is nodes/%s/log.txt.",
			e.Node, e.Time.Seconds(), e, e.Node)})
	}
	return v
}

func (r *run) result(h *histories.History, v checker.Verdict, interrupted bool) *Result {
	return &Result{
		Name: r.test.Name, System: r.test.System.Name(), Seed: r.test.Seed, Validity: v.Validity, Verdict: v,
		First: first(h, v), OK: r.meter.ok.Load(), Fail: r.meter.fail.Load(), Info: r.meter.info.Load(),
		Faults: countFaults(h), Interrupted: interrupted, Replay: r.test.replay(),
		Dir: r.dir, Report: r.path(fileReport), history: h, schedule: r.schedule,
	}
}

// report writes the page, with porcupine's own picture beside it if there is a
// violation to be seen.
func (r *run) report(ctx context.Context, checked checker.Run, res *Result) error {
	page := report.Page{
		Title: r.test.Name, Verdict: res.Verdict, History: checked.History, Trace: checked.Trace,
		Replay: res.Replay, Config: r.configNotes(), Files: r.files(),
	}
	for a := range res.Verdict.Each() {
		if len(a.Ops) == 0 {
			continue
		}
		if err := r.picture(ctx, checked, a); err != nil {
			r.test.Logger.Warn("picture of the violation", "error", err)
			break
		}
		page.Pictures = []report.Link{{Text: "porcupine's picture of key " + strconv.Quote(a.Key), Href: filePicture}}
		break
	}
	return report.WriteFile(r.path(fileReport), page)
}

func (r *run) picture(ctx context.Context, checked checker.Run, a checker.Anomaly) error {
	f, err := os.OpenFile(r.path(filePicture), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = checker.WritePicture(context.WithoutCancel(ctx), f, checked, a)
	return cmp.Or(err, f.Close())
}

func (r *run) configNotes() []checker.Note {
	t := r.test
	notes := []checker.Note{
		{Name: "system", Value: t.System.Name()}, {Name: "design", Value: t.Options.Design()},
		{Name: "workload", Value: t.Workload.Name()}, {Name: "faults", Value: t.Nemesis.String()},
		{Name: "nodes", Value: strconv.Itoa(t.Nodes)}, {Name: "clients", Value: strconv.Itoa(t.Clients)},
		{Name: "duration", Value: t.Duration.String()}, {Name: "rate", Value: fmt.Sprintf("%g op/s", t.Rate)},
		{Name: "timeout", Value: t.Timeout.String()}, {Name: "seed", Value: strconv.FormatUint(t.Seed, 10)},
	}
	for _, o := range r.schedule.Omitted {
		notes = append(notes, checker.Note{Name: "left out", Value: o.String()})
	}
	for _, name := range sortedKeys(t.Options) {
		if name != "design" {
			notes = append(notes, checker.Note{Name: "option " + name, Value: t.Options[name]})
		}
	}
	all := versions()
	for _, name := range sortedKeys(all) {
		notes = append(notes, checker.Note{Name: name, Value: all[name]})
	}
	return notes
}

func (r *run) files() []report.Link {
	var links []report.Link
	for _, name := range []string{fileRun, fileSchedule, fileHistory, fileTrace, fileResults} {
		links = append(links, report.Link{Text: name, Href: name})
	}
	for _, node := range r.test.nodeNames() {
		links = append(links, report.Link{Text: "log of " + node, Href: filepath.ToSlash(filepath.Join(dirNodes, node, "log.txt"))})
	}
	return links
}
