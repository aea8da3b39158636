package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/checker"
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
				return fmt.Errorf("%w: %w", errUsage, err)
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

// readRun gathers a run's page from its directory. The error says what of it
// cannot be read.
func readRun(ctx context.Context, dir string) (report.Page, error) {
	if info, err := os.Stat(dir); err != nil {
		return report.Page{}, err
	} else if !info.IsDir() {
		return report.Page{}, fmt.Errorf("found the file %s, expected the directory of a run", dir)
	}
	page, judged, err := gauntlet.LoadPage(dir)
	if err != nil {
		return page, err
	}
	if page.Replay == "" {
		page.Replay = "gauntlet check " + shellQuote(dir)
	}
	if !judged {
		page.Verdict, err = judgeCut(ctx, page)
	}
	return page, err
}

// judgeCut judges a run that nobody has judged. It is valid only if it is all
// there.
func judgeCut(ctx context.Context, page report.Page) (checker.Verdict, error) {
	v, err := judge(ctx, page.History, "", time.Minute)
	if err != nil {
		return v, err
	}
	wanted := func(n checker.Note) bool { return n.Name == "faults" && n.Value != "none" }
	noFaults := len(page.History.Faults()) == 0 && !slices.ContainsFunc(page.Config, wanted)
	parts := []checker.Checker{
		checker.Func(func(context.Context, checker.Run) checker.Verdict { return v }),
		checker.Exercised(checker.Requirements{NoFaults: noFaults}),
	}
	if why := page.History.Interrupted; why != "" {
		parts = append(parts, checker.Func(func(context.Context, checker.Run) checker.Verdict {
			return checker.Verdict{Checker: "complete", Reason: "the run was cut short: " + why}
		}))
	}
	return checker.All(parts...).Check(ctx, checker.Run{History: page.History, Trace: page.Trace}), nil
}
