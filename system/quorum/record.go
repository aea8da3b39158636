package quorum

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/gauntlet-go/gauntlet/histories"
)

// record is one line of a replica's log: {"k":key,"t":[…],"v":value}. Keys and
// values are text, so that the log can be read.
type record struct {
	Key   string    `json:"k"`
	Tag   [4]uint64 `json:"t"`
	Value string    `json:"v"`
}

func appendRecord(b []byte, key string, tag Tag, value string) []byte {
	b = append(b, `{"k":`...)
	b = histories.StringValue(key).AppendJSON(b)
	b = append(b, `,"t":[`...)
	for i, n := range [...]uint64{tag.Counter, tag.Node, tag.Incarnation, tag.Op} {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, n, 10)
	}
	b = append(b, `],"v":`...)
	b = histories.StringValue(value).AppendJSON(b)
	return append(b, '}')
}

func decodeRecord(line []byte) (key string, tag Tag, value string, err error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return "", Tag{}, "", fmt.Errorf("record of a key: %w", err)
	}
	if r.Tag[0] == 0 {
		return "", Tag{}, "", fmt.Errorf("record of key %q: found tag counter 0, expected at least 1", r.Key)
	}
	return r.Key, Tag{Counter: r.Tag[0], Node: r.Tag[1], Incarnation: r.Tag[2], Op: r.Tag[3]}, r.Value, nil
}
