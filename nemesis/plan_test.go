package nemesis

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func plan(t require.TestingT, p Profile, env Env, seed uint64, d time.Duration) Schedule {
	s, err := Plan(p, env, seed, d)
	require.NoError(t, err)
	return s
}

func TestPlanCoversEverything(t *testing.T) {
	env := testEnv(5, 2)
	for seed := range uint64(200) {
		s := plan(t, nil, env, seed, 20*time.Second)
		require.Empty(t, s.Omitted)
		have := map[string]bool{}
		for _, step := range s.Steps {
			have[string(step.Kind)] = true
			have[step.Label()] = true
		}
		for _, k := range Kinds() {
			require.True(t, have[string(k)], "seed %d lacks %s", seed, k)
		}
		for _, k := range []Kind{Partition, Kill} {
			for _, shape := range Shapes(k) {
				require.True(t, have[string(k)+"/"+shape], "seed %d lacks %s/%s", seed, k, shape)
			}
		}
	}
}

func TestPlanRhythm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env := testEnv(rapid.IntRange(1, 7).Draw(t, "nodes"), rapid.IntRange(0, 3).Draw(t, "clients"))
		d := time.Duration(rapid.IntRange(2000, 90_000).Draw(t, "ms")) * time.Millisecond
		s := plan(t, nil, env, rapid.Uint64().Draw(t, "seed"), d)
		require.NotEmpty(t, s.Steps)
		require.NoError(t, s.Validate(env))
		for _, step := range s.Steps {
			require.GreaterOrEqual(t, step.At, min(500*time.Millisecond, d/8).Truncate(grain))
			require.LessOrEqual(t, step.At+step.For, d-min(time.Second, d/4).Truncate(grain))
			require.LessOrEqual(t, step.For, longPause)
		}
		require.LessOrEqual(t, mostAtOnce(s), lanes)
	})
}

func mostAtOnce(s Schedule) int {
	most := 0
	for _, a := range s.Steps {
		n := 0
		for _, b := range s.Steps {
			if b.At <= a.At && a.At < b.At+b.For {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestPlanOverlaps(t *testing.T) {
	require.Equal(t, lanes, mostAtOnce(plan(t, nil, testEnv(5, 2), 1, 20*time.Second)))
}

func TestPlanIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env, seed := testEnv(rapid.IntRange(1, 6).Draw(t, "nodes"), 2), rapid.Uint64().Draw(t, "seed")
		a, err := plan(t, nil, env, seed, 10*time.Second).MarshalJSON()
		require.NoError(t, err)
		b, err := plan(t, nil, env, seed, 10*time.Second).MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, string(a), string(b))
	})
}

func TestPlanSeedsDiffer(t *testing.T) {
	env := testEnv(5, 2)
	require.NotEqual(t, plan(t, nil, env, 1, 20*time.Second).Steps, plan(t, nil, env, 2, 20*time.Second).Steps)
}

func TestPlanShort(t *testing.T) {
	env := testEnv(3, 1)
	s := plan(t, nil, env, 7, 2*time.Second)
	require.GreaterOrEqual(t, len(s.Steps), 2)
	require.NotEmpty(t, s.Omitted, "what has no room is listed")

	s = plan(t, nil, env, 7, 500*time.Millisecond)
	require.NotEmpty(t, s.Steps, "a short time has short faults")
	require.NotEmpty(t, s.Omitted)

	require.Empty(t, plan(t, None(), env, 7, 20*time.Second).Steps)
}

func TestPlanBothHealVariants(t *testing.T) {
	var late, lost int
	for seed := range uint64(20) {
		for _, step := range plan(t, Mix(Partition), testEnv(5, 2), seed, 20*time.Second).Steps {
			if step.Links[0].Condition.Lost {
				lost++
			} else {
				late++
			}
		}
	}
	require.Greater(t, late*4, lost)
	require.Greater(t, lost*4, late)
}

func TestPlanRefusesByName(t *testing.T) {
	env := testEnv(3, 0)
	env.Abilities = slices.DeleteFunc(env.Abilities, func(a Ability) bool { return a == AblePauses })
	env.Failpoints, env.RefusesKeys, env.PeerFrames = nil, false, false
	for kind, message := range map[Kind]string{
		Pause:              `kind "pause": the testbed lacks the ability Pauses`,
		Crash:              `kind "crash": the system has no failpoints`,
		RefuseKey:          `kind "refuse-key": the system cannot refuse keys`,
		"drop/some":        `kind "drop/some": the system does not tell where its frames end (no framer)`,
		"partition/client": `kind "partition/client": it needs a client whose links can be cut and there is none`,
	} {
		_, err := Plan(Mix(kind), env, 1, 20*time.Second)
		require.EqualError(t, err, message)
	}
	omitted := plan(t, nil, env, 1, 20*time.Second).Omitted
	require.Contains(t, omitted, Omission{Pause, "the testbed lacks the ability Pauses"})
	require.Len(t, omitted, 7)
}

func TestParseProfile(t *testing.T) {
	for _, text := range []string{"all", "none", "partition,kill", "partition/halves,kill/all", "partition/bridge+clients,slow+clients"} {
		p, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, text, p.String())
	}
	for text, message := range map[string]string{
		"partition,kil":  `nemesis "partition,kil": kind: found "kil", expected one of partition, slow,`,
		"kill/halves":    `shape of kill: found "halves", expected one of one, minority, all`,
		"kill+clients":   `kill disturbs no links`,
		"":               `kind: found "", expected one of`,
		"partition/":     `shape of partition: found ""`,
		"partition,all,": `kind: found "all"`,
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, message)
	}
}

func TestProfileShapesOnly(t *testing.T) {
	s := plan(t, Mix("partition/halves", "kill/all"), testEnv(5, 2), 3, 20*time.Second)
	have := map[string]int{}
	for _, step := range s.Steps {
		have[step.Label()]++
	}
	require.Len(t, have, 2)
	require.Greater(t, have["partition/halves"], 3)
	require.Greater(t, have["kill/all"], 3)
}

func TestClientsOnlyIfAskedFor(t *testing.T) {
	env := testEnv(4, 2)
	touches := func(p Profile) bool {
		for _, step := range plan(t, p, env, 5, 20*time.Second).Steps {
			for _, f := range step.Links {
				if slices.Contains(env.Clients, f.From) {
					return true
				}
			}
		}
		return false
	}
	require.False(t, touches(Mix("partition/halves", "partition/one-way", Slow, Drop, Reset)))
	require.True(t, touches(Mix("partition/halves+clients")))
	require.True(t, touches(Mix("drop+clients")))
}
