package gauntlet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/internal/dice"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/workload"
)

// lane is one client of a run: a sequence of processes, one after the other,
// each of which ends with its first operation of unknown outcome.
type lane struct {
	test    *Test
	index   int
	process int
	node    string
	dialer  system.Dialer
	gen     workload.Generator
	rec     *histories.Recorder
	meter   *meter
	dice    *rand.Rand
	client  system.Client
}

func newLane(r *run, index int) *lane {
	nodes := r.test.nodeNames()
	return &lane{
		test: &r.test, index: index, process: index, node: nodes[index%len(nodes)],
		dialer: r.bed.Dialer(r.test.clientNames()[index]), gen: r.gen, rec: r.rec, meter: &r.meter,
		dice: dice.For(r.test.Seed, fmt.Sprintf("think/%d", index)),
	}
}

// main does operations until ctx ends. An operation that is under way then is
// finished, unless hard ends too. The error is the recorder's: without a history
// there is no run.
func (l *lane) main(ctx, hard context.Context) error {
	for ctx.Err() == nil {
		done, err := l.do(hard, l.gen.Next(l.index))
		if err != nil {
			return err
		}
		l.gen.Completed(done)
		l.pause(ctx, l.think(done))
	}
	return nil
}

// final does the last operations, until none is left or ctx ends.
func (l *lane) final(ctx, hard context.Context) error {
	for ctx.Err() == nil {
		op, ok := l.gen.Final(l.index)
		if !ok {
			return nil
		}
		done, err := l.do(hard, op)
		if err != nil {
			return err
		}
		l.gen.Completed(done)
		if done.Type != histories.OK {
			l.pause(ctx, failurePause)
		}
	}
	return nil
}

// failurePause keeps a client whose node is down from spinning.
const failurePause = 20 * time.Millisecond

// think is the time until the next operation: exponentially distributed, so
// that all lanes together reach the rate of the test.
func (l *lane) think(done histories.Op) time.Duration {
	var d time.Duration
	if l.test.Rate > 0 {
		mean := float64(l.test.Clients) / l.test.Rate * float64(time.Second)
		d = time.Duration(l.dice.ExpFloat64() * mean)
	}
	if done.Type == histories.Fail {
		d = max(d, failurePause)
	}
	return d
}

func (l *lane) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// do records the invocation, lets the client do the operation, and records how
// it ended.
func (l *lane) do(hard context.Context, op histories.Op) (histories.Op, error) {
	op.Type, op.Process, op.Node = histories.Invoke, l.process, l.node
	if _, err := l.rec.Invoke(op); err != nil {
		return op, err
	}
	start := time.Now()
	done := l.invoke(hard, op).Complete(op)
	if _, err := l.rec.Complete(done); err != nil {
		return op, err
	}
	l.meter.done(done.Type, time.Since(start))
	if done.Type == histories.Info {
		l.process += l.test.Clients
		l.close()
	}
	return done, nil
}

// invoke has its own deadline, not that of the run: what was begun is finished.
func (l *lane) invoke(hard context.Context, op histories.Op) system.Outcome {
	ctx, cancel := context.WithTimeout(hard, l.test.Timeout)
	defer cancel()
	if l.client == nil {
		client, err := l.test.System.Client(ctx, l.dialer, l.node, l.test.Options)
		if err != nil {
			return system.Failed(fmt.Errorf("open a client: %w", err))
		}
		l.client = client
	}
	return l.client.Invoke(ctx, op)
}

func (l *lane) close() {
	if l.client != nil {
		if err := l.client.Close(); err != nil {
			l.test.Logger.Debug("close a client", "lane", l.index, "error", err)
		}
		l.client = nil
	}
}
