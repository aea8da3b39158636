package nemesis

import "time"

// Link is an ordered pair: what travels from From to To. Clients have names
// too, so a link may lead from a client to a node or back.
type Link struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Condition is the desired state of one link. The zero Condition is a healthy
// link.
type Condition struct {
	// Cut withholds every byte, as dropped packets would: connections stay
	// open, new ones time out. Nothing is ever taken out of the middle of a
	// stream that lives on.
	Cut bool `json:"cut,omitempty"`
	// Lost decides what the end of a cut does to connections that were held
	// by it: false delivers the withheld bytes late, true resets the
	// connections, so that the bytes are lost.
	Lost bool `json:"lost,omitempty"`
	// Delay is added to every byte, plus a random share of Jitter. It is a
	// delay line: it does not limit the throughput.
	Delay  time.Duration `json:"delay,omitempty"`
	Jitter time.Duration `json:"jitter,omitempty"`
	// Loss, Duplicate and Reorder are probabilities per frame, in [0, 1].
	// They need a framer for the role of the connection.
	Loss      float64 `json:"loss,omitempty"`
	Duplicate float64 `json:"duplicate,omitempty"`
	Reorder   float64 `json:"reorder,omitempty"`
	// Split, if positive, forwards the stream in segments of 1 to Split bytes.
	Split int `json:"split,omitempty"`
	// Merge, if positive, holds bytes for that long so that several writes
	// arrive as one segment.
	Merge time.Duration `json:"merge,omitempty"`
}

// With returns the condition of a link that two faults disturb at the same time:
// the cut wins, delays add, of probabilities and of merging the greater counts,
// of splitting the finer. The bytes of a cut are lost if one of the cuts says so.
func (c Condition) With(o Condition) Condition {
	split := max(c.Split, o.Split)
	if c.Split > 0 && o.Split > 0 {
		split = min(c.Split, o.Split)
	}
	return Condition{
		Cut:       c.Cut || o.Cut,
		Lost:      c.Lost || o.Lost,
		Delay:     c.Delay + o.Delay,
		Jitter:    c.Jitter + o.Jitter,
		Loss:      max(c.Loss, o.Loss),
		Duplicate: max(c.Duplicate, o.Duplicate),
		Reorder:   max(c.Reorder, o.Reorder),
		Split:     split,
		Merge:     max(c.Merge, o.Merge),
	}
}

// Matrix is the desired condition of every link. A link that is not in it is
// healthy; the empty Matrix is the healed network.
type Matrix map[Link]Condition

// LinkStats counts what has been done to one link since the start of the run:
// the evidence that a condition had an effect. Counters only grow.
type LinkStats struct {
	Passed     int64 `json:"passed"`     // bytes forwarded
	Withheld   int64 `json:"withheld"`   // bytes that a cut held back, for a while or for good
	Blocked    int64 `json:"blocked"`    // dials that did not complete because of a cut, as far as seen
	Resets     int64 `json:"resets"`     // connections reset on purpose
	Refused    int64 `json:"refused"`    // connections reset because the target does not listen
	Delayed    int64 `json:"delayed"`    // chunks that went through the delay line
	Dropped    int64 `json:"dropped"`    // frames dropped
	Duplicated int64 `json:"duplicated"` // frames sent twice
	Reordered  int64 `json:"reordered"`  // frames overtaken by a later one
	Split      int64 `json:"split"`      // chunks that were cut into smaller segments
	Merged     int64 `json:"merged"`     // chunks that were joined to an earlier one
}

func (s LinkStats) plus(o LinkStats) LinkStats {
	s.Passed += o.Passed
	s.Withheld += o.Withheld
	s.Blocked += o.Blocked
	s.Resets += o.Resets
	s.Refused += o.Refused
	s.Delayed += o.Delayed
	s.Dropped += o.Dropped
	s.Duplicated += o.Duplicated
	s.Reordered += o.Reordered
	s.Split += o.Split
	s.Merged += o.Merged
	return s
}

func (s LinkStats) minus(o LinkStats) LinkStats {
	negative := LinkStats{
		-o.Passed, -o.Withheld, -o.Blocked, -o.Resets, -o.Refused, -o.Delayed,
		-o.Dropped, -o.Duplicated, -o.Reordered, -o.Split, -o.Merged,
	}
	return s.plus(negative)
}
