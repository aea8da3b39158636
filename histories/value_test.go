package histories_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet/histories"
)

func TestValueRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := value().Draw(t, "value")
		text := v.AppendJSON(nil)
		require.True(t, json.Valid(text), "%s", text)
		require.NotContains(t, string(text), "\n")
		back, err := histories.ParseValue(text)
		require.NoError(t, err)
		require.True(t, v.Equal(back), "%s became %s", v, back)
	})
}

// TestStringsAgreeWithStandardLibrary compares the encoder and the decoder of
// strings with encoding/json, for text that is UTF-8.
func TestStringsAgreeWithStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.ToValidUTF8(text().Draw(t, "text"), "?")
		var theirs string
		require.NoError(t, json.Unmarshal([]byte(histories.StringValue(s).String()), &theirs))
		require.Equal(t, s, theirs)

		encoded, err := json.Marshal(s)
		require.NoError(t, err)
		ours, err := histories.ParseValue(encoded)
		require.NoError(t, err)
		require.Equal(t, s, ours.Str())
	})
}

func TestStringEncoding(t *testing.T) {
	for s, want := range map[string]string{
		"":             `""`,
		"plain é 😀":    `"plain é 😀"`,
		"\"\\/":        `"\"\\/"`,
		"\n\r\t\x00":   `"\n\r\t\u0000"`,
		"\x1f\x7f":     "\"\\u001f\x7f\"",
		"a\u2028b":     `"a\u2028b"`,
		"\xff":         `"\udcff"`,
		"a\x80é\xc3":   `"a\udc80é\udcc3"`,
		"\xed\xb2\x80": `"\udced\udcb2\udc80"`,
	} {
		require.Equal(t, want, histories.StringValue(s).String(), "%q", s)
	}
}

func TestParseValueAccepts(t *testing.T) {
	list := func(v ...histories.Value) histories.Value { return histories.ListValue(v...) }
	for text, want := range map[string]histories.Value{
		"null":                    {},
		" 7 ":                     histories.IntValue(7),
		"-0":                      histories.IntValue(0),
		"-9223372036854775808":    histories.IntValue(-1 << 63),
		"9223372036854775807":     histories.IntValue(1<<63 - 1),
		`"\u00e9\/\b\f"`:          histories.StringValue("é/\b\f"),
		`"\uD83D\ude00"`:          histories.StringValue("😀"),
		`"\udcc3\udca9"`:          histories.StringValue("é"),
		"[ 1 , [ ] ,\t[null] ]":   list(histories.IntValue(1), list(), list(histories.Value{})),
		`["append",[1],"\u2028"]`: list(histories.StringValue("append"), list(histories.IntValue(1)), histories.StringValue("\u2028")),
	} {
		v, err := histories.ParseValue([]byte(text))
		require.NoError(t, err, "%s", text)
		require.True(t, want.Equal(v), "%s: %s", text, v)
	}
}

func TestParseValueRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "nul", "true", "{}", "1.0", "1e3", "01", "-", "+1", "9223372036854775808", "-9223372036854775809",
		"99999999999999999999", "1 2", "[1,]", "[,1]", "[1 2]", "[", "[1", "]", `"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`,
		`"\ud800"`, `"\udc00"`, `"\ud83dx"`, `"\ud83d\u0041"`, "\"\n\"", "\x00",
	} {
		_, err := histories.ParseValue([]byte(text))
		requireRule(t, err, histories.RuleSyntax)
	}
}

func TestValueDepthIsBounded(t *testing.T) {
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	_, err := histories.ParseValue(deep(histories.MaxDepth))
	require.NoError(t, err)
	_, err = histories.ParseValue(deep(histories.MaxDepth + 1))
	requireRule(t, err, histories.RuleValue)
}

func TestValueInOtherJSON(t *testing.T) {
	type wrapper struct {
		Type  histories.Type
		Value histories.Value
	}
	in := wrapper{histories.Info, histories.ListValue(histories.IntValue(1), histories.StringValue("a"))}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"Type":"info","Value":[1,"a"]}`, string(text))
	var out wrapper
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)
	require.Error(t, json.Unmarshal([]byte(`{"Type":"done"}`), &out))
	_, err = json.Marshal(wrapper{})
	require.ErrorContains(t, err, "Type(0)")
}

func TestIntegersDoNotAllocate(t *testing.T) {
	b := make([]byte, 0, 64)
	require.Zero(t, testing.AllocsPerRun(100, func() { b = histories.IntValue(-1 << 63).AppendJSON(b[:0]) }))
}

func FuzzParseValue(f *testing.F) {
	for _, seed := range []string{"null", "-12", `"a\u2028\udcff\ud83d\ude00"`, `[1,["x",null],[]]`, "[[[[", `"\`, "1e5"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := histories.ParseValue(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		if utf8.Valid(text) {
			require.True(t, json.Valid(text), "accepted %q, which is no JSON", text)
		}
		again, err := histories.ParseValue(v.AppendJSON(nil))
		require.NoError(t, err)
		require.True(t, v.Equal(again))
	})
}
