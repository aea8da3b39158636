// Package system is what is under test: the few interfaces that anything under
// test implements, and below it the reference systems.
//
// The least is a [System]: a function that runs one node, and a client that
// turns an operation into a request. A node is given a [Site] and may touch
// nothing else: no net.Dial, no files of package os, no wall clock. That is what
// lets a testbed cut its links, lose what its disk had not synced, and run the
// same code as a process or in virtual time.
//
//	func (store) Node(ctx context.Context, site system.Site) error {
//		log, err := site.Disk().OpenFile("log", os.O_RDWR|os.O_CREATE)
//		…
//		peers, err := site.Listen(system.RolePeer)
//		…
//		clients, err := site.Listen(system.RoleClient) // from here on the node must serve
//		…
//	}
//
// A client answers with an [Outcome]. Its zero value means that nobody knows
// whether the operation happened; a client says more only where it is certain.
//
// More abilities are optional and found by type assertion: [Validator],
// [Injectable], [Framed].
package system
