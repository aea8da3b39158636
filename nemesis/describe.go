package nemesis

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Describe describes the targets of a step for a person, in one line.
func (s Step) Describe() string {
	nodes := strings.Join(s.Nodes, ",")
	switch s.Kind {
	case Restart:
		return fmt.Sprintf("%s %v apart%s", nodes, s.Stagger, s.repeats())
	case Torn:
		return nodes + " killed with torn writes"
	case Crash:
		return fmt.Sprintf("%s at %s after %v, down for %v", nodes, s.Point, s.Delay, s.Down)
	case SlowDisk:
		return fmt.Sprintf("%s: each sync takes %v longer", nodes, s.Delay)
	case RefuseKey:
		return fmt.Sprintf("%s refuse %q", nodes, s.Pattern)
	}
	if len(s.Links) > 0 {
		return s.whatLinks() + s.repeats()
	}
	return nodes
}

func (s Step) repeats() string {
	if s.Every == 0 {
		return ""
	}
	return fmt.Sprintf(", again every %v", s.Every)
}

func (s Step) whatLinks() string {
	switch s.Kind {
	case Partition:
		end := "late delivery"
		if s.Links[0].Condition.Lost {
			end = "bytes lost"
		}
		return groups(s.Links) + "; " + end
	case Slow:
		lo, hi := s.Links[0].Condition.Delay, time.Duration(0)
		for _, f := range s.Links {
			lo, hi = min(lo, f.Condition.Delay), max(hi, f.Condition.Delay+f.Condition.Jitter)
		}
		return fmt.Sprintf("%s by %v to %v", count(len(s.Links), "link"), lo, hi)
	case Drop, Duplicate, Reorder:
		var p float64
		for _, f := range s.Links {
			p = max(p, f.Condition.Loss, f.Condition.Duplicate, f.Condition.Reorder)
		}
		return fmt.Sprintf("%s, %.0f %% of the frames", count(len(s.Links), "link"), 100*p)
	}
	return count(len(s.Links), "link")
}

// groups describes cut links by who does not reach whom: "n1 | n2,n3" if the
// groups are separated in both directions, else "n1↛n2; n2↛n3".
func groups(flows []Flow) string {
	blocked := map[string][]string{} // from → to
	for _, f := range flows {
		if f.Condition.Cut {
			blocked[f.From] = append(blocked[f.From], f.To)
		}
	}
	bySet := map[string][]string{} // the same set of targets → from
	for _, from := range slices.Sorted(maps.Keys(blocked)) {
		slices.Sort(blocked[from])
		targets := strings.Join(blocked[from], ",")
		bySet[targets] = append(bySet[targets], from)
	}
	var texts []string
	for targets, from := range bySet {
		texts = append(texts, strings.Join(from, ",")+"↛"+targets)
	}
	slices.Sort(texts)
	if len(texts) == 2 {
		a, b, _ := strings.Cut(texts[0], "↛")
		if texts[1] == b+"↛"+a {
			return a + " | " + b
		}
	}
	return strings.Join(texts, "; ")
}

// count returns "1 link", "3 links".
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// size returns a number of bytes in the unit that suits it.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
