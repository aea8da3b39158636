package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/report"
)

func newCheck() *cobra.Command {
	var model string
	var limit time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Judge a recorded history; FILE may be a run's directory, or - for standard input",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			h, err := readHistory(args[0], c.InOrStdin())
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			v, err := judge(c.Context(), h, model, limit)
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			if err := printVerdict(c.OutOrStdout(), args[0], h, v, asJSON); err != nil {
				return err
			}
			if c.Context().Err() != nil && v.Validity == checker.Unknown {
				return exit(exitInterrupted)
			}
			return asExit(verdictCode(v.Validity))
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "what the history claims to be; its own header says so if empty")
	cmd.Flags().DurationVar(&limit, "check-time", time.Minute, "how long checking may take")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the verdict as JSON")
	return cmd
}

// readHistory reads the history in a file, in a run's directory, or from
// standard input.
func readHistory(name string, stdin io.Reader) (*histories.History, error) {
	if name == "-" {
		return histories.Read(stdin, "standard input")
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, "history.jsonl")
	}
	return histories.ReadFile(name)
}

// models are the promises that a history can be judged by.
func models() map[string]checker.Checker {
	return map[string]checker.Checker{"register": checker.Register()}
}

func judge(ctx context.Context, h *histories.History, model string, limit time.Duration) (checker.Verdict, error) {
	if model == "" {
		model = h.Header.Model
	}
	c, ok := models()[model]
	if !ok {
		names := slices.Sorted(maps.Keys(models()))
		return checker.Verdict{}, fmt.Errorf("--model: found %q, expected one of %s", model, strings.Join(names, ", "))
	}
	if limit <= 0 {
		return checker.Verdict{}, fmt.Errorf("--check-time: found %v, expected more than 0", limit)
	}
	return checker.Budget(c, checker.Limits{Time: limit}).Check(ctx, checker.Run{History: h}), nil
}

func printVerdict(w io.Writer, name string, h *histories.History, v checker.Verdict, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(v)
	}
	page := report.Page{Title: name, Verdict: v, History: h, Replay: "gauntlet check " + shellQuote(name)}
	return report.Text(w, page, textOptions(w, ""))
}

// textOptions fit the terminal form to what is written to.
func textOptions(w io.Writer, path string) report.TextOptions {
	width := 0
	f, ok := w.(*os.File)
	tty := ok && term.IsTerminal(int(f.Fd()))
	if tty {
		width, _, _ = term.GetSize(int(f.Fd()))
	}
	o := report.TextOptionsFrom(os.Getenv, tty, width)
	o.Report = path
	return o
}
