package gauntlet_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The house rules: what holds for all code of the module, kept by a test so
// that nobody has to remember it. Every rule comes with a tree that breaks it.

// houseFile is one Go file of the module.
type houseFile struct {
	path  string // slash-separated, from the root of the module
	lines int
	test  bool
	ast   *ast.File
}

// dir is the directory of the file's package, "." for the root.
func (f *houseFile) dir() string { return path.Dir(f.path) }

// room is the first element of dir, "." for the root.
func (f *houseFile) room() string {
	room, _, _ := strings.Cut(f.dir(), "/")
	return room
}

// houseTree is what the rules look at.
type houseTree struct {
	fset  *token.FileSet
	files []*houseFile
}

// houseFinding is one breach of a rule.
type houseFinding struct {
	file  string
	line  int
	found string
}

// houseReport is what a rule answers: breaches, and figures worth showing.
type houseReport struct {
	findings []houseFinding
	figures  []string
}

func (r *houseReport) add(file string, line int, format string, args ...any) {
	r.findings = append(r.findings, houseFinding{file, line, fmt.Sprintf(format, args...)})
}

func (r *houseReport) figure(format string, args ...any) {
	r.figures = append(r.figures, fmt.Sprintf(format, args...))
}

// houseRule is a rule over the Go files of the module.
type houseRule struct {
	name  string
	check func(*houseTree) houseReport
	cases []houseCase
}

// houseCase shows what a rule is about.
type houseCase struct {
	bad   map[string]string // a tree that breaks the rule once,
	place string            // there: "file:line"
	good  map[string]string // a tree that comes near and does not break it
}

func TestHouse(t *testing.T) {
	root := houseRoot(t)
	tree := houseLoad(t, root)
	for _, rule := range slices.Concat(houseSizeRules, houseDocRules, houseImportRules, houseCallRules, houseTestRules) {
		t.Run(rule.name, func(t *testing.T) {
			t.Run("catches", func(t *testing.T) { rule.selfTest(t) })
			t.Run("holds", func(t *testing.T) { houseHolds(t, rule.name, rule.check(tree)) })
		})
	}
}

// selfTest shows that the rule can fail, and that it can pass.
func (rule houseRule) selfTest(t *testing.T) {
	require.NotEmpty(t, rule.cases)
	for _, c := range rule.cases {
		r := rule.check(houseParse(t, c.bad))
		var places []string
		for _, f := range r.findings {
			places = append(places, fmt.Sprintf("%s:%d", f.file, f.line))
		}
		require.Equal(t, []string{c.place}, places, "the bad tree %v: %v", c.bad, r.findings)
		require.Empty(t, rule.check(houseParse(t, c.good)).findings, "the good tree %v", c.good)
	}
}

// houseHolds shows the figures of a report and fails on its findings.
func houseHolds(t *testing.T, rule string, r houseReport) {
	t.Helper()
	for _, f := range r.figures {
		t.Log(f)
	}
	slices.SortFunc(r.findings, func(a, b houseFinding) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	for _, f := range r.findings {
		t.Errorf("%s:%d: %s: %s", f.file, f.line, rule, f.found)
	}
}

// houseRoot is the nearest directory above the test that has a go.mod.
func houseRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, dir, parent, "no go.mod above the test")
		dir = parent
	}
}

// houseLoad parses every Go file of the module.
func houseLoad(t *testing.T, root string) *houseTree {
	t.Helper()
	sources := make(map[string]string)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return houseEnter(root, name)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		content, err := os.ReadFile(name)
		rel, relErr := filepath.Rel(root, name)
		sources[filepath.ToSlash(rel)] = string(content)
		return cmp.Or(err, relErr)
	})
	require.NoError(t, err)
	return houseParse(t, sources)
}

// houseEnter skips what the Go command skips: testdata, hidden directories and
// nested modules; and the directory of runs.
func houseEnter(root, dir string) error {
	base := filepath.Base(dir)
	if dir == root {
		return nil
	}
	if base == "testdata" || base == "runs" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func houseParse(t *testing.T, sources map[string]string) *houseTree {
	t.Helper()
	tree := &houseTree{fset: token.NewFileSet()}
	for name, text := range sources {
		parsed, err := parser.ParseFile(tree.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		tree.files = append(tree.files, &houseFile{
			path: name, lines: strings.Count(text, "\n"), test: strings.HasSuffix(name, "_test.go"), ast: parsed,
		})
	}
	slices.SortFunc(tree.files, func(a, b *houseFile) int { return cmp.Compare(a.path, b.path) })
	return tree
}

// line is the line of a node.
func (tree *houseTree) line(n ast.Node) int { return tree.fset.Position(n.Pos()).Line }

// code are the files that are not tests.
func (tree *houseTree) code() []*houseFile {
	return slices.DeleteFunc(slices.Clone(tree.files), func(f *houseFile) bool { return f.test })
}

// packages are the files by directory, the files of each in order.
func (tree *houseTree) packages() map[string][]*houseFile {
	all := make(map[string][]*houseFile)
	for _, f := range tree.files {
		all[f.dir()] = append(all[f.dir()], f)
	}
	return all
}

// houseSource is a file of a small package, with a body and imports.
func houseSource(body string, imports ...string) string {
	var b strings.Builder
	b.WriteString("// Package p is small.\npackage p\n")
	for _, i := range imports {
		fmt.Fprintf(&b, "import %q\n", i)
	}
	return b.String() + body + "\n"
}
