// Package local runs nodes as processes of this machine: the same binary,
// re-executed, over real TCP through one proxied listener per ordered pair of
// node and peer and per client and node. Nothing but loopback is listened on.
//
// The program that uses it must let itself be re-executed, first thing in main
// or TestMain:
//
//	func TestMain(m *testing.M) {
//		if code, is := local.Child(mykv.System); is {
//			os.Exit(code)
//		}
//		os.Exit(m.Run())
//	}
//
// and then
//
//	bed, err := local.New(testbed.Config{System: mykv.System, Nodes: nodes, Clients: clients, Dir: dir})
//	…
//	defer bed.Stop(ctx)
//	err = bed.Start(ctx)
//
// The nodes inherit the environment of the program. Nodes reach each other on
// [system.RolePeer] and themselves directly; clients reach nodes on
// [system.RoleClient]. A system with an optional [system.Framed] can have frames
// lost, repeated and reordered.
//
// # Directories
//
// Below Config.Dir each node gets nodes/<id> with data (its disk), log.txt (its
// logger, its standard output and error, all boots in one file) and trace.jsonl.
// They must not exist before and they stay. Sockets and counters live in a
// short temporary directory that does not.
//
// # Faults
//
// The testbed has the abilities Links, Processes, Pauses, Failpoints, Settings,
// Counters and Watch of package nemesis.
//
//   - Kill is SIGKILL to the node's process group. It returns when the process
//     is reaped, its sockets are gone and its listeners are withdrawn from the
//     network. What its disk had not synced lived in its memory and is lost; the
//     [nemesis.Death] says how much that was. Processes that the node started go
//     with it, also those in sessions of their own, unless they were given an
//     empty environment (then they end with the run).
//   - Start boots the node again, with the next incarnation. It returns when the
//     node listens on [system.RoleClient]. If ctx ends first the node goes on
//     booting: a node may need its peers before it can serve.
//   - Pause is SIGSTOP. It returns when every thread of the process is in state
//     T; Resume, when none is. A paused node can be killed.
//   - Set and Arm return when the node has acknowledged the change. A paused
//     node gets it before Resume returns. Settings outlive a kill: a node that is
//     down gets them before it runs.
//   - An armed failpoint fires once, in the incarnation in which it was armed. Its hit, counted as "failpoint/<name>", is
//     counted before the node crashes or sleeps.
//   - The setting "clock/offset", a [time.ParseDuration] string, skews Site.Now.
//     The settings of the disk are those of package testbed/disk.
//   - Counters are in memory that the node shares with the harness, so that they
//     survive any death. There is room for 255 names a node.
//
// A node that ends by itself is noticed at once: the channel of Down is closed
// after its listeners are withdrawn and its end is in [Testbed.Exits]. An exit
// that neither Kill, Stop nor an armed failpoint explains is not Expected there:
// the system crashed.
//
// # Nothing is left over
//
// All nodes are children of a supervisor: one more process of this binary, in a
// session of its own, which ends when its command pipe does. However the harness
// dies (SIGKILL, a panic, the timeout of go test, Ctrl-C), the supervisor then
// kills every descendant, paused ones and adopted orphans included, until it has
// none, removes the temporary directory and exits. It ignores SIGINT, SIGTERM
// and SIGHUP. If the supervisor itself is killed, the kernel kills the nodes,
// and the harness notices; only then can a process that a node started stay
// behind.
//
// # Platforms
//
// Linux has all of the above. Other Unix systems have neither subreapers nor
// parent-death signals: there the supervisor ends the process groups of the
// nodes, and a node ends when its connection to the harness breaks.
package local
