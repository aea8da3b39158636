package mutants

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const sound = `id: A2
title: read from the own replica only
file: register/register.go
seen: a store with fast local reads
nemesis: none
checker: stale read
run: --nodes 5 --faults kill/all
-- old --
	return r.replicas[1]
-- new --
	return r.replicas[0]
`

func TestParse(t *testing.T) {
	m, err := Parse("A2.txt", []byte(sound))
	require.NoError(t, err)
	require.Equal(t, Mutant{
		ID: "A2", Title: "read from the own replica only", File: "register/register.go",
		Seen: "a store with fast local reads", Nemesis: "none", Checker: "stale read",
		Args: []string{"--nodes", "5", "--faults", "kill/all"},
		Old:  []string{"\treturn r.replicas[1]"}, New: []string{"\treturn r.replicas[0]"},
	}, m)
	require.Equal(t, sound, string(m.Text()))
}

func TestParseKeepsEmptyLinesOfBlocks(t *testing.T) {
	text := strings.Replace(sound, "-- new --\n", "\n\n-- new --\n", 1) + "\n"
	m, err := Parse("A2.txt", []byte(text))
	require.NoError(t, err)
	require.Equal(t, []string{"\treturn r.replicas[1]", "", ""}, m.Old)
	require.Equal(t, []string{"\treturn r.replicas[0]", ""}, m.New)
}

func TestParseAllowsOnlyRemoving(t *testing.T) {
	m, err := Parse("A2.txt", []byte(strings.Replace(sound, "\treturn r.replicas[0]\n", "", 1)))
	require.NoError(t, err)
	require.Empty(t, m.New)
}

func TestParseNamesFileLineAndField(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown field": {"seen:", "sen:", `A2.txt:4: field seen: found "sen: a store with fast local reads"`},
		"missing field": {"nemesis: none\n", "", "A2.txt:5: field nemesis: found"},
		"fields in disorder": {"id: A2\ntitle: read from the own replica only", "title: read\nid: A2",
			"A2.txt:1: field id:"},
		"no value":         {"checker: stale read", "checker: ", "A2.txt:6: field checker: found nothing"},
		"bad id":           {"id: A2", "id: 2A", "A2.txt:1: field id: found \"2A\""},
		"absolute file":    {"file: register", "file: /register", "A2.txt:3: field file:"},
		"file outside":     {"file: register", "file: ../register", "A2.txt:3: field file:"},
		"a test":           {"register.go", "register_test.go", "A2.txt:3: field file:"},
		"not Go":           {"register.go", "register.md", "A2.txt:3: field file:"},
		"no old block":     {"-- old --\n", "", `A2.txt:8: expected the line "-- old --"`},
		"no new block":     {"-- new --\n", "", "A2.txt:8: block old: no line"},
		"two new blocks":   {"-- new --\n", "-- new --\n-- new --\n", "A2.txt:8: a block may occur only once"},
		"two old blocks":   {"-- old --\n", "-- old --\n-- old --\n", "A2.txt:8: a block may occur only once"},
		"empty old block":  {"\treturn r.replicas[1]\n", "\n", "A2.txt:9: block old: found no text"},
		"nothing changed":  {"replicas[0]", "replicas[1]", "A2.txt:11: block new: equal to block old"},
		"carriage return":  {"none\n", "none\r\n", "A2.txt:5: the line has a carriage return"},
		"not UTF-8":        {"none", "n\xffne", "A2.txt: the text is not UTF-8"},
		"no last line end": {"replicas[0]\n", "replicas[0]", "A2.txt:11: the last line has no line end"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, sound, test.old)
			_, err := Parse("A2.txt", []byte(strings.Replace(sound, test.old, test.new, 1)))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestParseIsTheInverseOfText(t *testing.T) {
	word := rapid.StringMatching(`[a-z|,.-]{1,9}`)
	line := rapid.StringMatching(`\t?[a-z(){}:= ]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		want := Mutant{
			ID:    rapid.StringMatching(`[A-Z][1-9][0-9]?`).Draw(t, "id"),
			Title: word.Draw(t, "title"), File: "a/" + rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "file") + ".go",
			Seen: word.Draw(t, "seen"), Nemesis: word.Draw(t, "nemesis"), Checker: word.Draw(t, "checker"),
			Args: rapid.SliceOfN(word, 0, 3).Draw(t, "args"),
			Old:  append(rapid.SliceOfN(line, 0, 3).Draw(t, "old"), "x"),
			New:  rapid.SliceOfN(line, 0, 3).Draw(t, "new"),
		}
		got, err := Parse("x", want.Text())
		if err != nil {
			t.Fatal(err)
		}
		require.Equal(t, string(want.Text()), string(got.Text()))
		require.Equal(t, want.Old, got.Old)
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(strings.Replace(sound, "-- new --\n", "", 1)))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("fuzz", text)
		if err != nil {
			return
		}
		again, err := Parse("fuzz", m.Text())
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}

func TestLoad(t *testing.T) {
	file := func(id string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Replace(sound, "id: A2", "id: "+id, 1))}
	}
	all, err := Load(fstest.MapFS{
		"A10.txt": file("A10"), "A2.txt": file("A2"), "B1.txt": file("B1"), "README.md": {},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"A2", "A10", "B1"}, ids(all))

	_, err = Load(fstest.MapFS{"A3.txt": file("A2"), "B1.txt": {Data: []byte("x\n")}})
	require.ErrorContains(t, err, `A3.txt: field id: found "A2"`)
	require.ErrorContains(t, err, "B1.txt:1: field id")
}

func TestSelect(t *testing.T) {
	all := []Mutant{{ID: "A1"}, {ID: "A3"}, {ID: "A10"}, {ID: "B2"}}
	for patterns, want := range map[string][]string{
		"":         {"A1", "A3", "A10", "B2"},
		"B*, A3":   {"A3", "B2"},
		"A1":       {"A1"},
		"A1*,A1":   {"A1", "A10"},
		"[AB][12]": {"A1", "B2"},
	} {
		got, err := choose(all, patterns)
		require.NoError(t, err, patterns)
		require.Equal(t, want, ids(got), patterns)
	}
	_, err := choose(all, "A1,C*")
	require.ErrorContains(t, err, `no mutant matches "C*"`)
	_, err = choose(all, "A[")
	require.ErrorContains(t, err, `pattern "A["`)
	_, err = ByID("Z99")
	require.ErrorContains(t, err, `no mutant "Z99"`)
}

func ids(all []Mutant) []string {
	var out []string
	for _, m := range all {
		out = append(out, m.ID)
	}
	return out
}
