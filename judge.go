package gauntlet

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/report"
	"github.com/gauntlet-go/gauntlet/testbed"
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
	checked := checker.Run{History: h, Trace: events}
	interrupted := ctx.Err() != nil
	ctx, cancel := graceful(ctx, interruptedCheckTime)
	defer cancel()
	budget := checker.Budget(r.checkers(interrupted), checker.Limits{Time: r.test.CheckTime})
	verdict := budget.Check(ctx, checked)
	res := r.result(h, verdict, interrupted)
	if err := saveJSON(r.path(fileResults), res); err != nil {
		return nil, err
	}
	return res, r.report(ctx, checked, res)
}

// graceful returns a context that ends only so long after its parent.
func graceful(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	unhook := context.AfterFunc(parent, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { unhook(); cancel() }
}

// checkers are the workload's promise, that nothing crashed by itself, and that
// the run exercised anything at all.
func (r *run) checkers(interrupted bool) checker.Checker {
	ended := r.bed.Crashes()
	for i := range ended {
		ended[i].Time += r.lead()
	}
	parts := []checker.Checker{
		r.test.Checker,
		checker.Func(func(context.Context, checker.Run) checker.Verdict { return crashes(ended) }),
		checker.Exercised(checker.Requirements{NoFaults: !r.test.wantsFaults()}),
	}
	if interrupted {
		parts = append(parts, unknown("complete", "the run was interrupted"))
	}
	if r.unhealed != nil {
		parts = append(parts, unknown("healed", r.unhealed.Error()))
	}
	return checker.All(parts...)
}

// unknown is a part of the verdict that is open for a reason.
func unknown(name, reason string) checker.Checker {
	return checker.Func(func(context.Context, checker.Run) checker.Verdict {
		return checker.Verdict{Checker: name, Reason: reason}
	})
}

// crashes is the verdict that no node ended unless it was made to.
func crashes(ended []testbed.Crash) checker.Verdict {
	v := checker.Verdict{Checker: "crash", Validity: checker.Valid}
	for _, c := range ended {
		v.Validity = checker.Invalid
		v.Anomalies = append(v.Anomalies, checker.Anomaly{Name: "crash", Key: c.Node, Explanation: fmt.Sprintf(
			"Node %s ended by itself in its incarnation %d, %.3f s into the run (%s), and no fault did that. Its log is nodes/%s/log.txt.",
			c.Node, c.Incarnation, c.Time.Seconds(), c.How, c.Node)})
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
	if a, ok := firstProven(res.Verdict); ok {
		if err := r.picture(ctx, checked, a); err != nil {
			r.test.Logger.Warn("picture of the violation", "error", err)
			if err := os.Remove(r.path(filePicture)); err != nil {
				return err
			}
		}
	}
	page := r.desc.page(r.dir, r.schedule.Omitted)
	page.Verdict, page.History, page.Trace = res.Verdict, checked.History, checked.Trace
	page.Pictures = pictures(r.dir, res.Verdict)
	return report.WriteFile(r.path(fileReport), page)
}

func (r *run) picture(ctx context.Context, checked checker.Run, a checker.Anomaly) error {
	f, err := os.OpenFile(r.path(filePicture), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return cmp.Or(checker.WritePicture(ctx, f, checked, a), f.Close())
}
