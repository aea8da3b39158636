package checker

import (
	"cmp"
	"slices"
	"strings"
)

// gravity orders anomalies of registers by what they cost a user: a promise to
// a writer that was broken for good comes first.
var gravity = []string{lostWrite, staleRead, abortedRead, phantomRead, readFromFuture}

// telling chooses which of the anomalies, given in order of time, to show: the
// first of all, one of each name, and else the earliest. One of each name comes
// first, gravest first; where there is a choice it is the first that happened
// while a fault was in force.
func telling(found []Anomaly) []Anomaly {
	var heads []int
	for _, name := range gravity {
		if i := representative(found, name); i >= 0 {
			heads = append(heads, i)
		}
	}
	chosen := slices.Clone(heads)
	for i := range found {
		if len(chosen) >= explained {
			break
		}
		if !slices.Contains(heads, i) {
			chosen = append(chosen, i)
		}
	}
	var anomalies []Anomaly
	for _, i := range chosen {
		anomalies = append(anomalies, found[i])
	}
	return anomalies
}

// representative is the index of the anomaly that stands for its name, -1 if
// there is none.
func representative(found []Anomaly, name string) int {
	best := -1
	for i, a := range found {
		if a.Name != name {
			continue
		}
		if best < 0 || cmp.Compare(calm(found[best]), calm(a)) > 0 {
			best = i
		}
	}
	return best
}

// calm is 1 for an anomaly that needed no fault, else 0.
func calm(a Anomaly) int {
	if strings.Contains(a.Explanation, noFault) {
		return 1
	}
	return 0
}
