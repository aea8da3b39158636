package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/report"
)

func newReport() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Write the page of a run's directory again, and say what it says",
		Long: "Write the page of a run's directory again, and say what it says. A run that was\n" +
			"cut short before it was judged is judged now.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			page, err := readRun(c.Context(), args[0])
			if err != nil {
				return err
			}
			path := filepath.Join(args[0], "report.html")
			if err := report.WriteFile(path, page); err != nil {
				return err
			}
			if err := report.Text(c.OutOrStdout(), page, textOptions(c.OutOrStdout(), path)); err != nil {
				return err
			}
			return asExit(verdictCode(page.Verdict.Validity))
		},
	}
}

// readRun gathers a run's page from its directory.
func readRun(ctx context.Context, dir string) (report.Page, error) {
	if info, err := os.Stat(dir); err != nil {
		return report.Page{}, fmt.Errorf("%w: %w", errUsage, err)
	} else if !info.IsDir() {
		return report.Page{}, fmt.Errorf("%w: found the file %s, expected the directory of a run", errUsage, dir)
	}
	history, err := readHistory(dir, nil)
	if err != nil {
		return report.Page{}, fmt.Errorf("%w: %w", errUsage, err)
	}
	page, err := describedPage(dir)
	if err != nil {
		return page, err
	}
	page.History = history
	if page.Trace, err = readTrace(filepath.Join(dir, "trace.jsonl")); err != nil {
		return page, err
	}
	var results gauntlet.Result
	switch err := readJSON(filepath.Join(dir, "results.json"), &results); {
	case errors.Is(err, os.ErrNotExist):
		page.Verdict, err = judgeCut(ctx, page)
		return page, err
	case err != nil:
		return page, err
	}
	page.Title, page.Replay, page.Verdict = results.Name, results.Replay, results.Verdict
	page.Pictures = pictures(dir, page.Verdict)
	return page, nil
}

// judgeCut judges a run that nobody has judged. It is valid only if it is all
// there.
func judgeCut(ctx context.Context, page report.Page) (checker.Verdict, error) {
	v, err := judge(ctx, page.History, "", time.Minute)
	if err != nil {
		return v, err
	}
	parts := []checker.Checker{
		checker.Func(func(context.Context, checker.Run) checker.Verdict { return v }),
		checker.Exercised(checker.Requirements{NoFaults: len(page.History.Faults()) == 0}),
	}
	if why := page.History.Interrupted; why != "" {
		parts = append(parts, checker.Func(func(context.Context, checker.Run) checker.Verdict {
			return checker.Verdict{Checker: "complete", Reason: "the run was cut short: " + why}
		}))
	}
	return checker.All(parts...).Check(ctx, checker.Run{History: page.History, Trace: page.Trace}), nil
}

// readTrace reads the trace of a run; a run that was cut short has none.
func readTrace(path string) ([]histories.Event, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return histories.ReadTrace(f, path)
}
