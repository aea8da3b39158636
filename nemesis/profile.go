package nemesis

import (
	"fmt"
	"slices"
	"strings"
)

// Profile says which faults a schedule is made of. nil means all that the
// testbed and the system can do; an empty profile that is not nil means none.
type Profile []Kind

// Mix returns the profile of these kinds. With none it is the profile of a run
// without faults.
func Mix(kinds ...Kind) Profile { return append(Profile{}, kinds...) }

// None returns the profile of a run without faults. Some bugs show best then.
func None() Profile { return Profile{} }

// Parse reads a profile: "all", "none", or kinds separated by commas, each
// optionally with a shape and with "+clients", which disturbs the links of
// clients too: "partition/halves,kill/all,slow+clients".
func Parse(text string) (Profile, error) {
	switch strings.TrimSpace(text) {
	case "all":
		return nil, nil
	case "none":
		return None(), nil
	}
	profile := Profile{}
	for word := range strings.SplitSeq(text, ",") {
		kind := Kind(strings.TrimSpace(word))
		if _, err := parseChoice(kind); err != nil {
			return nil, fmt.Errorf("nemesis %q: %w", text, err)
		}
		profile = append(profile, kind)
	}
	return profile, nil
}

// String is the inverse of [Parse].
func (p Profile) String() string {
	switch {
	case p == nil:
		return "all"
	case len(p) == 0:
		return "none"
	}
	return strings.ReplaceAll(joinWords(p), ", ", ",")
}

// card is one fault to be planned: a kind with its shape and, for a crash, the
// point.
type card struct {
	kind    Kind
	shape   string
	point   string
	clients bool
	process bool
}

func (c card) String() string {
	name := string(c.kind) + "/" + c.shape
	if c.point != "" {
		name += "@" + c.point
	}
	return name
}

// cardsOf returns the cards of one entry of a profile and what of it cannot be
// done.
func cardsOf(c choice, env Env) ([]card, []Omission) {
	if why := env.lacks(c.spec, c.clients); why != "" {
		return nil, []Omission{{c.spec.kind, why}}
	}
	points := []string{c.point}
	if c.spec.kind == Crash && c.point == "" {
		points = env.Failpoints
	}
	if c.point != "" && !slices.Contains(env.Failpoints, c.point) {
		return nil, []Omission{{c.spec.kind, fmt.Sprintf("the system has no failpoint %q, only %s", c.point, joinWords(env.Failpoints))}}
	}
	var cards []card
	var omitted []Omission
	for _, sh := range c.spec.shapes {
		if c.shape != "" && c.shape != sh.name {
			continue
		}
		if why := env.lacksShape(sh); why != "" {
			omitted = append(omitted, Omission{c.spec.kind + "/" + Kind(sh.name), why})
			continue
		}
		for _, p := range points {
			cards = append(cards, card{c.spec.kind, sh.name, p, c.clients, c.spec.isProcess()})
		}
	}
	return cards, omitted
}

// hand is the cards of a profile that are of one kind.
type hand struct {
	spec  spec
	cards []card
	all   bool // each card is wanted, not only one of them
}

// hands resolves a profile in an environment. A kind that was asked for by name
// and cannot be done is an error; among all it is omitted.
func (p Profile) hands(env Env) ([]hand, []Omission, error) {
	byName := p != nil
	if !byName {
		p = Kinds()
	}
	var hands []hand
	var omitted []Omission
	for _, k := range p {
		c, err := parseChoice(k)
		if err != nil {
			return nil, nil, err
		}
		cards, missing := cardsOf(c, env)
		if byName && len(missing) > 0 && (len(cards) == 0 || c.shape != "") {
			return nil, nil, fmt.Errorf("kind %q: %s", string(k), missing[0].Why)
		}
		omitted = append(omitted, missing...)
		if len(cards) == 0 {
			continue
		}
		hands = add(hands, hand{c.spec, cards, c.spec.each || c.shape != ""})
	}
	return hands, omitted, nil
}

// add joins the entries of one kind, so that "partition/halves,partition/bridge"
// is one hand of two cards.
func add(hands []hand, h hand) []hand {
	i := slices.IndexFunc(hands, func(o hand) bool { return o.spec.kind == h.spec.kind })
	if i < 0 {
		return append(hands, h)
	}
	for _, c := range h.cards {
		if !slices.Contains(hands[i].cards, c) {
			hands[i].cards = append(hands[i].cards, c)
		}
	}
	hands[i].all = hands[i].all || h.all
	return hands
}
