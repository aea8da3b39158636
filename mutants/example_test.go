package mutants_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/gauntlet-go/gauntlet/mutants"
)

func ExampleMutant_Apply() {
	m, err := mutants.Parse("A3.txt", []byte(`id: A3
title: majority = n/2
file: quorum.go
seen: a majority rounded down
nemesis: halves
checker: linearizable
run: --nodes 4
-- old --
func majority(n int) int { return n/2 + 1 }
-- new --
func majority(n int) int { return n / 2 }
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	changed, err := m.Apply([]byte("package quorum\n\nfunc majority(n int) int { return n/2 + 1 }\n"))
	fmt.Println(strings.TrimSpace(string(changed)), err)
	// Output:
	// package quorum
	//
	// func majority(n int) int { return n / 2 } <nil>
}

func ExampleTable() {
	err := mutants.Table(os.Stdout, []mutants.Result{{
		Mutant: mutants.Mutant{ID: "A8", Title: "tags not compared", Nemesis: "slow"},
		Caught: true, Runs: 1, Seed: 1, Seconds: 0.7, Operations: 164, Anomaly: "stale read",
	}})
	fmt.Println(err)
	// Output:
	// mutant  change             nemesis  caught  runs  seconds  operations  anomaly     seed
	// A8      tags not compared  slow     yes     1     0.7      164         stale read  1
	//
	// 1 of 1 mutants caught, median 0.7 s of run time to the first violation.
	// <nil>
}
