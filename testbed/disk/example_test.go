package disk_test

import (
	"fmt"
	"os"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory

	d, _ := disk.Open(dir, disk.Options{})
	f, _ := d.OpenFile("log", os.O_RDWR|os.O_CREATE)
	fmt.Fprint(f, "acknowledged ")
	f.Sync()       //nolint:errcheck // the example is short
	d.SyncDir(".") //nolint:errcheck // the example is short
	fmt.Fprint(f, "too early")
	d.Close() //nolint:errcheck // as good as a SIGKILL

	d, _ = disk.Open(dir, disk.Options{})
	left, err := system.ReadFile(d, "log")
	fmt.Printf("%q %v\n", left, err)
	// Output: "acknowledged " <nil>
}
