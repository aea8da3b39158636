// Package testbed says where nodes run and how a fault is really done.
//
// A [Testbed] starts the nodes of a system and stands between them, their
// clients, their disks and their clocks. What it can do to them it shows by the
// abilities of package nemesis that it implements; what it cannot do is refused
// by name. Below it are the testbeds: local runs nodes as processes on this
// machine, over the links of package proxy and the disks of package disk.
//
//	bed, err := local.New(testbed.Config{System: mykv.System, Nodes: nodes, Clients: clients, Dir: dir})
//	…
//	err = bed.Start(ctx)
//	defer bed.Stop(ctx)
//	conn, err := bed.Dialer("c1").Dial(ctx, "n1", system.RoleClient)
package testbed
