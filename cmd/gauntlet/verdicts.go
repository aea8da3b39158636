package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
)

// columns are the fault profiles of the table of verdicts.
var columns = []string{"none", "slow,drop", "partition", "kill", "pause", "all"}

func newVerdicts() *cobra.Command {
	var duration time.Duration
	var out string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "verdicts",
		Short: "Run every system in both designs under each profile of faults, and print the table as Markdown",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return verdicts(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), gauntlet.Test{Duration: duration, Out: out, Seed: seed})
		},
	}
	cmd.Flags().DurationVar(&duration, "duration", 10*time.Second, "length of each run")
	cmd.Flags().StringVar(&out, "out", "runs", "directory for run directories")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of each run")
	return cmd
}

func verdicts(ctx context.Context, w, progress io.Writer, test gauntlet.Test) error {
	if _, err := fmt.Fprintf(w, "| system | design | %s |\n|---|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns))); err != nil {
		return err
	}
	for _, sys := range systems() {
		for _, design := range []string{"safe", "seed"} {
			test.System, test.Options = sys, system.Options{"design": design}
			row, err := verdictRow(ctx, progress, test)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "| %s | %s | %s |\n", sys.Name(), design, strings.Join(row, " | ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// verdictRow runs one design under each profile.
func verdictRow(ctx context.Context, progress io.Writer, test gauntlet.Test) ([]string, error) {
	var row []string
	for _, faults := range columns {
		var err error
		if test.Nemesis, err = nemesis.Parse(faults); err != nil {
			return nil, err
		}
		res, err := gauntlet.Execute(ctx, test)
		if err != nil {
			return nil, err
		}
		if res.Interrupted {
			return nil, context.Canceled
		}
		row = append(row, verdictCell(res))
		fmt.Fprintf(progress, "%s %s: %s\n", res.Name, row[len(row)-1], res.Report)
	}
	return row, nil
}

// verdictCell is the verdict and, for a violation, the gravest anomaly.
func verdictCell(res *gauntlet.Result) string {
	for a := range res.Verdict.Each() {
		return fmt.Sprintf("%s: %s", res.Validity, a.Name)
	}
	return res.Validity.String()
}
