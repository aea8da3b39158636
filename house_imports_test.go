package gauntlet_test

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const houseModule = "github.com/gauntlet-go/gauntlet"

// houseMayImport says which rooms the code of a room may import, besides
// itself. The floors are: 1 histories; 2 nemesis, system, checker, which never
// import each other; 3 testbed, report, workload; 4 the root and the control
// room; 5 the command. Examples are systems as users write them. What is internal
// stands below all floors: it imports none of them, and all may use it.
var houseMayImport = map[string][]string{
	"histories":   {},
	"nemesis":     {"histories"},
	"system":      {"histories"},
	"checker":     {"histories"},
	"testbed":     {"histories", "nemesis", "system"},
	"report":      {"histories", "checker"},
	"workload":    {"histories", "checker"},
	".":           {"histories", "nemesis", "system", "checker", "testbed", "report", "workload"},
	"controlroom": {"histories", "nemesis", "system", "checker", "testbed", "report", "workload", "."},
	"cmd":         {"histories", "nemesis", "system", "checker", "testbed", "report", "workload", ".", "controlroom", "mutants"},
	"mutants":     {},
	"examples":    {"histories", "system"},
	"internal":    {},
}

var houseImportRules = []houseRule{
	{
		name:  "imports point down",
		check: houseDirections,
		cases: []houseCase{
			{
				bad: map[string]string{
					"checker/a.go": houseSource("", houseModule+"/histories"),
					"report/a.go":  houseSource("", houseModule+"/histories", houseModule+"/system/quorum"),
				},
				place: "report/a.go:4",
				good: map[string]string{
					"system/quorum/a.go":    houseSource("", houseModule+"/system/storage", houseModule+"/histories"),
					"checker/a_test.go":     houseSource("", houseModule+"/workload"),
					"cmd/gauntlet/main.go":  houseSource("", houseModule, houseModule+"/mutants"),
					"testbed/local/link.go": houseSource("", houseModule+"/nemesis", "net"),
				},
			},
		},
	},
	{
		name:  "every package is in a room",
		check: houseRooms,
		cases: []houseCase{
			{
				bad:   map[string]string{"util/a.go": houseSource("")},
				place: "util/a.go:1",
				good:  map[string]string{"a.go": houseSource(""), "system/raft/a.go": houseSource("")},
			},
		},
	},
	{
		name:  "mutants need only the standard library",
		check: houseStandardOnly,
		cases: []houseCase{
			{
				bad:   map[string]string{"mutants/a.go": houseSource("", "os", "github.com/spf13/cobra")},
				place: "mutants/a.go:4",
				good: map[string]string{
					"mutants/a.go": houseSource("", "os", "go/format"), "mutants/a_test.go": houseSource("", "pgregory.net/rapid"),
				},
			},
		},
	},
	{
		name:  "only the command imports cobra and its terminal",
		check: houseCommandOnly,
		cases: []houseCase{
			{
				bad:   map[string]string{"report/a.go": houseSource("", "golang.org/x/term")},
				place: "report/a.go:3",
				good:  map[string]string{"cmd/gauntlet/a.go": houseSource("", "golang.org/x/term", "github.com/spf13/cobra")},
			},
		},
	},
}

// houseImports calls visit for each import of the files.
func houseImports(tree *houseTree, files []*houseFile, visit func(f *houseFile, path string, line int)) {
	for _, f := range files {
		for _, i := range f.ast.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err == nil {
				visit(f, name, tree.line(i))
			}
		}
	}
}

func houseDirections(tree *houseTree) (r houseReport) {
	houseImports(tree, tree.code(), func(f *houseFile, name string, line int) {
		below, ours := strings.CutPrefix(name+"/", houseModule+"/")
		if !ours {
			return
		}
		room, _, _ := strings.Cut(below, "/")
		if room == "" {
			room = "."
		}
		if room != f.room() && room != "internal" && !slices.Contains(houseMayImport[f.room()], room) {
			r.add(f.path, line, "found an import of %s, expected only rooms below: %v", name, houseMayImport[f.room()])
		}
	})
	return r
}

func houseRooms(tree *houseTree) (r houseReport) {
	for _, f := range tree.code() {
		if _, ok := houseMayImport[f.room()]; !ok {
			r.add(f.path, 1, "found package %s, expected one in a room of the design", f.dir())
		}
	}
	return r
}

func houseStandardOnly(tree *houseTree) (r houseReport) {
	houseImports(tree, tree.code(), func(f *houseFile, name string, line int) {
		if first, _, _ := strings.Cut(name, "/"); f.room() == "mutants" && strings.Contains(first, ".") {
			r.add(f.path, line, "found an import of %s, expected only the standard library", name)
		}
	})
	return r
}

func houseCommandOnly(tree *houseTree) (r houseReport) {
	only := []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term"}
	houseImports(tree, tree.code(), func(f *houseFile, name string, line int) {
		if f.room() != "cmd" && slices.Contains(only, name) {
			r.add(f.path, line, "found an import of %s, expected it in cmd only", name)
		}
	})
	return r
}

// houseForeign are the packages of a list that someone who imports only the
// root must not have to compile: all but the standard library, this module and
// the linearizability search.
func houseForeign(packages []string) (foreign []string) {
	for _, p := range packages {
		first, _, _ := strings.Cut(p, "/")
		standard := !strings.Contains(first, ".")
		ours := p == houseModule || strings.HasPrefix(p, houseModule+"/")
		if p != "" && !standard && !ours && p != "github.com/anishathalye/porcupine" {
			foreign = append(foreign, p)
		}
	}
	return foreign
}

func TestHouseRootCompilesLittle(t *testing.T) {
	require.Equal(t, []string{"github.com/spf13/cobra", "golang.org/x/sys/unix"}, houseForeign([]string{
		"", "net/http", "vendor/golang.org/x/net/idna", houseModule + "/checker", "github.com/spf13/cobra",
		"github.com/anishathalye/porcupine", "golang.org/x/sys/unix",
	}))
	root := houseRoot(t)
	tree := houseLoad(t, root)
	if !slices.ContainsFunc(tree.code(), func(f *houseFile) bool { return f.dir() == "." }) {
		t.Skip("the root has no code yet")
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Empty(t, houseForeign(strings.Split(string(out), "\n")), "packages that the root compiles")
}
