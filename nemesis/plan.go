package nemesis

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The rhythm of a schedule.
const (
	calm      = 500 * time.Millisecond // before the first step
	tail      = time.Second            // after the last one
	shortHold = 400 * time.Millisecond
	longHold  = 2 * time.Second
	longPause = 3 * time.Second
	shortGap  = 100 * time.Millisecond
	longGap   = 500 * time.Millisecond
	lanes     = 2
	grain     = 10 * time.Millisecond
)

// Plan draws a schedule of the given length from the seed. Two lanes of steps
// run beside each other, so that faults of different kinds overlap; each lane
// alternates holds, mostly of 0.4 to 2 s, and gaps of 0.1 to 0.5 s. It begins
// after 0.5 s of calm, an eighth of the duration if that is less, and all steps
// end 1 s before the end, a quarter of the duration if that is less.
//
// Faults are dealt like cards: one of every kind, shape of partition and shape
// of kill comes before any comes again, as far as the time allows. What has no
// room, and among "all" what cannot be done in env, is listed in
// [Schedule.Omitted]. A kind that the profile names and that env cannot do is an
// error.
func Plan(profile Profile, env Env, seed uint64, duration time.Duration) (Schedule, error) {
	if err := env.validate(); err != nil {
		return Schedule{}, err
	}
	hands, omitted, err := profile.hands(env)
	if err != nil {
		return Schedule{}, err
	}
	if duration <= 0 {
		return Schedule{}, fmt.Errorf("duration: found %v, expected more than 0", duration)
	}
	p := &planner{seed: seed, env: env, start: min(calm, duration/8).Truncate(grain), end: duration - min(tail, duration/4).Truncate(grain)}
	left := p.deal(hands)
	s := Schedule{Seed: seed, Duration: duration, Nodes: slices.Clone(env.Nodes), Steps: p.steps, Omitted: omitted}
	for _, c := range left {
		why := fmt.Sprintf("there was no room for it in %v", duration)
		s.Omitted = append(s.Omitted, Omission{c.kind + "/" + Kind(c.shape), why})
	}
	s.nameSteps()
	return s, s.Validate(env)
}

// nameSteps puts the steps in order and numbers them.
func (s *Schedule) nameSteps() {
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	for i := range s.Steps {
		s.Steps[i].Name = fmt.Sprintf("s%02d-%s", i+1, s.Steps[i].Kind)
	}
}

type planner struct {
	seed       uint64
	env        Env
	start, end time.Duration
	steps      []Step
	free       [lanes]time.Duration // when the lane can take the next step
	last       [lanes]card          // the card on it
	dealt      map[card]int
}

// deal plans one deck of everything that is wanted, then more until the time is
// over. It returns what of the first deck had no room.
func (p *planner) deal(hands []hand) []card {
	kinds, rest := p.firstDeck(hands)
	wanted := append(slices.Clone(kinds), rest...)
	if len(wanted) == 0 {
		return nil
	}
	deck := shuffled(diceFor(p.seed, "deck"), wanted)
	const squeezes = 20
	for i := range squeezes + 1 {
		p.reset()
		if deck = p.lay(deck, 1-float64(i)/squeezes); len(deck) == 0 {
			p.fill(hands)
			return nil
		}
		deck = shuffled(diceFor(p.seed, "deck"), wanted)
	}
	p.reset() // not even the shortest fits: every kind before every shape
	return p.lay(wanted, 0)
}

func (p *planner) reset() {
	p.steps, p.free, p.last, p.dealt = nil, [lanes]time.Duration{p.start, p.start}, [lanes]card{}, map[card]int{}
	p.free[1] += diceFor(p.seed, "second lane").between(0, max(0, min(longHold, p.end-p.start)/4), grain)
}

// fill lays further decks until the time is over.
func (p *planner) fill(hands []hand) {
	for round := 2; ; round++ {
		before := len(p.steps)
		var deck []card
		for _, h := range hands {
			deck = append(deck, h.cards...)
		}
		p.lay(shuffled(diceFor(p.seed, fmt.Sprintf("deck %d", round)), deck), 1)
		if len(p.steps) == before {
			return
		}
	}
}

// firstDeck returns one card of each kind and the other cards that are wanted,
// each in a drawn order.
func (p *planner) firstDeck(hands []hand) (kinds, rest []card) {
	d := diceFor(p.seed, "first deck")
	for _, h := range shuffled(d, hands) {
		cards := shuffled(d, h.cards)
		kinds = append(kinds, cards[0])
		if h.all {
			rest = append(rest, cards[1:]...)
		}
	}
	return kinds, shuffled(d, rest)
}

// lay puts cards on the lane that is free first, with holds and gaps between the
// shortest (stretch 0) and the usual (stretch 1). It returns the cards for which
// there was no room.
func (p *planner) lay(deck []card, stretch float64) []card {
	for len(deck) > 0 {
		lane := 0
		for i := range p.free {
			if p.free[i] < p.free[lane] {
				lane = i
			}
		}
		i := p.choose(deck, lane)
		if !p.put(lane, deck[i], stretch) {
			return deck
		}
		deck = slices.Delete(deck, i, i+1)
	}
	return nil
}

// choose takes the first card that does not take nodes down while the other lane
// does: a fault of the network then meets one of the nodes, and a failpoint is
// not armed in a node that is dead. If there is none, it takes the first.
func (p *planner) choose(deck []card, lane int) int {
	for i, c := range deck {
		busy := false
		for other := range p.last {
			busy = busy || other != lane && p.last[other].process && p.free[other] > p.free[lane]
		}
		if !busy || !c.process {
			return i
		}
	}
	return 0
}

// put lays one card. A hold that would be too long for what is left is cut to
// it, unless that is less than the shortest.
func (p *planner) put(lane int, c card, stretch float64) bool {
	p.dealt[c]++
	d := diceFor(p.seed, fmt.Sprintf("%s#%d", c, p.dealt[c]))
	at := p.free[lane]
	longest := longHold
	if c.kind == Pause {
		longest = longPause
	}
	scale := func(lo, hi time.Duration) time.Duration {
		return lo + time.Duration(d.Float64()*stretch*float64(hi-lo)).Truncate(grain)
	}
	hold, gap := scale(p.shortest(c), longest), scale(shortGap, longGap)
	if at+hold > p.end {
		hold = (p.end - at).Truncate(grain)
	}
	if hold < p.shortest(c) {
		p.dealt[c]--
		return false
	}
	s := c.draw(d, p.env)
	s.At, s.For = at, hold
	p.steps = append(p.steps, s)
	p.free[lane], p.last[lane] = at+hold+gap, c
	return true
}

// shortest is the shortest hold of a card. A schedule with little time has
// shorter ones.
func (p *planner) shortest(c card) time.Duration {
	least := shortHold
	if c.kind == Pause {
		least = 300 * time.Millisecond
	}
	return min(least, max(grain, (p.end-p.start)/2).Truncate(grain))
}
