package histories

import (
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plain says which ASCII bytes stand for themselves in a JSON string.
var plain = func() (table [utf8.RuneSelf]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// appendString appends s as a JSON string. Control characters are escaped, and
// so are U+2028 and U+2029, which end a line in JavaScript. A byte that is not
// part of UTF-8 becomes a lone surrogate (PEP 383), which the scanner turns back
// into the byte.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if !plain[c] {
				b = appendEscape(append(b, s[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = appendUnicode(append(b, s[start:i]...), 0xDC00|rune(s[i]))
			start = i + size
		} else if r == '\u2028' || r == '\u2029' {
			b = appendUnicode(append(b, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	default:
		return appendUnicode(b, rune(c))
	}
}

func appendUnicode(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
