// Package cluster provides point-to-point links between the nodes of a fixed
// membership, over the connections that a [system.Site] gives.
//
// A link is one direction of one pair. It keeps a connection of its own, which
// it makes again, with capped back-off, whenever it breaks. Messages travel in
// frames with a length and a checksum, and each carries the incarnation of its
// sender and a sequence number. What a link promises:
//
//   - no creation: what is delivered was sent, by the node that it names;
//   - no duplicate: at most once, also if the network repeats frames;
//   - first in, first out, between one incarnation of the sender and one of the
//     receiver;
//   - a full queue, a broken connection or a lost frame loses messages, and each
//     loss is counted; a node that is dead, stopped or cut off delays nobody
//     else, since every link has its own queue and goroutines.
//
// It does not resend: whoever needs an answer asks again.
//
//	links, err := cluster.Open(cluster.Config{
//		Site:        site,
//		Incarnation: boot,
//		Handle:      func(from int, body []byte) { … },
//	})
//	…
//	links.Send(to, body)
//
// The terms are those of Cachin, Guerraoui and Rodrigues, Introduction to
// Reliable and Secure Distributed Programming (2011), chapter 2.
package cluster
