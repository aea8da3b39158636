package gauntlet_test

import (
	"go/ast"
	"slices"
	"strings"
)

// Bounds in lines. The median of functions is to be 10; what is above that and
// not above 14 is only shown.
const (
	houseFileMost       = 600
	houseFileMedian     = 200
	houseFunctionMost   = 80
	houseFunctionMedian = 14
)

var houseSizeRules = []houseRule{
	{
		name:  "files are short",
		check: houseFileSizes,
		cases: []houseCase{
			{
				bad:   map[string]string{"a/a.go": houseSource(strings.Repeat("\n", 600))},
				place: "a/a.go:1",
				good:  map[string]string{"a/a.go": houseSource(strings.Repeat("\n", 590)), "a/b.go": houseSource(""), "a/c.go": houseSource("")},
			},
		},
	},
	{
		name:  "the median file is short",
		check: houseFileMedians,
		cases: []houseCase{
			{
				bad:   map[string]string{"a/a.go": houseSource(strings.Repeat("\n", 201))},
				place: ".:0",
				good:  map[string]string{"a/a.go": houseSource(strings.Repeat("\n", 190))},
			},
		},
	},
	{
		name:  "functions are short",
		check: houseFunctionSizes,
		cases: []houseCase{
			{
				bad:   map[string]string{"a/a_test.go": houseSource("func f() {" + strings.Repeat("\n", 80) + "}")},
				place: "a/a_test.go:3",
				good:  map[string]string{"a/a.go": houseSource("func f() {" + strings.Repeat("\n", 79) + "}")},
			},
		},
	},
	{
		name:  "the median function is short",
		check: houseFunctionMedians,
		cases: []houseCase{
			{
				bad:   map[string]string{"a/a.go": houseSource("func f() {" + strings.Repeat("\n", 14) + "}")},
				place: ".:0",
				good:  map[string]string{"a/a.go": houseSource("func f() {" + strings.Repeat("\n", 13) + "}")},
			},
		},
	},
}

func houseFileSizes(tree *houseTree) (r houseReport) {
	for _, f := range tree.code() {
		if f.lines > houseFileMost {
			r.add(f.path, 1, "found %d lines, expected at most %d", f.lines, houseFileMost)
		}
	}
	return r
}

func houseFileMedians(tree *houseTree) (r houseReport) {
	var sizes []int
	for _, f := range tree.code() {
		sizes = append(sizes, f.lines)
	}
	r.median("files that are not tests", sizes, houseFileMedian)
	return r
}

func houseFunctionSizes(tree *houseTree) (r houseReport) {
	for _, f := range tree.files {
		for _, fn := range houseFunctions(f) {
			if n := tree.span(fn); n > houseFunctionMost {
				r.add(f.path, tree.line(fn), "%s has %d lines, expected at most %d", fn.Name, n, houseFunctionMost)
			}
		}
	}
	return r
}

func houseFunctionMedians(tree *houseTree) (r houseReport) {
	var sizes []int
	for _, f := range tree.code() {
		for _, fn := range houseFunctions(f) {
			sizes = append(sizes, tree.span(fn))
		}
	}
	r.median("functions that are not tests", sizes, houseFunctionMedian)
	return r
}

// median shows the middle and the greatest of the sizes and bounds the middle.
func (r *houseReport) median(what string, sizes []int, most int) {
	if len(sizes) == 0 {
		return
	}
	slices.Sort(sizes)
	n := len(sizes)
	r.figure("%d %s: median %d lines, 9 of 10 at most %d, the longest %d", n, what, sizes[n/2], sizes[n*9/10], sizes[n-1])
	if sizes[n/2] > most {
		r.add(".", 0, "the median of %d %s is %d lines, expected at most %d", n, what, sizes[n/2], most)
	}
}

func houseFunctions(f *houseFile) (all []*ast.FuncDecl) {
	for _, d := range f.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			all = append(all, fn)
		}
	}
	return all
}

// span is the number of lines of a declaration without its comment.
func (tree *houseTree) span(fn *ast.FuncDecl) int {
	return tree.fset.Position(fn.End()).Line - tree.fset.Position(fn.Type.Pos()).Line + 1
}
