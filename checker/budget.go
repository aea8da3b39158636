package checker

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

// Limits is what a check may use. A field that is 0 means its default, a
// negative one means no limit.
type Limits struct {
	Time   time.Duration // wall clock; default 30 s
	Memory int64         // bytes that the heap may grow by during the check, garbage included; default 1 GiB
}

// The defaults of [Limits].
const (
	DefaultTime   = 30 * time.Second
	DefaultMemory = 1 << 30
)

// How often the heap is measured, for how long at first not at all, and how long a checker that was told to stop
// may take before nobody waits for it any longer.
const (
	sampleEvery = 10 * time.Millisecond
	unwatched   = 3 // samples
	grace       = 250 * time.Millisecond
)

// Budget holds the checker to limits: it is told to stop, by its context, when
// one is used up, and the answer is then Unknown with the limit that ran out.
// An earlier deadline of the caller's context stays in force. The memory is
// that of the whole process: other work going on in it counts.
//
// The checkers of this package that search keep to the default limits when no
// Budget is around them.
func Budget(c Checker, limits Limits) Checker { return &budget{inner: c, limits: limits} }

type budget struct {
	inner    Checker
	limits   Limits
	fallback bool // step aside if there already is a budget
}

type budgetKey struct{}

func (b *budget) checkerName() string { return nameOf(b.inner) }

func (b *budget) Check(ctx context.Context, run Run) Verdict {
	if b.fallback && ctx.Value(budgetKey{}) != nil {
		return ask(ctx, b.inner, run)
	}
	ctx, stop := b.limits.apply(context.WithValue(ctx, budgetKey{}, true))
	defer stop()
	return ask(ctx, b.inner, run)
}

// apply derives a context that ends when a limit is used up. stop releases it
// and returns when nothing is left running.
func (l Limits) apply(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	stop = func() { cancel(nil) }
	if d := orDefault(l.Time, DefaultTime); d > 0 {
		timed, cancelTimer := context.WithTimeoutCause(ctx, d, fmt.Errorf("the time budget of %v is used up", d))
		ctx, stop = timed, func() { cancelTimer(); cancel(nil) }
	}
	m := orDefault(l.Memory, DefaultMemory)
	if m <= 0 {
		return ctx, stop
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		watchHeap(ctx, m, cancel)
	}()
	release := stop
	return ctx, func() { release(); <-done }
}

func orDefault[T time.Duration | int64](limit, standard T) T {
	if limit == 0 {
		return standard
	}
	return limit
}

// watchHeap calls cancel when the heap has grown by more than the limit. It
// first lets a moment pass, since most checks are over by then, and then
// collects garbage once: what was garbage before must not hide growth.
func watchHeap(ctx context.Context, limit int64, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	base := int64(0)
	for ticks := 0; ; ticks++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch {
		case ticks < unwatched:
		case base == 0:
			runtime.GC()
			base = heapBytes()
		case heapBytes()-base > limit:
			cancel(fmt.Errorf("the memory budget of %d MiB is used up", limit>>20))
			return
		}
	}
}

func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

// stopReason says in words why ctx is done.
func stopReason(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return "not stopped"
	case errors.Is(cause, context.Canceled):
		return "interrupted"
	case errors.Is(cause, context.DeadlineExceeded):
		return "the deadline has passed"
	default:
		return cause.Error()
	}
}

// await runs f and returns its result. When ctx is done, f should notice; if it
// has not returned within the grace, await gives up on it and reports false.
func await[T any](ctx context.Context, f func() T) (T, bool) {
	result := make(chan T, 1)
	go func() { result <- f() }()
	select {
	case r := <-result:
		return r, true
	case <-ctx.Done():
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case r := <-result:
		return r, true
	case <-patience.C:
		var none T
		return none, false
	}
}
