package report

import (
	"fmt"

	"github.com/gauntlet-go/gauntlet/histories"
)

const maxValue = 60 // runes of a value that are shown

// label says what an operation did, as short as possible: "write 5", "read → 4",
// "cas [1,2]".
func label(o *operation) string {
	name, in, out := shown(o.Invoke.F, 24), value(o.Invoke.Value), ""
	if o.outcome == histories.OK && !o.Complete.Value.IsNil() && !o.Complete.Value.Equal(o.Invoke.Value) {
		out = " → " + value(o.Complete.Value)
	} else if o.outcome == histories.OK && o.Invoke.Value.IsNil() {
		out = " → nil"
	}
	if in != "" {
		in = " " + in
	}
	return name + in + out
}

// value is a value cut to a length that fits a line.
func value(v histories.Value) string {
	switch v.Kind() {
	case histories.Nil:
		return ""
	case histories.String:
		return `"` + shown(v.Str(), maxValue) + `"`
	default:
		return shown(v.String(), maxValue)
	}
}

// told describes an operation in one line for a tooltip or the terminal.
func (d *digest) told(o *operation) string {
	where := ""
	if o.Invoke.Node != "" {
		where = " at " + shown(o.Invoke.Node, 24)
	}
	return fmt.Sprintf("%s%s on %s by client %d: %s, %s", label(o), where, keyName(o.Invoke.Key), o.lane, result(o), interval(o))
}

// interval is when an operation ran, in words.
func interval(o *operation) string {
	if !o.returned() {
		return "from " + fine(o.start) + " s, never returned"
	}
	return fmt.Sprintf("%s–%s s (%s)", fine(o.start), fine(o.end), span(o.end-o.start))
}

// result is the outcome with the error, if there is one.
func result(o *operation) string {
	word := o.outcome.String()
	if o.returned() && o.Complete.Error != "" {
		word += " (" + shown(o.Complete.Error, 120) + ")"
	}
	return word
}

func keyName(key string) string {
	if key == "" {
		return "the only key"
	}
	return "key " + shown(key, maxValue)
}

// took is the time that an operation needed, "–" if it never returned.
func took(o *operation) string {
	if !o.returned() {
		return "–"
	}
	return span(o.end - o.start)
}

// rests reports whether an operation may take effect after the client gave up.
func (o *operation) rests() bool { return o.outcome == histories.Info }
