// Package kv is the example of docs/guide.md: a small register store and the
// tests that put it under fault injection.
//
// The first node has the only copy of the data; the others pass requests on to
// it. It writes each update to its log and syncs that before it answers. The
// store is therefore linearizable, and not available while the first node is
// down or out of reach.
//
//	func TestMain(m *testing.M) { gauntlet.Main(m, kv.System) }
//
//	gauntlet.Run(t, gauntlet.Test{System: kv.System})
//
// The option weak=local-read lets the other nodes answer reads from what they
// have seen before, which is wrong: nobody tells them of later writes.
package kv
