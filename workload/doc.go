// Package workload says what clients do and by which promise it is judged.
//
// A [Workload] is a value whose zero fields are sensible choices:
//
//	test.Workload = workload.Register{}
//
// It makes a [Generator], which the clients of one run share. All dice come from
// the run's seed and the name of the lane that throws them.
package workload
