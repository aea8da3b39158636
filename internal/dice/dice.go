// Package dice derives the dice of a run from its seed and the name of what they
// decide, so that neither concurrency nor a change elsewhere can reorder them.
//
//	d := dice.For(seed, "lane/3")
package dice

import (
	"hash/fnv"
	"math/rand/v2"
)

// For returns the dice of a name: the same ones for the same seed and name, and
// others for any other name.
func For(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
