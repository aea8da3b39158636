package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
)

// hostile is a page with x wherever someone else's text can stand.
func hostile(x string) Page {
	op := histories.Op{Process: 1, Type: histories.Invoke, F: x, Key: x, Value: histories.StringValue(x), Node: x}
	done := op
	done.Index, done.Type, done.Time, done.Error = 1, histories.Info, 5*time.Millisecond, x
	return Page{
		Title: x, Replay: x,
		History: &histories.History{Ops: []histories.Op{op, done}, Interrupted: x,
			Header: histories.Header{Workload: x, Model: x, Nodes: []string{x}}},
		Trace:  []histories.Event{{Node: x, Name: "leader", Attrs: map[string]any{x: x}}},
		Config: []checker.Note{{Name: x, Value: x}},
		Faults: []Fault{{Step: x, Kind: x, Description: x, Evidence: x, End: time.Millisecond, Effect: true}},
		Files:  []Link{{x, x}}, Pictures: []Link{{x, "javascript:alert(1)"}},
		Verdict: checker.Verdict{Checker: x, Validity: checker.Invalid, Reason: x, Notes: []checker.Note{{Name: x, Value: x}},
			Anomalies: []checker.Anomaly{{Name: x, Key: x, Ops: []int{0, 1}, Explanation: x}}},
	}
}

var attacks = []string{
	`</script><script>alert(1)</script>`,
	`</title></style></svg><img src=x onerror=alert(1)>`,
	`" onmouseover="alert(1)`, `' onload='alert(1)`, `]]><!--`, `{{.Title}}`,
	"a\x00b\x1b[31m\u202Egnp.exe\uFEFF\xff",
}

func TestHostileTextStaysText(t *testing.T) {
	for _, attack := range attacks {
		page := render(t, hostile(attack))
		requireWellFormed(t, page)
		for tag, times := range map[string]int{"<script": 1, "</script": 1, "<style": 1, "</style": 1, "</title></style>": 0, "<img": 0} {
			require.Equal(t, times, strings.Count(page, tag), "%q in the page of %q", tag, attack)
		}
		require.NotRegexp(t, `<[^>]* on[a-z]+="`, page)
		require.NotContains(t, page, "javascript:")
		require.NotContains(t, page, "\u202e")
		require.NotContains(t, page, "\x1b")
	}
}

// TestNothingIsLoaded looks for whatever would make a browser ask for a file or
// would need more than the policy allows.
func TestNothingIsLoaded(t *testing.T) {
	page := render(t, planted())
	require.NotRegexp(t, `<[a-z]+[^>]* (src|srcset|action|style|data)=`, page)
	require.NotRegexp(t, `url\((?:[^#])|@import`, page)
	for _, link := range regexp.MustCompile(`<link[^>]*>`).FindAllString(page, -1) {
		require.Contains(t, link, `href="data:image/svg`)
	}
}

func TestPolicyAllowsOnlyThisStyleAndScript(t *testing.T) {
	page := render(t, planted())
	found := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	require.NotNil(t, found)
	policy := html.UnescapeString(found[1])
	require.True(t, strings.HasPrefix(policy, "default-src 'none';"), policy)
	require.NotContains(t, policy, "unsafe")
	for _, tag := range []string{"style", "script"} {
		inline := regexp.MustCompile(`(?s)<` + tag + `>(.*?)</` + tag + `>`).FindStringSubmatch(page)
		require.NotNil(t, inline)
		sum := sha256.Sum256([]byte(inline[1]))
		require.Contains(t, policy, tag+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
}

func TestHugeTextIsCut(t *testing.T) {
	page := render(t, hostile(strings.Repeat("☠", 1_000_000)))
	require.Less(t, len(page), 200_000)
}

func TestTextNeverSendsControlCharacters(t *testing.T) {
	for _, attack := range attacks {
		var b bytes.Buffer
		require.NoError(t, Text(&b, hostile(attack), TextOptions{}))
		require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f]`, b.String())
		require.NotContains(t, b.String(), "\u202e")
	}
}
