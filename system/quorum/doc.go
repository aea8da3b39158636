// Package quorum is a replicated key-value store without a leader: for each
// key a multi-writer multi-reader atomic register over a majority of the
// configured nodes.
//
// The protocol is that of Attiya, Bar-Noy and Dolev (JACM 42(1), 1995) with the
// extension to several writers of Lynch and Shvartsman (FTCS 1997). Any node
// coordinates any operation:
//
//   - write: ask all for the tag of the key, wait for a majority, choose a
//     greater [Tag], send it with the value to all, wait until a majority has it
//     durably;
//   - read: ask all for tag and value, wait for a majority, take the greatest,
//     write it back to a majority, answer. The second round is left out only if
//     all of the majority gave the same tag and have it durably.
//
// It survives the crash and restart of any node at any moment, as long as disks
// keep what they confirmed, and answers while a majority can talk to each other.
// It promises linearizability per key. Each operation ends in one of three ways:
// done; rejected, which means that it did not and will not happen; unknown.
//
// # As the seed describes it
//
// The option "design" = "seed" runs the protocol of a student project instead,
// which a quorum store must not be built like. Each of its weaknesses is a
// switch, named in the option "weak" (several, separated by commas):
// see [Weaknesses].
//
//	options := system.Options{"weak": "no-fsync"}
package quorum
