package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// shown makes a string of unknown origin fit to be seen: what would move the
// cursor, hide or reorder text is spelled out, and it is cut at limit runes.
func shown(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			b.WriteRune('…')
			break
		}
		n++
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// count writes an integer with separators: 40,000.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a count with its noun: 1 operation, 2,000 operations.
func plural(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return count(n) + " " + noun
}

// span writes a length of time with three digits and a unit: 870 µs, 2.31 ms.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "–"
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d)
	case d < time.Millisecond:
		return digits(float64(d)/1e3) + " µs"
	case d < time.Second:
		return digits(float64(d)/1e6) + " ms"
	default:
		return digits(d.Seconds()) + " s"
	}
}

func digits(x float64) string {
	decimals := 0
	switch {
	case x < 10:
		decimals = 2
	case x < 100:
		decimals = 1
	}
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// moment writes a point of time in seconds, to the millisecond: 12.345.
func moment(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// fine writes a point of time in seconds, to the microsecond.
func fine(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

var secretEndings = []string{"token", "key", "password", "passwd", "secret", "credentials"}

// secret reports whether a setting of this name should not be shown: API_KEY
// and admin-password, but not keys.
func secret(name string) bool {
	name = strings.ToLower(name)
	for _, ending := range secretEndings {
		rest, ok := strings.CutSuffix(name, ending)
		if ok && (rest == "" && ending != "key" || strings.HasSuffix(rest, "_") || strings.HasSuffix(rest, "-") || strings.HasSuffix(rest, ".")) {
			return true
		}
	}
	return strings.Contains(name, "password") || strings.Contains(name, "secret")
}
