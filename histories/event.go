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

// Int returns an attribute that is an integer, whichever of Go's integer types
// it has: an event that was read from a file has int64, one that comes straight
// from a node has what the node gave. It reports false if there is no such
// attribute, or it is no integer, or does not fit.
func (e Event) Int(attr string) (int64, bool) {
	switch n := e.Attrs[attr].(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case int32:
		return int64(n), true
	case int16:
		return int64(n), true
	case int8:
		return int64(n), true
	case uint:
		return int64(n), int64(n) >= 0
	case uint64:
		return int64(n), int64(n) >= 0
	case uint32:
		return int64(n), true
	case uint16:
		return int64(n), true
	case uint8:
		return int64(n), true
	case time.Duration:
		return int64(n), true
	default:
		return 0, false
	}
}

// Str returns an attribute that is a string, "" if there is none.
func (e Event) Str(attr string) string {
	s, _ := e.Attrs[attr].(string)
	return s
}

// Strings returns an attribute that is a list of strings, whether it comes from
// a file or straight from a node. It reports false if there is no such attribute
// or it is something else.
func (e Event) Strings(attr string) ([]string, bool) {
	switch list := e.Attrs[attr].(type) {
	case []string:
		return list, true
	case []any:
		out := make([]string, len(list))
		for i, v := range list {
			s, ok := v.(string)
			if !ok {
				return nil, false
			}
			out[i] = s
		}
		return out, true
	default:
		return nil, false
	}
}
