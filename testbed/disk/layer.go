package disk

import (
	"math"
	"slices"
	"sort"
)

// layer is a set of changes to the content of a file, as one picture laid over
// what is below: bytes from cut on are hidden, extents are shown.
type layer struct {
	cut     int64    // bytes below are hidden from here on
	extents []extent // sorted, neither overlapping nor touching
	size    int64    // of the file at the end of the layer; set when it ends

	writes, bytes int64 // how many calls made it and what they wrote, for the gauge
}

type extent struct {
	off  int64
	data []byte
}

func (e extent) end() int64 { return e.off + int64(len(e.data)) }

// recycled is the largest buffer that a layer keeps for its next use.
const recycled = 1 << 20

func newLayer() *layer { return &layer{cut: math.MaxInt64} }

// reset empties the layer and keeps a buffer of it.
func (l *layer) reset() {
	keep := l.extents[:0]
	if len(l.extents) > 0 && cap(l.extents[0].data) <= recycled {
		// put finds the buffer again beyond the length of the slice.
		l.extents[0].data = l.extents[0].data[:0]
		clear(l.extents[1:])
	} else {
		keep = nil
	}
	*l = layer{cut: math.MaxInt64, extents: keep}
}

func (l *layer) changed() bool { return len(l.extents) > 0 || l.cut != math.MaxInt64 }

// put writes data at an offset. Appending to the last extent, the common case,
// is a copy.
func (l *layer) put(off int64, data []byte) {
	last := len(l.extents) - 1
	switch {
	case last < 0 && cap(l.extents) > 0:
		l.extents = l.extents[:1]
		buffer := l.extents[0].data[:0]
		l.extents[0] = extent{off, append(buffer, data...)}
	case last < 0 || off > l.extents[last].end():
		l.extents = append(l.extents, extent{off, slices.Clone(data)})
	case off == l.extents[last].end():
		l.extents[last].data = append(l.extents[last].data, data...)
	default:
		l.merge(extent{off, data})
	}
}

// merge joins an extent with all that it overlaps or touches.
func (l *layer) merge(e extent) {
	from := sort.Search(len(l.extents), func(i int) bool { return l.extents[i].end() >= e.off })
	to := sort.Search(len(l.extents), func(i int) bool { return l.extents[i].off > e.end() })
	if from == to {
		l.extents = slices.Insert(l.extents, from, extent{e.off, slices.Clone(e.data)})
		return
	}
	off, end := min(e.off, l.extents[from].off), max(e.end(), l.extents[to-1].end())
	joined := extent{off, make([]byte, end-off)}
	for _, old := range l.extents[from:to] {
		copy(joined.data[old.off-off:], old.data)
	}
	copy(joined.data[e.off-off:], e.data)
	l.extents = slices.Replace(l.extents, from, to, joined)
}

// truncate hides everything from size on.
func (l *layer) truncate(size int64) {
	l.cut = min(l.cut, size)
	keep := sort.Search(len(l.extents), func(i int) bool { return l.extents[i].off >= size })
	l.extents = l.extents[:keep]
	if keep > 0 {
		if last := &l.extents[keep-1]; last.end() > size {
			last.data = last.data[:size-last.off]
		}
	}
}

// absorb lays another layer on top of l, as one.
func (l *layer) absorb(upper *layer) {
	if upper.cut != math.MaxInt64 {
		l.truncate(upper.cut)
	}
	for _, e := range upper.extents {
		l.put(e.off, e.data)
	}
	l.size = upper.size
	l.writes += upper.writes
	l.bytes += upper.bytes
}

// paint shows the layer's part of the file at off in p, which holds what is
// below.
func (l *layer) paint(p []byte, off int64) {
	end := off + int64(len(p))
	if l.cut < end {
		clear(p[max(l.cut-off, 0):])
	}
	first := sort.Search(len(l.extents), func(i int) bool { return l.extents[i].end() > off })
	for _, e := range l.extents[first:] {
		if e.off >= end {
			return
		}
		if e.off < off {
			copy(p, e.data[off-e.off:])
		} else {
			copy(p[e.off-off:], e.data)
		}
	}
}

// length is the number of bytes in the extents.
func (l *layer) length() int {
	total := 0
	for _, e := range l.extents {
		total += len(e.data)
	}
	return total
}

// prefix returns the layer up to the first n bytes of its extents. It shares
// their memory.
func (l *layer) prefix(n int) *layer {
	p := &layer{cut: l.cut}
	for _, e := range l.extents {
		if n <= 0 {
			break
		}
		k := min(n, len(e.data))
		p.extents = append(p.extents, extent{e.off, e.data[:k]})
		n -= k
	}
	return p
}
