package checker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gauntlet-go/gauntlet/histories"
)

// closedLoop is a history of one register: clients that are nearly always
// inside of an operation, up to 30 % of the writes of unknown outcome.
func closedLoop(n, clients int) *histories.History {
	return assemble(simulated(rand.New(rand.NewPCG(7, 7)), clients, n))
}

// BenchmarkZone is the zone algorithm alone: intern, solve, order.
func BenchmarkZone(b *testing.B) {
	for _, n := range []int{1e4, 1e5, 1e6} {
		h := closedLoop(n, 5)
		ops := h.Operations()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				z, err := newZones(h, ops)
				if err != nil {
					b.Fatal(err)
				}
				if z.solve(); len(z.findings) > 0 {
					b.Fatal("a correct history is called wrong")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
		})
	}
}

// BenchmarkRegister is the whole check: validation, zones, replay.
func BenchmarkRegister(b *testing.B) {
	for _, n := range []int{1e4, 1e5, 1e6} {
		h := closedLoop(n, 5)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := checkRegister(context.Background(), Run{History: h}); v.Validity != Valid {
					b.Fatal(v)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
		})
	}
}

// BenchmarkPorcupine is a search of 10^4 operations, patched, by 5 clients only:
// with 10 it may not end.
func BenchmarkPorcupine(b *testing.B) {
	h := closedLoop(1e4, 5)
	model := RegisterModel()
	spans, _ := tighten(model, spansOf(model, h.Operations()))
	for b.Loop() {
		if f := search(context.Background(), model, spans, false); f.validity != Valid {
			b.Fatal(f.reason)
		}
	}
}
