package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the page's template, style and script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"

	"github.com/gauntlet-go/gauntlet/checker"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed style.css
	styleCSS string
	//go:embed page.js
	scriptJS string
)

// Write writes the page of a run as one HTML document that loads nothing else.
// The same p gives the same bytes.
func Write(w io.Writer, p Page) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("page template: %w", err)
	}
	v := newDigest(p).view()
	v.Style, v.Script = template.CSS(styleCSS), template.JS(scriptJS)
	v.Policy, v.Icon = policy(styleCSS, scriptJS), icon(p.Verdict.Validity)
	buffered := bufio.NewWriter(w)
	if err := t.Execute(buffered, v); err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	return nil
}

// policy is the Content-Security-Policy that allows one style and one script.
func policy(style, script string) string {
	return "default-src 'none'; img-src data:; style-src '" + hash(style) + "'; script-src '" + hash(script) +
		"'; base-uri 'none'; form-action 'none'"
}

func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// icon is the picture of a verdict in the browser's tab.
func icon(v checker.Validity) template.URL {
	colour, path := "%237a5a00", "M11 12a5 5 0 1 1 7 4.500l-2 1.500v3m0 3v1"
	switch v {
	case checker.Valid:
		colour, path = "%230b6e4f", "M8 17l6 6 11-13"
	case checker.Invalid:
		colour, path = "%23c62828", "M10 10l12 12m0-12L10 22"
	}
	return template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='" +
		colour + "'/%3E%3Cpath d='" + path + "' fill='none' stroke='white' stroke-width='4'/%3E%3C/svg%3E")
}

// WriteFile writes the page to a file that only its owner may read, whole or
// not at all: an older page at path stays until the new one is complete.
func WriteFile(path string, p Page) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*") // mode 0600
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := Write(f, p); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
