package quorum

import (
	"cmp"
	"encoding/binary"
	"fmt"
)

// Tag orders the values of a key. The two last fields make it unique: without
// them two concurrent writes of one coordinator, or of a coordinator that
// crashed between two sends and came back, would put two values under one tag.
type Tag struct {
	Counter     uint64 // greater than that of any value a majority knew of
	Node        uint64 // coordinator, as an index into the configuration
	Incarnation uint64 // boot count of the coordinator
	Op          uint64 // number of the write at that coordinator
}

// Compare orders tags lexicographically.
func (t Tag) Compare(u Tag) int {
	return cmp.Or(
		cmp.Compare(t.Counter, u.Counter),
		cmp.Compare(t.Node, u.Node),
		cmp.Compare(t.Incarnation, u.Incarnation),
		cmp.Compare(t.Op, u.Op),
	)
}

// Less reports whether t comes before u.
func (t Tag) Less(u Tag) bool { return t.Compare(u) < 0 }

// String returns the four numbers, separated by dots.
func (t Tag) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", t.Counter, t.Node, t.Incarnation, t.Op)
}

func (t Tag) append(b []byte) []byte {
	b = binary.AppendUvarint(b, t.Counter)
	b = binary.AppendUvarint(b, t.Node)
	b = binary.AppendUvarint(b, t.Incarnation)
	return binary.AppendUvarint(b, t.Op)
}
