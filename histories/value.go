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

// MaxDepth is how deep lists may be nested in a value that is recorded or read.
const MaxDepth = 1000

const tooDeep = "lists that are nested at most 1000 deep"

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

// ParseValue reads a value from JSON: null, an integer of 64 bits, a string or
// a list of values. The error is an [*Error].
func ParseValue(text []byte) (Value, error) {
	s := scanner{data: text}
	s.space()
	v := s.value(0)
	s.end()
	if s.failure != nil {
		return Value{}, s.failure
	}
	return v, nil
}

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

// MarshalJSON returns the value as it stands in history files.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// UnmarshalJSON is [ParseValue].
func (v *Value) UnmarshalJSON(text []byte) (err error) {
	*v, err = ParseValue(text)
	return err
}

// AppendJSON appends the value's JSON to b.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.kind {
	case Int:
		return strconv.AppendInt(b, v.num, 10)
	case String:
		return appendString(b, v.str)
	case List:
		b = append(b, '[')
		for i := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.list[i].AppendJSON(b)
		}
		return append(b, ']')
	default:
		return append(b, "null"...)
	}
}

// nestedWithin reports whether lists are nested at most n deep.
func (v Value) nestedWithin(n int) bool {
	return v.kind != List ||
		n > 0 && !slices.ContainsFunc(v.list, func(e Value) bool { return !e.nestedWithin(n - 1) })
}

// value reads a value; depth is the number of lists around it.
func (s *scanner) value(depth int) Value {
	switch c := s.peek(); {
	case c == '-' || c-'0' <= 9:
		return IntValue(s.int64())
	case c == '"':
		return StringValue(string(s.bytes()))
	case c == '[':
		return s.listValue(depth)
	case s.literal("null"):
	default:
		s.fail(RuleSyntax, "null, an integer, a string or a list")
	}
	return Value{}
}

func (s *scanner) listValue(depth int) Value {
	if depth >= MaxDepth {
		s.fail(RuleValue, tooDeep)
		return Value{}
	}
	var list []Value
	s.begin('[', "a list")
	for first := true; s.more(first, ']'); first = false {
		list = append(list, s.value(depth+1))
	}
	return ListValue(list...)
}
