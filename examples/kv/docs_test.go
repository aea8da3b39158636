package kv_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// The pages that go with the examples, from this directory.
var pages = []string{"guide.md", "faults.md", "checkers.md"}

const root = "../.."

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", name))
	require.NoError(t, err)
	return string(text)
}

// blocks are the fenced blocks of a language.
func blocks(text, language string) (all []string) {
	fenced := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)\n```\n")
	for _, match := range fenced.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

// elision stands in a snippet for lines that are left out.
const elision = "// …"

// missing says which part of a snippet is not in the file that its first line
// names, in order and line by line but for indentation; "" if all are.
func missing(snippet string, read func(name string) (string, error)) string {
	first, rest, _ := strings.Cut(snippet, "\n")
	name, named := strings.CutPrefix(first, "// ")
	if !named {
		return "no file is named: " + first
	}
	source, err := read(name)
	if err != nil {
		return err.Error()
	}
	source = "\n" + flat(source) + "\n"
	for part := range strings.SplitSeq("\n"+flat(rest)+"\n", "\n"+elision+"\n") {
		at := strings.Index(source, "\n"+strings.Trim(part, "\n")+"\n")
		if at < 0 {
			return name + " lacks: " + part
		}
		source = source[at+len(strings.Trim(part, "\n"))+1:]
	}
	return ""
}

// flat is a text without the indentation of its lines.
func flat(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

func TestMissingPartsOfSnippets(t *testing.T) {
	read := func(string) (string, error) { return "a {\n\tb\n\tc\n\td\n}\n", nil }
	for _, good := range []string{"// f\na {\n\tb", "// f\n\tb\n\t// …\n\td\n}", "// f\na {\n\t// …\n\tc\n\td"} {
		require.Empty(t, missing(good, read), good)
	}
	for _, bad := range []string{"a {", "// f\na", "// f\nb\nd", "// f\nd\n// …\nb", "// f\nb\n// …\nx"} {
		require.NotEmpty(t, missing(bad, read), bad)
	}
}

func TestSnippetsAreCode(t *testing.T) {
	read := func(name string) (string, error) {
		text, err := os.ReadFile(filepath.Join(root, name))
		return string(text), err
	}
	total := 0
	for _, name := range pages {
		for _, snippet := range blocks(page(t, name), "go") {
			total++
			require.Empty(t, missing(snippet, read), name)
		}
	}
	require.GreaterOrEqual(t, total, 6)
}

func TestPagesAreShort(t *testing.T) {
	for _, name := range pages {
		require.LessOrEqual(t, strings.Count(page(t, name), "\n"), 200, name)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)\)`)
	for _, name := range pages {
		for _, match := range link.FindAllStringSubmatch(page(t, name), -1) {
			if !strings.HasPrefix(match[1], "https://") {
				require.FileExists(t, filepath.Join(root, "docs", match[1], map[bool]string{true: "doc.go"}[filepath.Ext(match[1]) == ""]), name)
			}
		}
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	text := page(t, "faults.md")
	for _, kind := range nemesis.Kinds() {
		row := regexp.MustCompile("(?m)^\\| `" + string(kind) + "` \\|.*$").FindString(text)
		require.NotEmpty(t, row, "kind %s", kind)
		for _, shape := range nemesis.Shapes(kind) {
			require.Contains(t, row, "`"+shape+"`", "kind %s", kind)
		}
	}
}

func TestEveryVariableIsNamed(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "testing.go"))
	require.NoError(t, err)
	names := regexp.MustCompile(`(?m)^//\t(GAUNTLET_\w+)`).FindAllStringSubmatch(string(source), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		require.Contains(t, page(t, "guide.md"), "`"+name[1]+"`")
	}
}

func TestScheduleByHandIsOne(t *testing.T) {
	env := nemesis.Env{
		Nodes:     []string{"n1", "n2", "n3"},
		Abilities: nemesis.Abilities{nemesis.AbleLinks, nemesis.AbleProcesses},
	}
	all := blocks(page(t, "faults.md"), "json")
	require.Len(t, all, 1)
	schedule, err := nemesis.Decode([]byte(all[0]))
	require.NoError(t, err)
	require.NoError(t, schedule.Validate(env))
	require.Equal(t, 5*time.Second, schedule.Duration)
	for _, text := range regexp.MustCompile(`(?m)^    (all|none|[a-z-]+[,/]\S+)  `).FindAllStringSubmatch(page(t, "faults.md"), -1) {
		_, err := nemesis.Parse(text[1])
		require.NoError(t, err)
	}
}
