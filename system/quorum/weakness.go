package quorum

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gauntlet-go/gauntlet/system"
)

// Weaknesses names the ways in which the seed's protocol differs from the safe
// one, each a value of the option "weak":
//
//   - connected-quorum: the majority is one of the nodes that seem to be
//     connected, not of the configured ones;
//   - local-versions: the version of a value is a counter of each replica, so
//     equal versions may mean different values, and the last update to arrive
//     wins;
//   - no-write-back: a read answers with the greatest version that it saw, however
//     few replicas have it;
//   - no-fsync: replicas acknowledge what is not on stable storage;
//   - uncorrelated: any reply counts for the oldest operation that waits for one;
//   - failures-count: the answer that a value was refused counts as an
//     acknowledgement.
func Weaknesses() []string {
	return []string{"connected-quorum", "local-versions", "no-write-back", "no-fsync", "uncorrelated", "failures-count"}
}

// weaknesses says which of them are switched on.
type weaknesses struct {
	connectedQuorum, localVersions, noWriteBack, noFsync, uncorrelated, failuresCount bool
}

func parseWeaknesses(options system.Options) (weaknesses, error) {
	names := strings.FieldsFunc(options["weak"], func(r rune) bool { return r == ',' || r == ' ' })
	switch design := options.Design(); design {
	case "safe":
	case "seed":
		names = Weaknesses()
	default:
		return weaknesses{}, fmt.Errorf("option design: found %q, expected safe or seed", design)
	}
	for _, name := range names {
		if !slices.Contains(Weaknesses(), name) {
			return weaknesses{}, fmt.Errorf("option weak: found %q, expected one of %s", name, strings.Join(Weaknesses(), ", "))
		}
	}
	has := func(name string) bool { return slices.Contains(names, name) }
	return weaknesses{
		connectedQuorum: has("connected-quorum"),
		localVersions:   has("local-versions"),
		noWriteBack:     has("no-write-back"),
		noFsync:         has("no-fsync"),
		uncorrelated:    has("uncorrelated"),
		failuresCount:   has("failures-count"),
	}, nil
}
