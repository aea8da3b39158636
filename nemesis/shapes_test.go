package nemesis

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sees returns the nodes that each node hears from and is heard by.
func sees(nodes []string, cut []Link) map[string][]string {
	seen := map[string][]string{}
	for _, a := range nodes {
		for _, b := range nodes {
			if a == b || !slices.Contains(cut, Link{a, b}) && !slices.Contains(cut, Link{b, a}) {
				seen[a] = append(seen[a], b)
			}
		}
	}
	return seen
}

func symmetric(cut []Link) bool {
	return !slices.ContainsFunc(cut, func(l Link) bool { return !slices.Contains(cut, Link{l.To, l.From}) })
}

// islands returns the sizes of the groups that see each other, smallest first.
func islands(seen map[string][]string) []int {
	groups := map[string]int{}
	for _, group := range seen {
		groups[strings.Join(group, ",")]++
	}
	var sizes []int
	for _, n := range groups {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return sizes
}

func TestPartitionShapes(t *testing.T) {
	check := map[string]func(t *rapid.T, nodes []string, cut []Link, seen map[string][]string){
		"isolate-one": func(t *rapid.T, nodes []string, cut []Link, seen map[string][]string) {
			require.Equal(t, []int{1, len(nodes) - 1}, islands(seen))
		},
		"minority": func(t *rapid.T, nodes []string, cut []Link, seen map[string][]string) {
			sizes := islands(seen)
			require.Len(t, sizes, 2)
			require.Less(t, sizes[0]*2, len(nodes))
			require.Greater(t, sizes[1]*2, len(nodes))
		},
		"halves": func(t *rapid.T, nodes []string, cut []Link, seen map[string][]string) {
			n := len(nodes)
			require.Equal(t, []int{n / 2, n - n/2}, islands(seen))
		},
		"majorities-ring": checkRing,
		"bridge":          checkBridge,
		"one-way":         checkOneWay,
	}
	for shape, check := range check {
		t.Run(shape, rapid.MakeCheck(func(rt *rapid.T) {
			env := testEnv(rapid.IntRange(3, 7).Draw(rt, "nodes"), 0)
			cut := cutLinks(diceFor(rapid.Uint64().Draw(rt, "seed"), shape), shape, env.Nodes, nil)
			require.NotEmpty(rt, cut)
			require.Equal(rt, shape != "one-way", symmetric(cut))
			check(rt, env.Nodes, cut, sees(env.Nodes, cut))
		}))
	}
}

func checkRing(t *rapid.T, nodes []string, _ []Link, seen map[string][]string) {
	views := map[string]bool{}
	for _, view := range seen {
		require.Greater(t, len(view)*2, len(nodes), "a majority")
		views[strings.Join(view, ",")] = true
	}
	require.Len(t, views, len(nodes), "no two the same")
}

func checkBridge(t *rapid.T, nodes []string, _ []Link, seen map[string][]string) {
	var bridges []string
	for node, view := range seen {
		if len(view) == len(nodes) {
			bridges = append(bridges, node)
		}
	}
	require.Len(t, bridges, 1)
	delete(seen, bridges[0])
	n := len(nodes) - 1
	require.Equal(t, []int{n / 2, n - n/2}, islands(seen))
}

// checkOneWay: every cut leads from the one group to the other, none back.
func checkOneWay(t *rapid.T, nodes []string, cut []Link, _ map[string][]string) {
	from, to := map[string]bool{}, map[string]bool{}
	for _, l := range cut {
		from[l.From], to[l.To] = true, true
	}
	require.Len(t, nodes, len(from)+len(to))
	require.Len(t, cut, len(from)*len(to))
	for n := range from {
		require.NotContains(t, to, n)
	}
}

func TestClientShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env := testEnv(rapid.IntRange(1, 5).Draw(t, "nodes"), rapid.IntRange(1, 3).Draw(t, "clients"))
		cut := cutLinks(diceFor(rapid.Uint64().Draw(t, "seed"), ""), "client", env.Nodes, env.Clients)
		require.True(t, symmetric(cut))
		client := cut[0].From
		require.Contains(t, env.Clients, client)
		for _, l := range cut {
			require.True(t, l.From == client && slices.Contains(env.Nodes, l.To) || l.To == client)
		}
	})
}

// With clients cut too, each client reaches exactly what some node reaches.
func TestClientsStandWithNodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env := testEnv(rapid.IntRange(3, 5).Draw(t, "nodes"), 2)
		seed := rapid.Uint64().Draw(t, "seed")
		cut := cutLinks(diceFor(seed, "a"), "halves", env.Nodes, nil)
		all := withClients(diceFor(seed, "b"), cut, env.Nodes, env.Clients)
		seen := sees(append(slices.Clone(env.Nodes), env.Clients...), all)
		nodesSeen := sees(env.Nodes, cut)
		for _, c := range env.Clients {
			view := slices.DeleteFunc(slices.Clone(seen[c]), func(n string) bool { return slices.Contains(env.Clients, n) })
			require.True(t, slices.ContainsFunc(env.Nodes, func(n string) bool { return slices.Equal(nodesSeen[n], view) }))
		}
	})
}

func TestGroups(t *testing.T) {
	cut := Condition{Cut: true}
	always := func() Condition { return cut }
	require.Equal(t, "n1 | n2,n3", groups(flows(between([]string{"n1"}, []string{"n2", "n3"}), always)))
	require.Equal(t, "n1↛n2,n3", groups(flows(from([]string{"n1"}, []string{"n2", "n3"}), always)))
}
