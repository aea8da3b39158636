package gauntlet

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

// Progress is how a run stands.
type Progress struct {
	Phase   string        // "start", "main", "heal", "final", "check"
	Elapsed time.Duration // of the main phase
	Total   time.Duration
	// OK, Fail and Info count operations since the start.
	OK, Fail, Info int64
	// P99 is the 99th percentile of the latency of the last operations.
	P99 time.Duration
	// Faults are in force now, in the order in which they began.
	Faults []string
	// Event is what has just happened, "" for a regular call.
	Event string
}

// meter counts while the run goes on.
type meter struct {
	ok, fail, info atomic.Int64
	latency        histogram
	telling        sync.Mutex // held while Progress is called

	mu     sync.Mutex
	phase  string
	since  time.Time // start of the main phase
	faults []string
}

func (m *meter) done(t histories.Type, took time.Duration) {
	m.latency.add(took)
	switch t {
	case histories.OK:
		m.ok.Add(1)
	case histories.Fail:
		m.fail.Add(1)
	default:
		m.info.Add(1)
	}
}

func (m *meter) enter(phase string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase = phase
	if phase == "main" {
		m.since = time.Now()
	}
}

func (m *meter) begin(fault string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, fault)
}

func (m *meter) end(fault string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.faults, fault); i >= 0 {
		m.faults = slices.Delete(m.faults, i, i+1)
	}
}

func (m *meter) progress(total time.Duration) Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{
		Phase: m.phase, Total: total, Faults: slices.Clone(m.faults), P99: m.latency.quantile(0.99),
		OK: m.ok.Load(), Fail: m.fail.Load(), Info: m.info.Load(),
	}
	if !m.since.IsZero() {
		p.Elapsed = min(total, time.Since(m.since))
	}
	return p
}

// histogram counts durations in buckets of 1/16 of a power of two of a
// microsecond. Each look at it halves what was counted before, so that the last
// seconds weigh most.
type histogram struct{ buckets [40 * 16]atomic.Int64 }

func (h *histogram) add(d time.Duration) { h.buckets[bucket(d)].Add(1) }

func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 1))
	exp := bits.Len64(us) - 1
	var fraction uint64
	if exp >= 4 {
		fraction = us >> (exp - 4) & 15
	} else {
		fraction = us << (4 - exp) & 15
	}
	return min(exp*16+int(fraction), 40*16-1)
}

// upper is the least duration above a bucket.
func upper(b int) time.Duration {
	exp, fraction := b/16, b%16
	return time.Duration(float64(uint64(1)<<exp) * (1 + float64(fraction+1)/16) * float64(time.Microsecond))
}

func (h *histogram) quantile(q float64) time.Duration {
	var total int64
	counts := make([]int64, len(h.buckets))
	for i := range h.buckets {
		counts[i] = h.buckets[i].Load()
		h.buckets[i].Add(-counts[i] / 2)
		total += counts[i]
	}
	left := int64(q * float64(total))
	for i, n := range counts {
		left -= n
		if left < 0 {
			return upper(i)
		}
	}
	return 0
}
