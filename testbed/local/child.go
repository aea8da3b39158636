package local

import (
	"fmt"
	"io"
	"os"

	"github.com/gauntlet-go/gauntlet/system"
)

// The exit codes of a node's process.
const (
	exitFailed  = 1 // the node returned an error or could not be set up
	exitOrphans = 3 // the harness has gone
)

// Child must be called first thing in main or TestMain, with all systems that
// this program may put under test. If the process was started by a [Testbed] to
// be its supervisor or one of its nodes, Child does that work and returns when
// it is done: the caller must then exit with the code. Otherwise it returns
// false at once.
func Child(systems ...system.System) (code int, isChild bool) {
	spec, found, err := takeSpec()
	switch {
	case !found:
		return 0, false
	case err != nil:
		return complain(os.Stderr, err), true
	case spec.Supervisor != nil:
		return runSupervisor(*spec.Supervisor), true
	case spec.Node != nil:
		return runNode(*spec.Node, systems), true
	}
	return complain(os.Stderr, fmt.Errorf("environment %s names neither a supervisor nor a node", envChild)), true
}

func complain(w io.Writer, err error) int {
	fmt.Fprintln(w, err) //nolint:errcheck // nobody is left to be told
	return exitFailed
}
