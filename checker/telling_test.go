package checker

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTellingAnomaliesComeFirst(t *testing.T) {
	a := func(name, key, fault string) Anomaly {
		return Anomaly{Name: name, Key: key, Explanation: "What happened. " + fault}
	}
	const cut = "In force meanwhile: partition."
	found := []Anomaly{
		a(readFromFuture, "0", noFault), a(staleRead, "1", noFault), a(staleRead, "2", cut),
		a(staleRead, "3", cut), a(lostWrite, "4", cut), a(lostWrite, "5", noFault),
	}
	var keys []string
	for _, x := range telling(found) {
		keys = append(keys, x.Key)
	}
	require.Equal(t, []string{"4", "2", "0", "1", "3", "5"}, keys)
	require.Empty(t, telling(nil))

	for range 20 {
		found = append(found, a(staleRead, "more", cut))
	}
	found = append(found, a(phantomRead, "last", cut))
	few := telling(found)
	require.Len(t, few, explained)
	require.Contains(t, few, found[0], "the first of all")
	require.Contains(t, few, found[len(found)-1], "one of each name")
}
