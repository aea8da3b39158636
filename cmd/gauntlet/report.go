package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet"
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
			page, err := readRun(c, args[0])
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
func readRun(c *cobra.Command, dir string) (report.Page, error) {
	history, err := readHistory(dir, nil)
	if err != nil {
		return report.Page{}, fmt.Errorf("%w: %w", errUsage, err)
	}
	page := report.Page{Title: filepath.Base(filepath.Dir(dir)), History: history, Replay: "gauntlet check " + shellQuote(dir)}
	if page.Trace, err = readTrace(filepath.Join(dir, "trace.jsonl")); err != nil {
		return page, err
	}
	var results gauntlet.Result
	switch err := readJSON(filepath.Join(dir, "results.json"), &results); {
	case err == nil:
		page.Title, page.Replay, page.Verdict = results.Name, results.Replay, results.Verdict
		return page, nil
	case !errors.Is(err, os.ErrNotExist):
		return page, err
	}
	page.Verdict, err = judge(c.Context(), history, "", time.Minute)
	return page, err
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

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
