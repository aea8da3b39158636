// Package proxy disturbs the network between processes that talk TCP: one
// loopback listener per ordered pair of nodes and role, and between the two
// ends a proxy that does what a [nemesis.Matrix] asks for.
//
//	n := proxy.New(proxy.Config{Seed: 1})
//	defer n.Close()
//	link := nemesis.Link{From: "n1", To: "n2"}
//	addr, err := n.Open(link, system.RolePeer) // n1 dials addr to reach n2
//	n.SetTarget("n2", system.RolePeer, listener.Addr().String())
//	err = n.Apply(ctx, nemesis.Matrix{link: {Cut: true}})
//
// What it promises:
//
//   - Bytes that A sends to B obey M[A,B], whichever of the two dialled.
//   - A cut withholds. Nothing is ever taken out of the middle of a stream that
//     lives on: at the heal the withheld bytes are delivered late or, if the
//     condition says Lost, every connection that lived through the cut is
//     reset. The proxy stops reading, so the sender feels back-pressure; it
//     feels it later than behind dropped packets, because socket buffers
//     absorb some megabytes first.
//   - A dial over a link that is cut in either direction does not complete: the
//     kernel drops its SYN, and it completes after the heal with the next SYN
//     retransmission, or times out. See [DialMode] for kernels without this.
//   - A dial to a node that is down is refused.
//   - Delay is a delay line. It does not limit the throughput until
//     4 MiB a direction are under way.
//   - Loss, duplication and reordering happen to whole frames, only on
//     connections whose role has a framer. Other connections of the link do
//     not notice.
//   - [Network.Apply] changes all links at one instant. When it has returned, no byte is
//     forwarded under the old matrix any more, not even one that was read before.
//   - Half-close and reset travel along the link like bytes: behind a cut they
//     are withheld, too.
//   - The dice of a direction of a connection come from the seed, the link, the
//     role and the connection's number, never from a shared source.
//
// An idle, healthy link costs one blocked goroutine per direction, and a message one more
// read and one more write.
package proxy
