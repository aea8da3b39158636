package local

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatFieldsOfAnyCommand(t *testing.T) {
	for line, want := range map[string]string{
		"1 (sleep) S 7 1":     "S",
		"1 (a) Z) b) T 7 1":   "T",
		"1 (new\nline) R 7 1": "R",
	} {
		require.Equal(t, want, statFields([]byte(line))[0])
	}
	require.Empty(t, statFields([]byte("nothing")))
	require.Empty(t, statFields(nil))
}

func FuzzStatFields(f *testing.F) {
	f.Add([]byte("1 (sleep) S 7 1"))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, field := range statFields(line) {
			require.NotEmpty(t, field)
		}
	})
}

func TestChildrenAreFoundInBothWays(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	cmd.Env = []string{envOwner + "=somebody"}
	require.NoError(t, cmd.Start())
	defer cmd.Wait() //nolint:errcheck // killed
	defer cmd.Process.Kill()
	require.Contains(t, children(), cmd.Process.Pid)
	require.Contains(t, childrenByScan(), cmd.Process.Pid)
	mark, found := ownerOf(cmd.Process.Pid)
	require.True(t, found)
	require.Equal(t, "somebody", mark)
	_, found = ownerOf(os.Getpid())
	require.False(t, found)
	threads, stopped, err := threadsStopped(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, threads)
	require.Zero(t, stopped)
}
