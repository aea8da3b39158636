package storage_test

import (
	"fmt"
	"os"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/storage"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

// newDisk returns a disk in a temporary directory.
func newDisk() (d system.Disk, remove func()) {
	dir, err := os.MkdirTemp("", "storage")
	if err != nil {
		return nil, func() {}
	}
	d, err = disk.Open(dir, disk.Options{})
	if err != nil {
		fmt.Println(err)
	}
	return d, func() { os.RemoveAll(dir) } //nolint:errcheck // a temporary directory
}

func ExampleOpenLog() {
	d, remove := newDisk()
	defer remove()
	log, err := storage.OpenLog(d, "log", func(record []byte) error {
		fmt.Printf("replay %s\n", record)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	log.AppendThen([]byte(`{"key":"x","value":1}`), func(err error) { //nolint:errcheck // the example is short
		fmt.Println("durable:", err == nil)
	})
	log.Close() //nolint:errcheck // the example is short
	data, err := system.ReadFile(d, "log")
	fmt.Printf("%s%v\n", data, err)
	// Output:
	// durable: true
	// 7526b67d {"key":"x","value":1}
	// <nil>
}

func ExampleSaveJSON() {
	d, remove := newDisk()
	defer remove()
	type ballot struct {
		Term int    `json:"term"`
		Vote string `json:"vote"`
	}
	fmt.Println(storage.SaveJSON(d, "ballot", ballot{3, "n2"}))
	var b ballot
	found, err := storage.LoadJSON(d, "ballot", &b)
	fmt.Println(found, err, b)
	// Output:
	// <nil>
	// true <nil> {3 n2}
}

func ExampleIncarnation() {
	d, remove := newDisk()
	defer remove()
	first, _ := storage.Incarnation(d)
	second, err := storage.Incarnation(d)
	fmt.Println(first, second, err)
	// Output: 1 2 <nil>
}
