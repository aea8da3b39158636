// Package disk is a node's disk on which a SIGKILL is a power failure.
//
// A plain kill keeps the kernel's page cache, so a program that forgets fsync
// passes every kill test. A [Disk] is a [system.Disk] over a real directory
// that keeps in the memory of the process what was not synced, and writes it
// through only when it is. When the process dies, the real directory holds
// exactly what was confirmed:
//
//   - Content. Writes and truncations reach the real file with Sync, which
//     ends with fdatasync.
//   - Entries. Creations, renames and removals reach the real directory with
//     SyncDir, in the order in which they were made, followed by fsync.
//
// The two are separate, as POSIX has it. A file whose entry was not synced is
// lost as a whole, synced content or not. A file that was renamed over another
// one without SyncDir leaves the old one behind. A rename between directories
// is one change: SyncDir of either makes it durable, with all that came before
// it in both. What a Sync or SyncDir was doing when the process died may be
// there in part.
//
//	d, err := disk.Open(dir, disk.Options{})
//	f, err := d.OpenFile("log", os.O_RDWR|os.O_CREATE)
//	f.Write(record)   // in memory: a kill loses it
//	f.Sync()          // durable, but nothing names it yet
//	d.SyncDir(".")    // now a kill keeps the file and the record
//
// Three faults can be switched on and off while the disk is in use, by the
// settings [SettingTorn], [SettingFailSync], [SettingFull] and [SettingSlow].
//
// One process uses a directory at a time. The private area ".unsynced" below it
// holds files without a durable entry; [Open] clears it. A Disk is safe for
// concurrent use, and neither readers nor writers of a file wait for its Sync.
//
// The idea is that of LazyFS (Ramos, Azevedo et al., "When Amnesia Strikes",
// VLDB 2024), moved from a FUSE file system into the process.
package disk
