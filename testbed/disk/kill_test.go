package disk_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// victim names the directory of the process that is to be killed.
const victim = "GAUNTLET_DISK_TEST_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victim); dir != "" {
		if err := beKilled(dir); err != nil {
			fmt.Println("failed:", err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// beKilled does some of everything, synced and not, says so and waits.
func beKilled(dir string) error {
	d, err := disk.Open(dir, disk.Options{})
	if err != nil {
		return err
	}
	write := func(name, data string) (sync func() error) {
		f, ferr := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
		if ferr == nil {
			_, ferr = f.Write([]byte(data))
		}
		if err == nil {
			err = ferr
		}
		return f.Sync
	}
	do := func(step error) {
		if err == nil {
			err = step
		}
	}
	do(write("log", "synced.")())
	do(write("old", "old")())
	do(d.SyncDir("."))
	write("log", "unsynced")
	do(write("new", "new")())
	do(d.Rename("new", "old"))
	do(write("nameless", "synced content")())
	do(d.MkdirAll("d"))
	do(d.SyncDir("d"))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = os.Stdin.Read(make([]byte, 1))
	return err
}

func TestKillIsAPowerFailure(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+dir)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close() //nolint:errcheck // ends the child if the test fails
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	require.NoError(t, cmd.Process.Kill())
	require.ErrorContains(t, cmd.Wait(), "killed")

	want := map[string]string{"log": "synced.", "old": "old"}
	require.Equal(t, want, realTree(t, dir))
	left, err := os.ReadDir(filepath.Join(dir, ".unsynced"))
	require.NoError(t, err)
	require.NotEmpty(t, left, "the nameless file and the directory")
	d, err := disk.Open(dir, disk.Options{})
	require.NoError(t, err)
	require.Equal(t, want, seenTree(t, d, ".", map[string]string{}))
	left, err = os.ReadDir(filepath.Join(dir, ".unsynced"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, d.Close())
}
