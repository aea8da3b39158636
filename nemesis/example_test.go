package nemesis_test

import (
	"fmt"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// A schedule is drawn as a whole, printed, and the same for the same seed.
func ExamplePlan() {
	env := nemesis.Env{
		Nodes:     []string{"n1", "n2", "n3"},
		Abilities: nemesis.Abilities{nemesis.AbleLinks, nemesis.AbleProcesses},
	}
	schedule, err := nemesis.Plan(nemesis.Mix("partition/halves", nemesis.Kill, nemesis.Restart), env, 1, 6*time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(schedule)
	// Output:
	// schedule of seed 1: 9 steps in 6s
	// at     for    step           shape      what
	// 500ms  1.51s  s01-kill       minority   n3
	// 540ms  910ms  s02-partition  halves     n1 | n2,n3; bytes lost
	// 1.81s  760ms  s03-kill       all        n1,n2,n3
	// 2.46s  600ms  s04-restart    staggered  n3,n2,n1 52ms apart, again every 700ms
	// 2.93s  560ms  s05-kill       one        n2
	// 3.29s  410ms  s06-partition  halves     n1 | n2,n3; late delivery
	// 3.7s   1.12s  s07-restart    staggered  n3,n2,n1 38ms apart, again every 750ms
	// 3.87s  520ms  s08-kill       minority   n3
	// 4.6s   400ms  s09-kill       all        n1,n2,n3
}

// A fault that the testbed cannot do is refused by name.
func ExamplePlan_missing() {
	profile, err := nemesis.Parse("kill,pause")
	if err != nil {
		fmt.Println(err)
		return
	}
	env := nemesis.Env{Nodes: []string{"n1"}, Abilities: nemesis.Abilities{nemesis.AbleProcesses}}
	_, err = nemesis.Plan(profile, env, 1, 20*time.Second)
	fmt.Println(err)
	// Output:
	// kind "pause": the testbed lacks the ability Pauses
}
