package histories

import "time"

// Event is one line of a node's trace: what the node says that it did. Checkers
// that look inside read them; the report shows them.
type Event struct {
	Time        time.Duration // since the start of the run
	Node        string
	Incarnation int    // boot count of the node, from 1
	Name        string // "boot", "vote", "leader", "commit", …
	Attrs       map[string]any
}
