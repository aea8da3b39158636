package checker

import (
	"strconv"

	"github.com/gauntlet-go/gauntlet/histories"
)

// atom is a value in comparable form: two values are equal exactly if their
// atoms are.
type atom struct {
	kind histories.Kind
	num  int64
	str  string
}

func atomOf(v histories.Value) atom {
	if v.Kind() == histories.List {
		return atom{kind: histories.List, str: string(appendAtom(nil, v))}
	}
	return atom{kind: v.Kind(), num: v.Int(), str: v.Str()}
}

// appendAtom encodes a value so that no two values share an encoding, also
// where JSON would replace bytes that are no UTF-8.
func appendAtom(b []byte, v histories.Value) []byte {
	b = append(b, "nisl"[v.Kind()%4])
	switch v.Kind() {
	case histories.Int:
		b = strconv.AppendInt(b, v.Int(), 10)
	case histories.String:
		b = append(strconv.AppendInt(b, int64(len(v.Str())), 10), ':')
		return append(b, v.Str()...)
	case histories.List:
		b = append(strconv.AppendInt(b, int64(len(v.List())), 10), ':')
		for _, e := range v.List() {
			b = appendAtom(b, e)
		}
	}
	return append(b, ';')
}
