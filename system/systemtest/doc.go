// Package systemtest lets tests run nodes inside the test's own process, over
// loopback TCP without anything in between.
//
//	net := systemtest.New(t, "n1", "n2", "n3")
//	site := net.Site("n1", disk, nil)
package systemtest
