package nemesis

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	derive "github.com/gauntlet-go/gauntlet/internal/dice"
)

// dice are derived from the seed and the name of what they decide, so that
// neither concurrency nor a change elsewhere in a schedule can reorder them.
type dice struct{ *rand.Rand }

func diceFor(seed uint64, name string) dice {
	return dice{derive.For(seed, name)}
}

// between returns a duration from lo to hi, a multiple of unit above lo.
func (d dice) between(lo, hi, unit time.Duration) time.Duration {
	return lo + unit*time.Duration(d.Int64N(int64((hi-lo)/unit)+1))
}

// magnitude returns a duration from lo to hi in whole milliseconds; every order
// of magnitude is as likely as any other.
func (d dice) magnitude(lo, hi time.Duration) time.Duration {
	x := float64(lo) * math.Pow(float64(hi)/float64(lo), d.Float64())
	return time.Duration(x).Round(time.Millisecond)
}

// share returns a probability from lo to hi in whole percent.
func (d dice) share(lo, hi int) float64 { return float64(lo+d.IntN(hi-lo+1)) / 100 }

// shuffled returns the list in a drawn order.
func shuffled[T any](d dice, list []T) []T {
	list = slices.Clone(list)
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// pick returns k of the names, in the order of the list.
func (d dice) pick(names []string, k int) []string {
	chosen := d.Perm(len(names))[:k]
	slices.Sort(chosen)
	picked := make([]string, k)
	for i, c := range chosen {
		picked[i] = names[c]
	}
	return picked
}

// some returns a part of the list, at least one, in the list's order.
func some[T any](d dice, list []T) []T {
	var part []T
	for _, e := range list {
		if d.IntN(2) == 0 {
			part = append(part, e)
		}
	}
	if len(part) == 0 && len(list) > 0 {
		part = append(part, list[d.IntN(len(list))])
	}
	return part
}
