package report

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBrowser opens pages in headless Chromium. Whatever the page's policy
// forbids, and whatever fails in its script, Chromium writes to its console.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil && slices.Contains(strings.Split(os.Getenv("GAUNTLET_REQUIRE"), ","), "chromium") {
		t.Fatal("chromium is not installed, and GAUNTLET_REQUIRE asks for it")
	}
	if err != nil {
		t.Skip("chromium not installed")
	}
	for name, p := range map[string]Page{"invalid": planted(), "hostile": hostile(attacks[0])} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.html")
			require.NoError(t, WriteFile(path, p))
			dom, console := open(t, browser, path)
			require.NotContains(t, console, "CONSOLE", "errors and violations of the policy")
			require.Contains(t, dom, `<button type="button" data-copy="replay">Copy</button>`, "the script ran")
		})
	}
}

// open loads a file and returns the document after its script and what the
// browser logged.
func open(t *testing.T, browser, path string) (dom, console string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, log bytes.Buffer
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-US",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--dump-dom", "file://"+path)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &log, 5*time.Second
	require.NoError(t, cmd.Run(), log.String())
	return out.String(), log.String()
}
