package quorum

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"
)

const (
	// The log is looked at so often, and rewritten when it has grown by this
	// many bytes, and to twice its size, since the last time.
	compactEvery  = time.Second
	compactGrowth = 8 << 20
)

// keepSmall rewrites the log from time to time, so that its size follows the
// number of registers and not that of writes, until ctx ends.
func (r *replica) keepSmall(ctx context.Context) {
	if r.log == nil {
		return
	}
	tick := time.NewTicker(compactEvery)
	defer tick.Stop()
	last := r.log.Size()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if r.log.Size() < max(2*last, last+compactGrowth) {
			continue
		}
		if err := r.compact(); err != nil {
			r.site.Log().Warn("the log stays as it is", "error", err)
		}
		last = r.log.Size()
	}
}

// compact replaces the log by one record a register. What comes from records
// that are not durable yet does no harm: a replica may store an update before
// anybody hears of it.
func (r *replica) compact() error {
	return r.log.Rewrite(r.log.Durable(), r.records())
}

// records are the registers as records, shard by shard, in order of the keys.
func (r *replica) records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range r.shards {
			for _, line := range r.shards[i].records() {
				if !yield(line) {
					return
				}
			}
		}
	}
}

func (s *shard) records() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines [][]byte
	for _, key := range slices.Sorted(maps.Keys(s.cells)) {
		if c := s.cells[key]; c.tag != (Tag{}) {
			lines = append(lines, appendRecord(nil, key, c.tag, c.value))
		}
	}
	return lines
}
