package gauntlet_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// houseUnfinished are the words that say that something is unfinished, and the
// paths that exist only where it was written. They are put together here so
// that this file does not break its own rule.
var houseUnfinished = regexp.MustCompile(`\b(` + "TO" + `DO|FIX` + `ME)\b|(^|[^\w./-])/wo` + `rk/`)

func TestHouseTexts(t *testing.T) {
	t.Run("catches", func(t *testing.T) {
		for _, bad := range []string{"// TO" + "DO: more", "FIX" + "ME", "cd /wo" + "rk/main", "see (/wo" + "rk/x)"} {
			r := houseText("a.md", []byte("first\n"+bad+"\n"))
			require.Len(t, r.findings, 1, bad)
			require.Equal(t, 2, r.findings[0].line, bad)
		}
		for _, good := range []string{"the to" + "do list", "system/wo" + "rk/x", "./wo" + "rk/", "/workload/", "TO" + "DOS", "\x00TO" + "DO"} {
			require.Empty(t, houseText("a.md", []byte(good)).findings, good)
		}
	})
	t.Run("holds", func(t *testing.T) {
		root := houseRoot(t)
		names := houseTracked(t, root)
		for _, name := range names {
			content, err := os.ReadFile(filepath.Join(root, name))
			if err == nil {
				houseHolds(t, "texts are finished", houseText(name, content))
			}
		}
		t.Logf("%d files", len(names))
	})
}

// houseText looks at one file; one with a zero byte is no text.
func houseText(name string, content []byte) (r houseReport) {
	if bytes.IndexByte(content, 0) >= 0 {
		return r
	}
	for i, line := range strings.Split(string(content), "\n") {
		if found := houseUnfinished.FindString(line); found != "" {
			r.add(name, i+1, "found %q", found)
		}
	}
	return r
}

// houseTracked lists the files that are or will be tracked; where there is no
// repository, as in a module archive, all files.
func houseTracked(t *testing.T, root string) (names []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil && len(out) > 0 {
		return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "runs") {
			return filepath.SkipDir
		}
		rel, relErr := filepath.Rel(root, name)
		if err == nil && d.Type().IsRegular() {
			names = append(names, rel)
		}
		return relErr
	})
	require.NoError(t, err)
	return names
}

func TestHouseDependencies(t *testing.T) {
	t.Run("catches", func(t *testing.T) {
		gomod := "module m\n\ngo 1.26\n\nrequire a.example/x v1.0.0\n\nrequire (\n\tb.example/y v1.2.0\n\tc.example/z v0.1.0 // indirect\n)\n"
		r := houseDependencies(gomod, "about a.example/x")
		require.Equal(t, []houseFinding{{"go.mod", 8, "found b.example/y, expected a reason for it in docs/dependencies.md"}}, r.findings)
		require.Empty(t, houseDependencies(gomod, "a.example/x and b.example/y").findings)
	})
	t.Run("holds", func(t *testing.T) {
		root := houseRoot(t)
		gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
		require.NoError(t, err)
		reasons, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
		require.NoError(t, err)
		houseHolds(t, "dependencies have a reason", houseDependencies(string(gomod), string(reasons)))
	})
}

var houseRequire = regexp.MustCompile(`^(?:require )?\s*([^\s()]+\.[^\s()]+/[^\s()]+) v\S+$`)

// houseDependencies looks at the direct requirements of a go.mod.
func houseDependencies(gomod, reasons string) (r houseReport) {
	for i, line := range strings.Split(gomod, "\n") {
		match := houseRequire.FindStringSubmatch(line)
		if match != nil && !strings.Contains(reasons, match[1]) {
			r.add("go.mod", i+1, "found %s, expected a reason for it in docs/dependencies.md", match[1])
		}
	}
	return r
}
