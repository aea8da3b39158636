package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// envCommand makes the test binary the command itself.
const envCommand = "GAUNTLET_COMMAND_TEST"

// TestMain lets the test binary be a node, the supervisor of nodes and the
// command.
func TestMain(m *testing.M) {
	if code, child := local.Child(systems()...); child {
		os.Exit(code)
	}
	if os.Getenv(envCommand) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// finished is what a command left.
type finished struct {
	code           int
	stdout, stderr string
}

func (f finished) String() string {
	return fmt.Sprintf("exit code %d\n--- stdout\n%s--- stderr\n%s", f.code, f.stdout, f.stderr)
}

// command prepares the command as a process. Its temporary directory, which is
// returned, is its own and must be empty in the end.
func command(t *testing.T, args ...string) (cmd *exec.Cmd, temp string) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	temp, err = os.MkdirTemp("", "g") // the path of a socket must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(temp)) })
	cmd = exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), envCommand+"=1", "TMPDIR="+temp, "NO_COLOR=1", "LC_ALL=C.UTF-8")
	return cmd, temp
}

// run runs the command as a process to its end.
func run(t *testing.T, args ...string) finished {
	t.Helper()
	return runWith(t, nil, args...)
}

func runWith(t *testing.T, stdin io.Reader, args ...string) finished {
	t.Helper()
	cmd, temp := command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	requireEmpty(t, temp)
	return finished{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "left in the directory for temporary files")
}

// call runs the command inside the test's own process.
func call(ctx context.Context, args ...string) finished {
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetIn(strings.NewReader(""))
	err := root.ExecuteContext(ctx)
	return finished{code(err, &stderr), stdout.String(), stderr.String()}
}

func TestCodeOfErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		says bool
	}{
		{nil, 0, false},
		{exit(3), 3, false},
		{fmt.Errorf("done: %w", exit(1)), 1, false},
		{fmt.Errorf("%w: --x", errUsage), 64, true},
		{fmt.Errorf("%w: Nodes", gauntlet.ErrConfig), 64, true},
		{fmt.Errorf("%w: n1 died", gauntlet.ErrStart), 4, true},
		{errors.New("disk full"), 70, true},
		{fmt.Errorf("%w: %w", gauntlet.ErrStart, context.Canceled), 130, true},
		{fmt.Errorf("%w: %w", gauntlet.ErrStart, context.DeadlineExceeded), 4, true},
	} {
		var said bytes.Buffer
		require.Equal(t, c.code, code(c.err, &said), "%v", c.err)
		if c.says {
			require.Equal(t, "gauntlet: "+c.err.Error()+"\n", said.String())
		} else {
			require.Empty(t, said.String())
		}
	}
}

func TestCodeOfVerdicts(t *testing.T) {
	for v, want := range map[checker.Validity]int{checker.Valid: 0, checker.Invalid: 1, checker.Unknown: 3} {
		require.Equal(t, want, verdictCode(v))
		require.Equal(t, want, code(asExit(verdictCode(v)), io.Discard))
	}
}

func TestWorseNeverHidesAViolation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfN(rapid.SampledFrom(severity), 1, 6).Draw(t, "codes")
		fold := func(codes []int) int {
			worst := exitValid
			for _, c := range codes {
				worst = worse(worst, c)
			}
			return worst
		}
		worst := fold(codes)
		require.Equal(t, worst, fold(rapid.Permutation(codes).Draw(t, "reordered")))
		for _, first := range []int{exitInvalid, exitInterrupted, exitUnknown, exitValid} {
			if slices.Contains(codes, first) {
				require.Equal(t, first, worst, "%v", codes)
				break
			}
		}
	})
}

func TestHelpIsNoError(t *testing.T) {
	names := []string{""}
	for _, c := range newRoot().Commands() {
		names = append(names, c.Name())
	}
	require.Contains(t, names, "run")
	for _, name := range names {
		args := strings.Fields(name + " --help")
		got := call(t.Context(), args...)
		require.Zero(t, got.code, got)
		require.Contains(t, got.stdout, "Usage:\n  gauntlet", got)
		require.Empty(t, got.stderr)
	}
	require.Contains(t, call(t.Context()).stdout, "Available Commands")
}

func TestEveryFlagSaysWhatItTakes(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		usage := c.Flags().FlagUsages()
		for line := range strings.Lines(usage) {
			require.GreaterOrEqual(t, len(strings.Fields(line)), 3, "%s: %s", c.CommandPath(), line)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot())
}
