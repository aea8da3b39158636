package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet/mutants"
)

// mutantFlags are the flags of "gauntlet mutants".
type mutantFlags struct {
	only, out        string
	duration, budget time.Duration
	seed             uint64
	markdown, list   bool
}

func newMutants() *cobra.Command {
	f := &mutantFlags{}
	cmd := &cobra.Command{
		Use:   "mutants",
		Short: "Plant bugs one by one, run each under the faults that should show it",
		Long: "Plant bugs one by one, run each under the faults that should show it, and print\n" +
			"which were caught, how soon and by which anomaly. The command must be called in\n" +
			"a checkout of gauntlet: each mutant is built from its source.",
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr()) },
	}
	s := cmd.Flags()
	s.StringVar(&f.only, "only", "*", "ids, such as A1,A3,B*")
	s.DurationVar(&f.duration, "duration", 10*time.Second, "length of one run")
	s.DurationVar(&f.budget, "budget", time.Minute, "run time for each mutant")
	s.Uint64Var(&f.seed, "seed", 1, "seed of the first run of each mutant; the next runs count up")
	s.StringVar(&f.out, "out", "", "directory to keep the runs in; they are not kept if empty")
	s.BoolVar(&f.markdown, "markdown", false, "print the table as Markdown")
	s.BoolVar(&f.list, "list", false, "only list the mutants")
	return cmd
}

func (f *mutantFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	selected, err := mutants.Select(f.only)
	if err != nil {
		return fmt.Errorf("%w: --only: %w", errUsage, err)
	}
	if f.list {
		return listMutants(stdout, selected)
	}
	if f.duration <= 0 || f.budget <= 0 || f.seed == 0 {
		return fmt.Errorf("%w: found --duration %v, --budget %v, --seed %d, expected more than 0 of each", errUsage, f.duration, f.budget, f.seed)
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	results, err := f.tryAll(ctx, root, selected, stderr)
	if err != nil {
		return err
	}
	table := mutants.Table
	if f.markdown {
		table = mutants.Markdown
	}
	if err := table(stdout, results); err != nil {
		return err
	}
	for _, r := range results {
		if !r.Caught {
			return exit(exitInvalid)
		}
	}
	return nil
}

func (f *mutantFlags) tryAll(ctx context.Context, root string, selected []mutants.Mutant, stderr io.Writer) ([]mutants.Result, error) {
	temp, err := os.MkdirTemp("", "gauntlet-mutants-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // temporary
	var results []mutants.Result
	for _, m := range selected {
		cfg := mutants.Config{Seed: f.seed, Duration: f.duration, Budget: f.budget, Dir: f.out}
		dir := filepath.Join(temp, m.ID)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		res, err := m.Try(ctx, root, dir, cfg)
		if err != nil {
			return nil, err
		}
		results = append(results, res)
		fmt.Fprintln(stderr, progress(res))
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// progress is one line about a mutant that was tried.
func progress(r mutants.Result) string {
	if !r.Caught {
		return fmt.Sprintf("%-4s not caught in %d runs: %s", r.Mutant.ID, r.Runs, r.Mutant.Title)
	}
	return fmt.Sprintf("%-4s caught after %.1f s, %s (run %d): %s", r.Mutant.ID, r.RunTime(), r.Anomaly, r.Runs, r.Mutant.Title)
}

func listMutants(w io.Writer, all []mutants.Mutant) error {
	for _, m := range all {
		if _, err := fmt.Fprintf(w, "%-4s %-60s %s\n", m.ID, m.Title, m.Nemesis); err != nil {
			return err
		}
	}
	return nil
}

// moduleRoot is the directory of gauntlet's source.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/gauntlet-go/gauntlet").Output()
	root := strings.TrimSpace(string(out))
	if err != nil || root == "" {
		return "", fmt.Errorf("%w: mutants are built from gauntlet's source: call this in a checkout of it", errUsage)
	}
	return root, nil
}
