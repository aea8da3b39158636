package nemesis

import (
	"cmp"
	"slices"
)

// The shapes of partitions, as sets of links to cut. They are those of Jepsen
// (jepsen/src/jepsen/nemesis.clj: split-one, bisect, majorities-ring, bridge)
// and, in addition, cuts of one direction only.

// cutLinks returns the links that a partition of this shape cuts.
func cutLinks(d dice, shape string, nodes, clients []string) []Link {
	order := shuffled(d, nodes)
	n := len(order)
	switch shape {
	case "isolate-one", "flap":
		return between(order[:1], order[1:])
	case "minority":
		k := d.minority(n)
		return between(order[:k], order[k:])
	case "halves":
		return between(order[:n/2], order[n/2:])
	case "bridge":
		rest := order[1:] // order[0] sees both halves
		return between(rest[:len(rest)/2], rest[len(rest)/2:])
	case "majorities-ring":
		return majoritiesRing(order)
	case "one-way":
		return oneWay(d, order)
	case "client":
		client := clients[d.IntN(len(clients))]
		// A client talks to one node or a few: most of them must be cut off for
		// it to notice.
		return between([]string{client}, d.pick(nodes, max(1, n-d.IntN(2))))
	}
	return nil
}

// between returns the links in both directions between two groups.
func between(a, b []string) []Link { return append(from(a, b), from(b, a)...) }

// from returns the links from the one group to the other.
func from(a, b []string) []Link {
	var links []Link
	for _, x := range a {
		for _, y := range b {
			links = append(links, Link{x, y})
		}
	}
	return links
}

// oneWay cuts one direction between two groups, half of the time between one
// node and the rest.
func oneWay(d dice, order []string) []Link {
	k := 1
	if d.IntN(2) == 0 {
		k = 1 + d.IntN(len(order)-1)
	}
	if d.IntN(2) == 0 {
		return from(order[k:], order[:k])
	}
	return from(order[:k], order[k:])
}

// majoritiesRing lets each node see a majority, no two the same one. The nodes
// stand in a ring; each sees its nearest neighbours on both sides, as few as make
// a majority, and the one opposite if that is what is missing. Three nodes
// cannot: there it is a chain, in which the middle node sees all.
func majoritiesRing(ring []string) []Link {
	n := len(ring)
	if n == 3 {
		return between(ring[:1], ring[2:])
	}
	others := n / 2 // that a node must see to be in a majority
	near := others / 2
	opposite := others%2 == 1 && n%2 == 0
	if others%2 == 1 && !opposite {
		near++
	}
	var links []Link
	for i := range n {
		for j := range n {
			apart := min((i-j+n)%n, (j-i+n)%n)
			if apart > near && !(opposite && apart == n/2) {
				links = append(links, Link{ring[i], ring[j]})
			}
		}
	}
	return links
}

// minority draws the size of a minority, not of one node if there is a choice:
// that is what isolate-one does.
func (d dice) minority(n int) int {
	most := max(1, (n-1)/2)
	return min(2, most) + d.IntN(max(1, most-1))
}

// withClients puts each client where a drawn node stands: what is cut for the
// node is cut for the client.
func withClients(d dice, links []Link, nodes, clients []string) []Link {
	all := slices.Clone(links)
	for _, c := range clients {
		where := nodes[d.IntN(len(nodes))]
		for _, l := range links {
			switch where {
			case l.From:
				all = append(all, Link{c, l.To})
			case l.To:
				all = append(all, Link{l.From, c})
			}
		}
	}
	return all
}

// everyLink returns all links between nodes and, if there are any, between
// clients and nodes.
func everyLink(nodes, clients []string) []Link {
	var links []Link
	for _, a := range nodes {
		for _, b := range nodes {
			if a != b {
				links = append(links, Link{a, b})
			}
		}
	}
	return append(links, between(clients, nodes)...)
}

func sortLinks(links []Link) {
	slices.SortFunc(links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
}
