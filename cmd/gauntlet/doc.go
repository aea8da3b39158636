// Command gauntlet runs correctness tests of replicated systems from a shell.
//
//	gauntlet run                        one run of the quorum store, all faults
//	gauntlet run --design seed          the same as its seed describes it: it breaks
//	gauntlet run --seeds 1..20          twenty runs, a line each
//	gauntlet check history.jsonl        judge a recorded history
//	gauntlet report runs/latest         write a run's page again, say what it says
//	gauntlet list                       systems, workloads, faults, models
//	gauntlet mutants                    plant bugs, and see whether they are caught
//	gauntlet verdicts                   the table of systems, designs and faults
//
// Results go to standard output, progress and logs to standard error. The exit
// code is 0 for valid, 1 for invalid, 3 for unknown or not exercised, 4 if the
// system did not start, 64 for wrong usage, 70 for an internal error and 130
// after an interrupt.
package main
