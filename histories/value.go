package histories

import (
	"slices"
	"strconv"
)

// Kind is the kind of a [Value].
type Kind uint8

// The kinds of values.
const (
	Nil Kind = iota
	Int
	String
	List
)

// Value is what an operation carries: nothing, a 64-bit integer, a string or a
// list of values. The zero Value is nil. Making and encoding an integer does
// not allocate.
type Value struct {
	kind Kind
	num  int64
	str  string
	list []Value
}

// IntValue returns an integer value.
func IntValue(n int64) Value { return Value{kind: Int, num: n} }

// StringValue returns a string value.
func StringValue(s string) Value { return Value{kind: String, str: s} }

// ListValue returns a list. It keeps the slice.
func ListValue(list ...Value) Value { return Value{kind: List, list: list} }

// Kind reports what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNil reports whether the value is nil.
func (v Value) IsNil() bool { return v.kind == Nil }

// Int returns the integer, 0 if it is none.
func (v Value) Int() int64 { return v.num }

// Str returns the string, "" if it is none.
func (v Value) Str() string { return v.str }

// List returns the elements, nil if it is no list. The caller must not change
// them.
func (v Value) List() []Value { return v.list }

// Equal reports whether two values are the same, element by element.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.num == w.num && v.str == w.str && slices.EqualFunc(v.list, w.list, Value.Equal)
}

// String returns the value as it stands in history files: JSON.
func (v Value) String() string { return string(v.AppendJSON(nil)) }

// AppendJSON appends the value's JSON to b.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.kind {
	case Int:
		return strconv.AppendInt(b, v.num, 10)
	case String:
		return appendString(b, v.str)
	case List:
		b = append(b, '[')
		for i, e := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.AppendJSON(b)
		}
		return append(b, ']')
	default:
		return append(b, "null"...)
	}
}

func appendString(b []byte, s string) []byte { return strconv.AppendQuote(b, s) }
