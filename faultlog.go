package gauntlet

import (
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
)

// faultLog writes what the nemesis does into the history: an invocation before
// the fault is injected, a completion when it is over, ok if it had an effect
// and info if none was observed.
type faultLog struct{ run *run }

// Begin records the intention. It is on disk before the fault is injected.
func (f *faultLog) Begin(step nemesis.Step) {
	f.record(f.run.rec.Invoke(histories.Op{
		Type: histories.Invoke, Process: histories.Nemesis, F: step.Label(), Key: step.Name,
		Value: histories.StringValue(step.Describe()),
	}))
	if err := f.run.rec.Flush(); err != nil {
		f.run.test.Logger.Error("flush the history", "error", err)
	}
	f.run.meter.begin(step.Label())
	f.run.tell("begin " + step.Name + ": " + step.Describe())
}

// End records what is known of the effect.
func (f *faultLog) End(step nemesis.Step, out nemesis.Outcome) {
	op := histories.Op{
		Type: histories.Info, Process: histories.Nemesis, F: step.Label(), Key: step.Name,
		Value: histories.StringValue(step.Describe()), Error: out.Evidence,
	}
	if out.Effect {
		op.Type = histories.OK
	}
	if out.Err != nil {
		op.Error += "; " + out.Err.Error()
	}
	f.record(f.run.rec.Complete(op))
	f.run.meter.end(step.Label())
	f.run.tell("end " + step.Name + ": " + op.Error)
}

func (f *faultLog) record(_ int, err error) {
	if err != nil {
		f.run.test.Logger.Error("record a fault", "error", err)
	}
}
