package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestContrast computes the contrast of text as WCAG 2.2 defines it, in both
// colour schemes; 4.5 : 1 is what it asks of text of normal size.
func TestContrast(t *testing.T) {
	light, dark, _ := strings.Cut(styleCSS, "@media (prefers-color-scheme: dark)")
	dark, _, _ = strings.Cut(dark, "* {")
	for scheme, css := range map[string]string{"light": light, "dark": light + dark} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			colours[m[1]] = m[2]
		}
		for _, pair := range []string{
			"ink bg", "ink card", "soft bg", "soft card", "ok-ink card", "ok-ink bg", "info-ink card", "fail-ink card", "bad-ink card", "yes card",
			"ink bad-tint", "ok-ink bad-tint", "info-ink bad-tint", "fail-ink bad-tint", "on-bad bad",
			"valid-ink valid-bg", "invalid-ink invalid-bg", "unknown-ink unknown-bg",
			"on-fault kill", "on-fault pause", "on-fault cut", "on-fault packet", "on-fault clock", "on-fault disk", "on-fault other",
		} {
			text, ground, _ := strings.Cut(pair, " ")
			require.GreaterOrEqual(t, contrast(colours[text], colours[ground]), 4.5, "%s: %s", scheme, pair)
		}
		for _, mark := range []string{"ok", "info", "fail", "bad"} {
			require.GreaterOrEqual(t, contrast(colours[mark], colours["card"]), 3.0, "%s: %s", scheme, mark)
		}
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(hex string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			return math.NaN()
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// TestEveryClassHasAStyle keeps names in Go, the template and the style alike.
func TestEveryClassHasAStyle(t *testing.T) {
	page := render(t, planted())
	unstyled := map[string]bool{"depth0": true, "operations": true, "valid": true, "dots": true}
	for _, m := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		for _, class := range strings.Fields(m[1]) {
			if !unstyled[class] {
				require.True(t, strings.Contains(styleCSS, "."+class), "class %s", class)
			}
		}
	}
}
