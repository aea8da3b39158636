package mutants

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A planted bug is a slip of the pen: more changed lines than this are another
// program.
const mostChanged = 3

// TestData says of every mutant of the module whether it still applies, whether
// it is a part of the command, and whether it compiles.
func TestData(t *testing.T) {
	all, err := All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	root := moduleRoot(t)
	for _, m := range all {
		t.Run(m.ID, func(t *testing.T) {
			overlay, err := m.Overlay(root, t.TempDir())
			require.NoError(t, err)
			removed, added := m.Changed()
			require.LessOrEqual(t, max(removed, added), mostChanged, "lines changed")
			if testing.Short() {
				t.Skip("applies; to compile it needs the compiler")
			}
			require.NoError(t, compiled(context.Background(), root, overlay))
			require.NoError(t, CompilePackage(t.Context(), root, overlay))
		})
	}
}

// moduleRoot is the nearest directory above the test that has a go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	require.NoError(t, err)
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module ") {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, dir, parent, "no go.mod above the test")
		dir = parent
	}
}
