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
