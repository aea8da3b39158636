package mutants

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const fixture = "testdata/fixture"

func fixtureMutant(t *testing.T) Mutant {
	t.Helper()
	m, err := Parse("A2.txt", []byte(sound))
	require.NoError(t, err)
	// The write reaches only the first replica, the read asks the last.
	m.Old = []string{"\t\tr.replicas[i] = v"}
	m.New = []string{"\t\tr.replicas[i*0] = v"}
	return m
}

func TestOverlay(t *testing.T) {
	m, dir := fixtureMutant(t), filepath.Join(t.TempDir(), "new")
	path, err := m.Overlay(fixture, dir)
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var overlay overlayFile
	require.NoError(t, json.Unmarshal(content, &overlay))
	require.Len(t, overlay.Replace, 1)
	for source, replacement := range overlay.Replace {
		require.True(t, filepath.IsAbs(source) && filepath.IsAbs(replacement), "%s: %s", source, replacement)
		original, err := os.ReadFile(source)
		require.NoError(t, err)
		changed, err := os.ReadFile(replacement)
		require.NoError(t, err)
		require.Contains(t, string(original), m.Old[0])
		require.NotContains(t, string(changed), m.Old[0]+"\n")
		require.Contains(t, string(changed), m.New[0])
	}
}

func TestOverlayRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		old, new []string
		want     string
	}{
		"not there":       {[]string{"\treturn r.replicas[2]"}, nil, "the old lines do not occur"},
		"other space":     {[]string{"return r.replicas[1]"}, nil, "the old lines do not occur"},
		"twice":           {[]string{"}"}, nil, "the old lines occur at lines [7 14 19], expected them once"},
		"nothing changed": {[]string{"\treturn r.replicas[1]"}, []string{"\treturn r.replicas[1]"}, "leave the file as it is"},
		"gofmt":           {[]string{"\treturn r.replicas[1]"}, []string{"", "  return r.replicas[0]"}, "gofmt would change line 19"},
		"no Go":           {[]string{"\treturn r.replicas[1]"}, []string{"\treturn r.replicas["}, "register/register.go with the mutant: "},
	} {
		t.Run(name, func(t *testing.T) {
			m := fixtureMutant(t)
			m.Old, m.New = test.old, test.new
			_, err := m.Overlay(fixture, t.TempDir())
			require.ErrorContains(t, err, test.want)
		})
	}
	m := fixtureMutant(t)
	m.File = "register/none.go"
	_, err := m.Overlay(fixture, t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOnlyThere(t *testing.T) {
	m := fixtureMutant(t)
	original := []string{"a", m.Old[0], "b"}
	require.NoError(t, m.onlyThere(original, []string{"a", "x", "y", "b"}, 1))
	require.ErrorContains(t, m.onlyThere(original, []string{"A", "x", "b"}, 1), "outside of lines 2 to 2")
	require.ErrorContains(t, m.onlyThere(original, []string{"a", "x", "B"}, 1), "outside of lines 2 to 2")
}

func TestChanged(t *testing.T) {
	m := Mutant{Old: []string{"a", "b", "c", "d"}, New: []string{"a", "x", "d"}}
	removed, added := m.Changed()
	require.Equal(t, []int{2, 1}, []int{removed, added})
	m.New = []string{"a", "d"}
	removed, added = m.Changed()
	require.Equal(t, []int{2, 0}, []int{removed, added})
}

func TestCompilePackage(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the compiler")
	}
	m := fixtureMutant(t)
	path, err := m.Overlay(fixture, t.TempDir())
	require.NoError(t, err)
	require.NoError(t, CompilePackage(t.Context(), fixture, path))

	m.New = []string{"\t\tr.replicas[i] = w"}
	path, err = m.Overlay(fixture, t.TempDir())
	require.NoError(t, err)
	require.ErrorContains(t, CompilePackage(t.Context(), fixture, path), "undefined: w")
}

func TestBuildProvesThatTheMutantIsIn(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the compiler")
	}
	unused := fixtureMutant(t)
	unused.File, unused.Old, unused.New = "register/unused.go", []string{"const size = 2"}, []string{"const size = 3"}
	dir := t.TempDir()
	path, err := unused.Overlay(fixture, dir)
	require.NoError(t, err)
	err = Build(t.Context(), fixture, path, filepath.Join(dir, "out"))
	require.ErrorContains(t, err, "which is not compiled into ./cmd/gauntlet")

	require.ErrorContains(t, buildOverlay(t, `{"Replace":{}}`), "found no file")
	require.ErrorContains(t, buildOverlay(t, `{"Replace":{"register/register.go":"x"}}`), "expected an absolute path")
	require.ErrorContains(t, buildOverlay(t, `[`), "overlay.json")
	source, err := filepath.Abs(fixture + "/register/register.go")
	require.NoError(t, err)
	same, err := json.Marshal(overlayFile{Replace: map[string]string{source: source}})
	require.NoError(t, err)
	require.ErrorContains(t, buildOverlay(t, string(same)), "equals the binary without the mutant")
}

func buildOverlay(t *testing.T, overlay string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(path, []byte(overlay), 0o600))
	return Build(t.Context(), fixture, path, filepath.Join(t.TempDir(), "out"))
}

func TestBuildEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := fixtureMutant(t)
	path, err := m.Overlay(fixture, t.TempDir())
	require.NoError(t, err)
	require.ErrorIs(t, Build(ctx, fixture, path, filepath.Join(t.TempDir(), "out")), context.Canceled)
}
