package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List systems, workloads, faults and models",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			var b strings.Builder
			b.WriteString("systems:\n")
			for _, s := range systems() {
				fmt.Fprintf(&b, "  %s\n", s.Name())
			}
			b.WriteString("workloads:\n")
			for _, w := range workloads() {
				fmt.Fprintf(&b, "  %s (model %s)\n", w.Name(), w.Model())
			}
			b.WriteString("faults:\n")
			for _, k := range nemesis.Kinds() {
				fmt.Fprintf(&b, "  %-12s %s\n", k, strings.Join(nemesis.Shapes(k), ", "))
			}
			b.WriteString("models:\n")
			for _, name := range slices.Sorted(maps.Keys(models())) {
				fmt.Fprintf(&b, "  %s\n", name)
			}
			_, err := fmt.Fprint(c.OutOrStdout(), b.String())
			return err
		},
	}
}
