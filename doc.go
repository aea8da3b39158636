// Package gauntlet finds out whether a replicated system keeps its promises
// while its network is cut, its nodes are killed and its disks lie: Jepsen's
// idea as a plain go test.
//
// Real processes talk over real TCP, a nemesis breaks what is between and under
// them, concurrent clients record a history, and checkers say whether any
// correct system could have produced it. Nothing is needed but Go: no root, no
// containers, no second machine.
//
//	func TestMain(m *testing.M) { gauntlet.Main(m, mykv.System) } // lets the test binary be a node, too
//
//	func TestJepsenRegister(t *testing.T) {
//		gauntlet.Run(t, gauntlet.Test{
//			System:   mykv.System,                                  // how a node runs, how a client talks to it
//			Workload: workload.Register{},                          // what clients do, how it is judged
//			Nemesis:  nemesis.Mix(nemesis.Partition, nemesis.Kill), // what goes wrong; nil: all that the testbed can do
//		})
//	}
//
// A run is: start the nodes; clients and nemesis together; heal; final reads;
// stop the nodes; check; report. It leaves a directory with everything that
// happened, and its verdict has three values. Valid means that no promise was
// broken and that faults really took effect while operations succeeded. Invalid
// comes with the operations that prove it. All else is unknown, never a pass.
//
// The environment variables that [Run] heeds are listed at [Run].
package gauntlet
