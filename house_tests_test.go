package gauntlet_test

import (
	"go/ast"
	"slices"
	"strings"
)

var houseTestRules = []houseRule{
	{
		name:  "goroutines are watched by goleak",
		check: houseLeaks,
		cases: []houseCase{
			{
				bad: map[string]string{
					"a/a.go": houseSource("func f() {\n\tgo f()\n}"), "a/a_test.go": houseSource(""), "b/b_test.go": houseWatched,
				},
				place: "a/a.go:4",
				good: map[string]string{
					"a/a.go": houseSource("func f() { go f() }"), "a/a_test.go": houseWatched, "b/b.go": houseSource("func f() {}"),
					"c/c_test.go": houseSource("func f() { go f() }"),
				},
			},
			{
				bad:   map[string]string{"a/a.go": houseSource("func f() { wg.Go(f) }")},
				place: "a/a.go:3",
				good:  map[string]string{"a/a.go": houseSource("func f() { wg.Go(f); wg.Wait() }"), "a/a_test.go": houseWatched},
			},
		},
	},
	{
		name:  "decoders have a fuzz target",
		check: houseFuzzed,
		cases: []houseCase{
			{
				bad: map[string]string{
					"a/a.go":      houseSource("\nimport \"io\"\n\nfunc ReadFrame(r io.Reader) error { return nil }"),
					"a/a_test.go": houseSource("func TestX(t *testing.T) { ReadFrame(nil) }\nfunc FuzzY(f *testing.F) {}"),
				},
				place: "a/a.go:6",
				good: map[string]string{
					"a/a.go":      houseSource("func Parse(b []byte) error { return nil }\nfunc ParseWord(s string) {}\nfunc read(b []byte) {}"),
					"a/a_test.go": houseSource("func FuzzParse(f *testing.F) { f.Fuzz(func(t *testing.T, b []byte) { a.Parse(b) }) }"),
				},
			},
		},
	},
}

var houseWatched = houseSource("import \"go.uber.org/goleak\"\nfunc TestMain(m *testing.M) { goleak.VerifyTestMain(m) }")

func houseLeaks(tree *houseTree) (r houseReport) {
	for _, files := range tree.packages() {
		if slices.ContainsFunc(files, houseWatches) {
			continue
		}
		for _, f := range files {
			if n := houseStarts(f); n != nil && !f.test {
				r.add(f.path, tree.line(n), "found a goroutine, expected goleak.Verify… in the package's tests")
				break
			}
		}
	}
	return r
}

// houseWatches says whether a test verifies that no goroutine is left.
func houseWatches(f *houseFile) (watches bool) {
	houseUses(f, func(_ ast.Node, pkg, name string) {
		watches = watches || f.test && pkg == "go.uber.org/goleak" && strings.HasPrefix(name, "Verify")
	})
	return watches
}

// houseStarts is the first place where a goroutine is started: by a go
// statement, or by the method Go of a group.
func houseStarts(f *houseFile) (first ast.Node) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			first = n
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Go" && len(n.Args) == 1 {
				first = n
			}
		}
		return first == nil
	})
	return first
}

// houseFuzzed asks of every exported function that reads foreign bytes, told by
// its name and its parameters, that a fuzz target of the package names it.
func houseFuzzed(tree *houseTree) (r houseReport) {
	for _, files := range tree.packages() {
		var named []string
		for _, f := range files {
			named = append(named, houseNamedByFuzz(f)...)
		}
		for _, f := range files {
			for _, fn := range houseFunctions(f) {
				if !f.test && houseDecodes(fn) && !slices.Contains(named, fn.Name.Name) {
					r.add(f.path, tree.line(fn), "found the decoder %s, expected a fuzz target that names it", fn.Name)
				}
			}
		}
	}
	return r
}

func houseDecodes(fn *ast.FuncDecl) bool {
	begins := func(word string) bool { return strings.HasPrefix(fn.Name.Name, word) }
	if fn.Recv != nil || !slices.ContainsFunc([]string{"Parse", "Decode", "Read", "Unmarshal"}, begins) {
		return false
	}
	return slices.ContainsFunc(fn.Type.Params.List, func(p *ast.Field) bool {
		switch t := p.Type.(type) {
		case *ast.ArrayType:
			return t.Len == nil && houseIsName(t.Elt, "byte")
		case *ast.SelectorExpr:
			return houseIsName(t.X, "io") && strings.HasPrefix(t.Sel.Name, "Reader")
		case *ast.StarExpr:
			s, ok := t.X.(*ast.SelectorExpr)
			return ok && houseIsName(s.X, "bufio") && s.Sel.Name == "Reader"
		}
		return false
	})
}

// houseNamedByFuzz are the names that occur in the fuzz targets of a file.
func houseNamedByFuzz(f *houseFile) (names []string) {
	for _, fn := range houseFunctions(f) {
		if !f.test || !strings.HasPrefix(fn.Name.Name, "Fuzz") || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if ident, ok := n.(*ast.Ident); ok {
				names = append(names, ident.Name)
			}
			return true
		})
	}
	return names
}
