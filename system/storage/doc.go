// Package storage is a node's stable storage: an append-only log and small
// files that are replaced as a whole, over a [system.Disk].
//
// Everything that it writes consists of lines that a person can read and a
// program can trust: eight hexadecimal digits, the CRC-32C of the JSON that
// follows after a space.
//
//	0d6a9f4e {"term":3,"vote":"n2"}
//
// A [Log] commits in groups: Append copies the record and returns; one
// goroutine writes and syncs whatever has come together meanwhile, and then
// tells those who wait. A store that answers only what is durable loses nothing
// when its node is killed:
//
//	log, err := storage.OpenLog(site.Disk(), "log", func(record []byte) error {
//		return state.apply(record) // what the node knew before
//	})
//	lsn, err := log.Append(record)
//	err = log.Wait(ctx, lsn)                       // one goroutine per update, or
//	log.AppendThen(record, func(err error) { … })  // none: called when it is durable
//
// The promises:
//
//   - A record whose durability was confirmed is replayed by every later
//     OpenLog, in the order of appending, until a Rewrite replaces it. What is
//     replayed beyond that is a prefix of what was appended.
//   - What a kill may leave, a torn or corrupt end of the log, is cut off and
//     reported. What a kill cannot leave, a corrupt record with valid ones after
//     it, is an error, as is a file that cannot be read: never an empty start.
//   - A failed write or sync is final. It is not tried again, since a second
//     fsync can succeed without having written anything (Rebello et al., "Can
//     Applications Recover from fsync Failures?", USENIX ATC 2020); every waiter
//     and every later call gets the error.
//
// A checksum cannot tell a last record that was torn from one that was
// confirmed and has rotted since: both are cut off.
package storage
