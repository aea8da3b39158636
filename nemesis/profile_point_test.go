package nemesis

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCrashAtANamedPoint(t *testing.T) {
	env := testEnv(5, 1)
	require.Greater(t, len(env.Failpoints), 1)
	point := env.Failpoints[1]
	p, err := Parse("crash/one@" + point)
	require.NoError(t, err)
	s, err := Plan(p, env, 1, 10*second)
	require.NoError(t, err)
	require.NotEmpty(t, s.Steps)
	for _, step := range s.Steps {
		require.Equal(t, point, step.Point)
		require.Equal(t, "one", step.Shape)
	}
	p, err = Parse("crash@nowhere")
	require.NoError(t, err)
	_, err = Plan(p, env, 1, 10*second)
	require.ErrorContains(t, err, `no failpoint "nowhere"`)
	_, err = Parse("kill@" + point)
	require.ErrorContains(t, err, "that of a crash only")
}
