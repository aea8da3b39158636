package gauntlet

import (
	"os"
	"testing"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

// Main is the TestMain of packages that call [Run]: the nodes of a run are
// processes of the test binary itself, which this call turns into nodes of the
// given systems when they are started as such. Otherwise it runs the tests.
func Main(m *testing.M, systems ...system.System) {
	if code, child := local.Child(systems...); child {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
