package gauntlet_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// houseDocumented is the share of exported names that must have a comment.
const houseDocumented = 0.97

var houseDocRules = []houseRule{
	{
		name:  "packages have a comment",
		check: housePackageComments,
		cases: []houseCase{
			{
				bad: map[string]string{
					"a/a.go": "package a\n", "a/b.go": "// Something else.\npackage a\n", "a/a_test.go": "// Package a is tested.\npackage a\n",
				},
				place: "a/a.go:1",
				good: map[string]string{
					"a/a.go": "package a\n", "a/doc.go": "// Package a is documented.\npackage a\n",
					"cmd/c/main.go": "// Command c runs.\npackage main\n", "b/b_test.go": "package b_test\n",
				},
			},
		},
	},
	{
		name:  "exported names have a comment",
		check: houseNameComments,
		cases: []houseCase{
			{
				bad: map[string]string{"a/a.go": houseSource(`
type (
	// T is documented.
	T int
)

// F is documented.
func F() {}

func (*T[V]) M() {}`)},
				place: "a/a.go:12",
				good: map[string]string{"a/a.go": houseSource(`
// The letters.
const (
	A = iota
	B
)

var (
	C int // C has a trailing comment.
	d int
)

type t struct{}

func (t) M() {}

func f() {}
`), "a/a_test.go": houseSource("func F() {}"), "cmd/c/main.go": "package main\nfunc F() {}\n"},
			},
		},
	},
}

func housePackageComments(tree *houseTree) (r houseReport) {
	for _, files := range tree.packages() {
		files = slices.DeleteFunc(files, func(f *houseFile) bool { return f.test })
		if len(files) > 0 && !slices.ContainsFunc(files, houseHasPackageComment) {
			r.add(files[0].path, 1, "no file of package %s has a comment that begins with %q", files[0].ast.Name, "Package "+files[0].ast.Name.Name)
		}
	}
	return r
}

// houseHasPackageComment leaves open how the comment of a command begins.
func houseHasPackageComment(f *houseFile) bool {
	text, name := f.ast.Doc.Text(), f.ast.Name.Name
	if name == "main" {
		return text != ""
	}
	return strings.HasPrefix(text, "Package "+name+" ")
}

func houseNameComments(tree *houseTree) (r houseReport) {
	total := 0
	for _, f := range tree.code() {
		if f.ast.Name.Name == "main" {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range houseExported(d) {
				total++
				if !name.documented {
					r.add(f.path, tree.line(name.ident), "%s is exported and has no comment", name.ident)
				}
			}
		}
	}
	missing := len(r.findings)
	r.figure("%d of %d exported names have a comment", total-missing, total)
	if float64(total-missing) >= houseDocumented*float64(total) {
		for _, f := range r.findings {
			r.figure("%s:%d: %s", f.file, f.line, f.found)
		}
		r.findings = nil
	}
	return r
}

// houseName is an exported name at the top level of a package.
type houseName struct {
	ident      *ast.Ident
	documented bool
}

func houseExported(d ast.Decl) (names []houseName) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || houseReceiver(d).IsExported()) {
			names = append(names, houseName{d.Name, d.Doc.Text() != ""})
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, houseExportedBy(d, spec)...)
		}
	}
	return names
}

// houseExportedBy lets the comment of a group of constants or variables stand
// for each of them, as in the standard library; types need their own.
func houseExportedBy(d *ast.GenDecl, spec ast.Spec) (names []houseName) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		own := spec.Doc.Text() != "" || spec.Comment.Text() != "" || d.Lparen == token.NoPos && d.Doc.Text() != ""
		if spec.Name.IsExported() {
			names = append(names, houseName{spec.Name, own})
		}
	case *ast.ValueSpec:
		documented := spec.Doc.Text() != "" || spec.Comment.Text() != "" || d.Doc.Text() != ""
		for _, name := range spec.Names {
			if name.IsExported() {
				names = append(names, houseName{name, documented})
			}
		}
	}
	return names
}

// houseReceiver is the name of a method's type.
func houseReceiver(fn *ast.FuncDecl) *ast.Ident {
	expr := fn.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		case *ast.Ident:
			return e
		default:
			return ast.NewIdent("_")
		}
	}
}
