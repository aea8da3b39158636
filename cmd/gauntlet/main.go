package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/quorum"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// systems are all that can be put under test from the shell.
func systems() []system.System { return []system.System{quorum.System} }

// Exit codes.
const (
	exitValid       = 0
	exitInvalid     = 1
	exitUnknown     = 3
	exitNotStarted  = 4
	exitUsage       = 64
	exitInternal    = 70
	exitInterrupted = 130
)

// exit is an error that carries the exit code of a command that has said
// everything.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// errUsage marks errors of how the command was called.
var errUsage = errors.New("usage")

func main() {
	if code, child := local.Child(systems()...); child {
		os.Exit(code)
	}
	ctx, stop := untilInterrupted()
	defer stop()
	os.Exit(code(newRoot().ExecuteContext(ctx), os.Stderr))
}

// untilInterrupted returns a context that ends at the first interrupt. The
// second one ends the process at once: the supervisor of the nodes sees to the
// rest.
func untilInterrupted() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "gauntlet: interrupted: winding up (once more: quit at once)")
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}

// code is the exit code of a command's error, which it reports to w if nobody
// has. An interrupt comes first: what it cuts short fails in other ways, too.
func code(err error, w io.Writer) int {
	var done exit
	switch {
	case err == nil:
		return exitValid
	case errors.As(err, &done):
		return int(done)
	}
	fmt.Fprintln(w, "gauntlet:", err)
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, errUsage), errors.Is(err, gauntlet.ErrConfig):
		return exitUsage
	case errors.Is(err, gauntlet.ErrStart):
		return exitNotStarted
	default:
		return exitInternal
	}
}

// verdictCode is the exit code of a verdict.
func verdictCode(v checker.Validity) int {
	switch v {
	case checker.Valid:
		return exitValid
	case checker.Invalid:
		return exitInvalid
	default:
		return exitUnknown
	}
}

// asExit returns the exit of a code, nil for success.
func asExit(code int) error {
	if code == exitValid {
		return nil
	}
	return exit(code)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "gauntlet",
		Short:         "Correctness tests of replicated systems under faults",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          args(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w (see %s --help)", errUsage, flagError(c, err), c.CommandPath())
	})
	root.AddCommand(newRun(), newCheck(), newReport(), newList(), newMutants(), newVerdicts())
	return root
}

// expectedBy says what a flag of a type takes.
var expectedBy = map[string]string{
	"int": "a whole number", "uint64": "a whole number from 0", "float64": "a number",
	"duration": "a duration such as 1.5s", "bool": "true or false",
}

// flagError says of a flag's wrong value what was expected instead.
func flagError(c *cobra.Command, err error) error {
	var wrong interface{ GetValue() string }
	_, rest, named := strings.Cut(err.Error(), ` for "--`)
	name, _, _ := strings.Cut(rest, `"`)
	if flag := c.Flags().Lookup(name); named && flag != nil && errors.As(err, &wrong) && expectedBy[flag.Value.Type()] != "" {
		return fmt.Errorf("--%s: found %q, expected %s", name, wrong.GetValue(), expectedBy[flag.Value.Type()])
	}
	return err
}

// args makes the wrong number of arguments an error of usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return fmt.Errorf("%w: %w (see %s --help)", errUsage, err, c.CommandPath())
		}
		return nil
	}
}
