package gauntlet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/testbed"
	"github.com/gauntlet-go/gauntlet/testbed/local"
	"github.com/gauntlet-go/gauntlet/workload"
)

// ErrStart is matched by the error of a system that could not be started.
var ErrStart = errors.New("the system did not start")

// run is a run under way.
type run struct {
	test     Test
	dir      string
	desc     description
	began    time.Time // time 0 of history and trace
	bed      testbed.Testbed
	gen      workload.Generator
	rec      *histories.Recorder
	schedule nemesis.Schedule
	meter    meter
	lanes    []*lane
	unhealed error // what the nemesis could not take back
}

const (
	// finalTime bounds the final reads, stopTime the end of the nodes.
	finalTime = 15 * time.Second
	stopTime  = 10 * time.Second
	startTime = 30 * time.Second
	// interruptedOpTime is how long an interrupt waits for open operations.
	interruptedOpTime = 2 * time.Second
)

// Execute does one run and judges it. When ctx ends early the run is wound up
// with what there is: faults are healed, open operations end, and what was
// recorded is judged.
//
// The error says that there was no proper run: it matches [ErrConfig] for a
// test that cannot be run as it is and [ErrStart] if the nodes did not start.
// A broken promise is no error but an invalid verdict.
func Execute(ctx context.Context, test Test) (*Result, error) {
	test, err := test.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &run{test: test}
	if err := r.prepare(); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	stopProgress := r.reportProgress()
	defer stopProgress()
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	runErr := r.phases(ctx)
	if err := errors.Join(runErr, r.stop()); err != nil {
		return nil, err
	}
	r.meter.enter("check")
	return r.judge(ctx)
}

// prepare makes everything but the nodes: the directory, the testbed, the
// schedule, the recorder. The plan is on disk before anything happens.
func (r *run) prepare() (err error) {
	now := time.Now()
	r.began = now
	if r.dir, err = r.test.makeDir(now); err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	r.desc = r.test.describe(now)
	if err = saveJSON(r.path(fileRun), r.desc); err != nil {
		return err
	}
	r.gen = r.test.Workload.Generator(r.test.Seed, r.test.Clients)
	bed, err := local.New(testbed.Config{
		System: r.test.System, Options: r.test.Options, Nodes: r.test.nodeNames(), Clients: r.test.clientNames(),
		Dir: r.dir, Seed: r.test.Seed, Logger: r.test.Logger,
	})
	if err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	r.bed = bed
	if r.schedule, err = r.test.plan(r.test.env(r.bed, r.gen)); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err = r.schedule.Save(r.path(fileSchedule)); err != nil {
		return err
	}
	r.rec, err = histories.Create(r.path(fileHistory), histories.Header{
		Start: now, Seed: r.test.Seed, Workload: r.test.Workload.Name(), Model: r.test.Workload.Model(),
		Nodes: r.test.nodeNames(), Clients: r.test.Clients,
	})
	return err
}

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }

func (r *run) start(ctx context.Context) error {
	r.meter.enter("start")
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := r.bed.Start(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	for i := range r.test.Clients {
		r.lanes = append(r.lanes, newLane(r, i))
	}
	return nil
}

// phases is the run proper. The nemesis heals whatever it did before it
// returns, also when ctx has ended.
func (r *run) phases(ctx context.Context) error {
	r.meter.enter("main")
	main, cancel := context.WithTimeout(ctx, r.test.Duration)
	defer cancel()
	var nemesisDone sync.WaitGroup
	nemesisDone.Go(func() { _, r.unhealed = nemesis.Run(main, r.schedule, r.bed, &faultLog{run: r}) })
	// An operation that is under way is finished, but an interrupt does not
	// wait for it for long.
	hard, release := graceful(ctx, interruptedOpTime)
	defer release()
	loadErr := r.everyLane(func(l *lane) error { return l.main(main, hard) })
	r.meter.enter("heal")
	nemesisDone.Wait()
	if loadErr != nil || ctx.Err() != nil {
		return loadErr
	}
	r.meter.enter("final")
	final, cancelFinal := context.WithTimeout(ctx, finalTime)
	defer cancelFinal()
	return r.everyLane(func(l *lane) error { return l.final(final, hard) })
}

// everyLane runs the lanes side by side and waits for all of them.
func (r *run) everyLane(do func(*lane) error) error {
	errs := make([]error, len(r.lanes))
	var lanes sync.WaitGroup
	for i, l := range r.lanes {
		lanes.Go(func() { errs[i] = do(l) })
	}
	lanes.Wait()
	return errors.Join(errs...)
}

// stop ends clients, nodes and recorder, whatever of them there is. Traces are
// gathered first.
func (r *run) stop() error {
	for _, l := range r.lanes {
		l.close()
	}
	var errs []error
	if r.bed != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		errs = append(errs, r.bed.Stop(ctx), r.saveTrace())
	}
	if r.rec != nil {
		errs = append(errs, r.rec.Close())
	}
	return errors.Join(errs...)
}

// trace returns what the nodes stated, in the time of the history.
func (r *run) trace() ([]histories.Event, error) {
	events, err := r.bed.Trace()
	for i := range events {
		events[i].Time += r.lead()
	}
	return events, err
}

// lead is the time between the start of the history and that of the testbed.
func (r *run) lead() time.Duration { return r.bed.Epoch().Sub(r.began) }

// saveTrace joins the traces of the nodes in one file.
func (r *run) saveTrace() error {
	events, err := r.trace()
	if err != nil {
		return err
	}
	var data []byte
	for _, e := range events {
		if data, err = e.AppendJSON(data); err != nil {
			return err
		}
		data = append(data, '\n')
	}
	return os.WriteFile(r.path(fileTrace), data, 0o600)
}

// reportProgress calls the test's Progress four times a second until the
// returned function is called.
func (r *run) reportProgress() (stop func()) {
	if r.test.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var reporter sync.WaitGroup
	reporter.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.tell("")
			case <-done:
				return
			}
		}
	})
	return func() { close(done); reporter.Wait() }
}

// tell calls the test's Progress, one call at a time.
func (r *run) tell(event string) {
	if r.test.Progress == nil {
		return
	}
	p := r.meter.progress(r.test.Duration)
	p.Event = event
	r.meter.telling.Lock()
	defer r.meter.telling.Unlock()
	r.test.Progress(p)
}
