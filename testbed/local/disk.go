package local

import (
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// openDisk opens the directory as the stable storage of the site's node. The
// disk keeps in memory what was not synced, so that a SIGKILL loses it.
func openDisk(dir string, s *site) (system.Disk, error) {
	return disk.Open(dir, disk.Options{
		Rand:    s.Rand("disk"),
		Setting: s.Setting,
		Count:   s.Count,
		Pending: s.board.setPending,
	})
}
