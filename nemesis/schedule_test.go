package nemesis

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestGolden(t *testing.T) {
	s := plan(t, nil, testEnv(5, 2), 42, 20*time.Second)
	data, err := s.MarshalJSON()
	require.NoError(t, err)
	golden(t, "schedule.txt", s.String())
	golden(t, "schedule.json", string(data))
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := plan(t, nil, testEnv(rapid.IntRange(1, 6).Draw(t, "nodes"), 1), rapid.Uint64().Draw(t, "seed"), 12*time.Second)
		data, err := s.MarshalJSON()
		require.NoError(t, err)
		require.True(t, json.Valid(data))
		again, err := Decode(data)
		require.NoError(t, err)
		require.Equal(t, s, again)
		second, err := again.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, string(data), string(second))
	})
}

func TestSaveLoad(t *testing.T) {
	name := filepath.Join(t.TempDir(), "schedule.json")
	s := plan(t, nil, testEnv(3, 1), 9, 5*time.Second)
	require.NoError(t, s.Save(name))
	again, err := Load(name)
	require.NoError(t, err)
	require.Equal(t, s, again)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(name), ".schedule-*"))
	require.NoError(t, err)
	require.Empty(t, left)

	require.NoError(t, os.WriteFile(name, []byte("{}"), 0o644))
	_, err = Load(name)
	require.ErrorContains(t, err, name+`: schedule: field "duration": found 0s, expected more than 0`)
	_, err = Load(name + ".no")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, s.Save(filepath.Join(name, "x")), "save schedule")
}

// In other JSON, a schedule is what it is in a file of its own.
func TestEmbedded(t *testing.T) {
	type run struct{ Schedule Schedule }
	in := run{plan(t, nil, testEnv(3, 1), 9, 5*time.Second)}
	data, err := json.Marshal(in)
	require.NoError(t, err)
	var out run
	require.NoError(t, json.Unmarshal(data, &out))
	require.Equal(t, in, out)
}

func TestDecodeIsStrict(t *testing.T) {
	const head = `{"seed":1,"duration":"20s","steps":[`
	kill := `{"name":"s01-kill","at":"1s","for":"2s","kind":"kill","nodes":["n1"]}`
	with := func(from, to string) string { return head + strings.Replace(kill, from, to, 1) + "]}" }
	link := func(text string) string {
		return head + `{"name":"p","at":"1s","for":"2s","kind":"partition","links":[` + text + `]}]}`
	}
	_, err := Decode([]byte(with("", "")))
	require.NoError(t, err)
	for text, message := range map[string]string{
		``:                              `schedule: found nothing, expected an object`,
		`[]`:                            `schedule: found [], expected an object`,
		`{"seed":-1}`:                   `field "seed": found -1, expected a whole number from 0`,
		`{"seed":null}`:                 `field "seed": found null`,
		`{"sed":1}`:                     `field "sed": unknown, expected one of duration, nodes, omitted, seed, steps`,
		`{"seed":1,"seed":1}`:           `field "seed": found twice, expected once`,
		`{"duration":20}`:               `field "duration": found 20, expected a duration such as "1.25s"`,
		head + `]} x`:                   `found more after the object`,
		head + `]`:                      `found no end of the object`,
		with(`"1s"`, `"soon"`):          `step 1 (s01-kill): field "at": found "soon", expected a duration such as "1.25s"`,
		with(`"at"`, `"from"`):          `step 1 (s01-kill): field "from": unknown, expected one of at,`,
		with(`["n1"]`, `"n1"`):          `step 1 (s01-kill): field "nodes": found "n1", expected a list`,
		with(`["n1"]`, `[]`):            `step 1 (s01-kill): field "nodes": found none, expected at least one`,
		with(`["n1"]`, `[1]`):           `step 1 (s01-kill): field "nodes": element 1: found 1, expected a string`,
		with(`"1s"`, `"-1s"`):           `field "at": found -1s, expected a time from 0`,
		with(`"2s"`, `"20s"`):           `field "for": found 20s, expected more than 0, and an end within the duration`,
		with(`"kill"`, `"kil"`):         `kind: found "kil", expected one of partition,`,
		with(`"s01-kill"`, `"x"`):       ``,
		with(`}`, `,"point":"x"}`):      `field "point": found one, expected none in a step of kind kill`,
		with(`}`, `,"shape":"x"}`):      `shape of kill: found "x", expected one of one, minority, all`,
		head + kill + "," + kill + "]}": `step 2 (s01-kill): field "name": found "s01-kill" twice`,
		head + `{"kind":"kill","for":"x","name":"n"}]}`:                   `step 1 (n): field "for"`,
		link(`{"from":"a","to":"a","condition":{"cut":true}}`):            `link 1 (a to a): found the same or no ends`,
		link(`{"from":"a","to":"b"}`):                                     `expected a condition of kind partition`,
		link(`{"from":"a","to":"b","condition":{"cut":"yes"}}`):           `field "links": link 1: field "condition": field "cut": found "yes", expected true or false`,
		link(`{"from":"a","to":"b","condition":{"cut":true,"loss":1.5}}`): `field "loss": found 1.5, expected a number from 0 to 1`,
	} {
		_, err := Decode([]byte(text))
		if message == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, message, text)
	}
}

func TestValidateAgainstEnvironment(t *testing.T) {
	env := testEnv(3, 1)
	good := plan(t, nil, env, 4, 20*time.Second)
	require.NoError(t, good.Validate(env))
	step := func(s Step) Schedule {
		s.Name, s.At, s.For = "x", time.Second, time.Second
		return Schedule{Duration: 20 * time.Second, Steps: []Step{s}}
	}
	cut := Condition{Cut: true}
	for message, s := range map[string]Schedule{
		`step 1 (x): field "nodes": found "n9", expected one of n1, n2, n3`: step(Step{Kind: Kill, Nodes: []string{"n9"}}),
		`field "nodes": found "c1"`:                                         step(Step{Kind: Pause, Nodes: []string{"c1"}}),
		`link 1: found n1 to n9`:                                            step(Step{Kind: Partition, Links: []Flow{{"n1", "n9", cut}}}),
		`field "point": found "nowhere"`:                                    step(Step{Kind: Crash, Nodes: []string{"n1"}, Point: "nowhere"}),
		`field "pattern": found "[": exp`:                                   step(Step{Kind: RefuseKey, Nodes: []string{"n1"}, Pattern: "["}),
		`field "every": found -1s`:                                          step(Step{Kind: Restart, Nodes: []string{"n1"}, Every: -time.Second}),
	} {
		err := s.Validate(env)
		require.Error(t, err)
		require.ErrorContains(t, err, strings.Replace(message, ": exp", ", exp", 1))
	}
	env.Abilities = nil
	require.ErrorContains(t, good.Validate(env), "kind kill: the testbed lacks the ability Processes")
	require.ErrorContains(t, Schedule{Duration: 1}.Validate(Env{}), "environment: nodes: found none")
}

func FuzzDecode(f *testing.F) {
	for seed := range uint64(3) {
		s, err := Plan(nil, testEnv(3, 1), seed, 4*time.Second)
		require.NoError(f, err)
		data, err := s.MarshalJSON()
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`{"seed":18446744073709551615,"duration":"1h","nodes":["a"],"omitted":[{"kind":"kill","why":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode(data)
		if err != nil {
			return
		}
		_ = s.String()
		first, err := s.MarshalJSON()
		require.NoError(t, err)
		again, err := Decode(first)
		require.NoError(t, err, "what was written can be read: %s", first)
		second, err := again.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	})
}
