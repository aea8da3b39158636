package dice

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiceDependOnSeedAndNameOnly(t *testing.T) {
	require.Equal(t, For(7, "a").Uint64(), For(7, "a").Uint64())
	seen := map[uint64]string{}
	for seed := range uint64(50) {
		for i := range 50 {
			name := fmt.Sprintf("lane/%d", i)
			first := For(seed, name).Uint64()
			require.Empty(t, seen[first], "the dice of %d %s fall like others", seed, name)
			seen[first] = name
		}
	}
}
