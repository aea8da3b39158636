package histories

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON from a line. The first failure is kept, after which every
// method returns zero values and more reports false, so that a parser asks for
// the failure once, at the end.
type scanner struct {
	data    []byte
	pos     int
	failure *Error
	scratch []byte            // a string with escapes, unescaped
	known   map[string]string // strings that were seen before
	recent  [256]string       // the last of them, by length and ends
}

// maxKnown bounds the table of known strings.
const maxKnown = 1 << 16

func (s *scanner) reset(data []byte) { s.data, s.pos, s.failure = data, 0, nil }

// fail keeps the first failure and moves to the end of the line.
func (s *scanner) fail(rule Rule, expected string) {
	if s.failure == nil {
		s.failure = &Error{Index: -1, Rule: rule, Found: s.found(), Expected: expected}
	}
	s.pos = len(s.data)
}

// found describes what stands at the current position.
func (s *scanner) found() string {
	rest := bytes.TrimRight(s.data[min(s.pos, len(s.data)):], "\r\n")
	switch {
	case len(rest) == 0:
		return fmt.Sprintf("the end of the line at column %d", s.pos+1)
	case len(rest) > 20:
		return fmt.Sprintf("%q… at column %d", rest[:20], s.pos+1)
	default:
		return fmt.Sprintf("%q at column %d", rest, s.pos+1)
	}
}

// twice fails because a field occurs for the second time.
func (s *scanner) twice(name string, at int) {
	if s.failure == nil {
		s.failure = &Error{Index: -1, Rule: RuleFields, Found: fmt.Sprintf("a second field %q at column %d", name, at+1), Expected: "one"}
	}
	s.pos = len(s.data)
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) expect(c byte, what string) {
	if s.peek() != c || s.pos >= len(s.data) {
		s.fail(RuleSyntax, what)
		return
	}
	s.pos++
}

// begin enters an array or an object.
func (s *scanner) begin(open byte, what string) {
	s.space()
	s.expect(open, what)
}

// more reports whether the array or object has another element; if not, it
// leaves it.
func (s *scanner) more(first bool, end byte) bool {
	s.space()
	if s.failure != nil {
		return false
	}
	if s.peek() == end {
		s.pos++
		return false
	}
	if first {
		return true
	}
	if s.peek() != ',' {
		s.fail(RuleSyntax, "a comma or "+strconv.QuoteRune(rune(end)))
		return false
	}
	s.pos++
	s.space()
	return true
}

// key reads the name of a field and the colon. The name is valid until the next
// string is read.
func (s *scanner) key() []byte {
	name := s.bytes()
	s.space()
	s.expect(':', "a colon")
	s.space()
	return name
}

// end makes sure that nothing but white space is left.
func (s *scanner) end() {
	s.space()
	if s.pos < len(s.data) {
		s.fail(RuleSyntax, "the end of the line")
	}
}

// literal reads null, true or false if it stands here.
func (s *scanner) literal(word string) bool {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

// int64 reads an integer.
func (s *scanner) int64() int64 {
	start, i := s.pos, s.pos
	negative := i < len(s.data) && s.data[i] == '-'
	if negative {
		i++
	}
	first := i
	var n uint64
	for i < len(s.data) && s.data[i]-'0' <= 9 && i-first < 19 {
		n = n*10 + uint64(s.data[i]-'0')
		i++
	}
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	if i == first || n > limit || s.data[first] == '0' && i-first > 1 || i < len(s.data) && inNumber(s.data[i]) {
		s.pos = start
		s.fail(RuleSyntax, "an integer of 64 bits")
		return 0
	}
	s.pos = i
	if negative {
		return -int64(n)
	}
	return int64(n)
}

func inNumber(c byte) bool { return c-'0' <= 9 || c == '.' || c == 'e' || c == 'E' }

// int reads an integer that fits an int.
func (s *scanner) int() int {
	start := s.pos
	n := s.int64()
	if int64(int(n)) != n {
		s.pos = start
		s.fail(RuleSyntax, "an integer that this machine can hold")
	}
	return int(n)
}

// str reads a string or null and shares it with earlier ones that are the same.
func (s *scanner) str() string {
	if s.peek() == 'n' && s.literal("null") {
		return ""
	}
	b := s.bytes()
	if len(b) == 0 {
		return ""
	}
	recent := &s.recent[(7*len(b)+31*int(b[0])+int(b[len(b)-1]))%len(s.recent)]
	if *recent != string(b) {
		*recent = s.share(b)
	}
	return *recent
}

// share returns the one copy of a string.
func (s *scanner) share(b []byte) string {
	if known, ok := s.known[string(b)]; ok {
		return known
	}
	fresh := string(b)
	if s.known == nil {
		s.known = make(map[string]string)
	}
	if len(s.known) < maxKnown {
		s.known[fresh] = fresh
	}
	return fresh
}

// bytes reads a string. The result is valid until the next one is read.
func (s *scanner) bytes() []byte {
	s.expect('"', "a string")
	start := s.pos
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:i]
		case c == '\\':
			s.scratch = append(s.scratch[:0], s.data[start:i]...)
			s.pos = i
			return s.unescape()
		case c < ' ':
			s.pos = i
			s.fail(RuleSyntax, "no control character in a string")
			return nil
		}
	}
	s.pos = len(s.data)
	s.fail(RuleSyntax, "a quotation mark")
	return nil
}

// unescape reads the rest of a string that has escapes, into scratch.
func (s *scanner) unescape() []byte {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		switch {
		case c == '"':
			s.pos++
			return s.scratch
		case c == '\\':
			s.escape()
		case c < ' ':
			s.fail(RuleSyntax, "no control character in a string")
		default:
			s.scratch = append(s.scratch, c)
			s.pos++
		}
	}
	s.fail(RuleSyntax, "a quotation mark")
	return nil
}

// escape reads one escape, into scratch.
func (s *scanner) escape() {
	if s.pos+1 >= len(s.data) {
		s.pos = len(s.data)
		s.fail(RuleSyntax, "an escape")
		return
	}
	c := s.data[s.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		s.unicode()
		return
	default:
		s.fail(RuleSyntax, "an escape of JSON")
		return
	}
	s.scratch = append(s.scratch, c)
	s.pos += 2
}

// unicode reads \uhhhh, or two of them that are a pair of surrogates. A lone
// surrogate from U+DC80 to U+DCFF is a byte; any other one stands for no text.
func (s *scanner) unicode() {
	r, ok := s.hex4(s.pos)
	if !ok {
		s.fail(RuleSyntax, "four hexadecimal digits after \\u")
		return
	}
	if low, ok := s.hex4(s.pos + 6); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
		s.scratch = utf8.AppendRune(s.scratch, utf16.DecodeRune(r, low))
		s.pos += 12
		return
	}
	switch {
	case r >= 0xDC80 && r <= 0xDCFF:
		s.scratch = append(s.scratch, byte(r))
	case utf16.IsSurrogate(r):
		s.fail(RuleSyntax, "a pair of surrogates")
		return
	default:
		s.scratch = utf8.AppendRune(s.scratch, r)
	}
	s.pos += 6
}

// hex4 reads \uhhhh at a position without moving.
func (s *scanner) hex4(at int) (r rune, ok bool) {
	if at+6 > len(s.data) || s.data[at] != '\\' || s.data[at+1] != 'u' {
		return 0, false
	}
	for _, c := range s.data[at+2 : at+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
