package gauntlet_test

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

var houseCallRules = []houseRule{
	{
		name:  "node code touches only its site",
		check: houseNodeCode,
		cases: []houseCase{
			{
				bad:   map[string]string{"system/x/a.go": houseSource("import clock \"time\"\nvar f = clock.Now")},
				place: "system/x/a.go:4",
				good: map[string]string{
					"system/clock.go":          houseSource("import \"time\"\nvar now = time.Now"),
					"system/x/a.go":            houseSource("import (\n\"os\"\n\"time\"\n)\nvar t = time.NewTimer\nconst f = os.O_RDWR"),
					"system/x/a_test.go":       houseSource("import \"net\"\nvar f = net.Dial"),
					"system/systemtest/kit.go": houseSource("import \"os\"\nvar f = os.WriteFile"),
					"testbed/local/a.go":       houseSource("import \"net\"\nvar f = net.Dial"),
				},
			},
			{
				bad:   map[string]string{"system/x/a.go": houseSource("import \"net\"\n\nvar c, err = net.DialTimeout(\"tcp\", a, 0)")},
				place: "system/x/a.go:5",
				good:  map[string]string{"system/x/a.go": houseSource("import \"net\"\nvar c net.Conn\nvar l net.Listener")},
			},
			{
				bad:   map[string]string{"system/x/a.go": houseSource("import \"os\"\nfunc f() error { return os.Rename(a, b) }")},
				place: "system/x/a.go:4",
				good:  map[string]string{"system/x/a.go": houseSource("import \"os\"\nvar e = os.ErrNotExist")},
			},
			{
				bad:   map[string]string{"system/x/a.go": houseSource("import \"math/rand/v2\"\nvar n = rand.IntN(3)")},
				place: "system/x/a.go:4",
				good:  map[string]string{"system/x/a.go": houseSource("import \"math/rand/v2\"\nfunc f(r *rand.Rand) int { return r.IntN(3) }\nvar r = rand.New(rand.NewPCG(1, 2))")},
			},
			{
				bad:   map[string]string{"system/x/a.go": houseSource("import . \"os\"")},
				place: "system/x/a.go:3",
				good:  map[string]string{"system/x/a.go": houseSource("import . \"strings\"")},
			},
		},
	},
	{
		name:  "only commands end the process",
		check: houseExits,
		cases: []houseCase{
			{
				bad:   map[string]string{"checker/a.go": houseSource("func f() { panic(1) }")},
				place: "checker/a.go:3",
				good: map[string]string{
					"main.go": houseSource("import \"os\"\nfunc f() { os.Exit(1) }"), "a_test.go": houseSource("func f() { panic(1) }"),
					"cmd/c/main.go": houseSource("import \"log\"\nfunc f() { log.Fatal(1) }"),
				},
			},
			{
				bad:   map[string]string{"main.go": houseSource("import \"log\"\nfunc f() { log.Fatalf(`x`) }")},
				place: "main.go:4",
				good:  map[string]string{"main.go": houseSource("import \"log/slog\"\nvar l = slog.Default()")},
			},
		},
	},
	{
		name:  "listeners are on the loopback",
		check: houseListeners,
		cases: []houseCase{
			{
				bad:   map[string]string{"report/a_test.go": houseSource("import \"net\"\nvar l, err = net.Listen(`tcp`, `:0`)")},
				place: "report/a_test.go:4",
				good: map[string]string{"report/a.go": houseSource(`import "net"
var l, err = net.Listen("tcp", "127.0.0.1:0")
var u, _ = net.Listen("unix", "/tmp/a:b")
var s, _ = site.Listen("peer")
var c, _ = net.Dial("tcp", "localhost:80")`)},
			},
			{
				bad:   map[string]string{"report/a.go": houseSource("var l, err = config.Listen(ctx, `tcp`, `0.0.0.0:` + port)")},
				place: "report/a.go:3",
				good:  map[string]string{"report/a.go": houseSource("var l, err = config.Listen(ctx, `tcp`, net.JoinHostPort(`127.0.0.1`, port))")},
			},
			{
				bad:   map[string]string{"report/a.go": houseSource("var l, err = net.Listen(`tcp`, net.JoinHostPort(`localhost`, port))")},
				place: "report/a.go:3",
				good:  map[string]string{"report/a.go": houseSource("var l, err = net.ListenTCP(`tcp`, &net.TCPAddr{IP: ip})")},
			},
		},
	},
}

// houseFilesOf are the functions of package os that touch files.
var houseFilesOf = []string{
	"Chdir", "Chmod", "Chown", "Chtimes", "CopyFS", "Create", "CreateTemp", "DirFS", "Link", "Lstat", "Mkdir", "MkdirAll",
	"MkdirTemp", "NewFile", "Open", "OpenFile", "OpenInRoot", "OpenRoot", "ReadDir", "ReadFile", "Readlink", "Remove",
	"RemoveAll", "Rename", "Stat", "Symlink", "Truncate", "WriteFile",
}

// houseDice are the names of the packages math/rand that are not dice of the
// process.
var houseDice = []string{
	"ChaCha8", "New", "NewChaCha8", "NewPCG", "NewSource", "NewZipf", "PCG", "Rand", "Source", "Source64", "Zipf",
}

// houseForbidden says why a name of a package must not be used in node code, ""
// if it may.
func houseForbidden(file, pkg, name string) string {
	switch {
	case pkg == "net" && name != "Listener" && (strings.HasPrefix(name, "Dial") || strings.HasPrefix(name, "Listen")):
		return "the site's Listen and Dial"
	case pkg == "os" && slices.Contains(houseFilesOf, name), strings.HasPrefix(pkg, "io/ioutil"):
		return "the site's Disk"
	case pkg == "time" && name == "Now" && file != "system/clock.go":
		return "the site's Now, or the clock of system/clock.go for durations"
	case (pkg == "math/rand" || pkg == "math/rand/v2") && !slices.Contains(houseDice, name):
		return "the site's Rand"
	}
	return ""
}

func houseNodeCode(tree *houseTree) (r houseReport) {
	for _, f := range tree.code() {
		if f.room() != "system" || strings.HasSuffix(f.dir(), "test") {
			continue
		}
		for _, i := range f.ast.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if i.Name != nil && i.Name.Name == "." && slices.Contains([]string{"net", "os", "time", "math/rand", "math/rand/v2"}, name) {
				r.add(f.path, tree.line(i), "found a dot import of %s", name)
			}
		}
		houseUses(f, func(n ast.Node, pkg, name string) {
			if instead := houseForbidden(f.path, pkg, name); instead != "" {
				r.add(f.path, tree.line(n), "found %s.%s, expected %s", pkg, name, instead)
			}
		})
	}
	return r
}

func houseExits(tree *houseTree) (r houseReport) {
	for _, f := range tree.code() {
		if f.room() == "cmd" {
			continue
		}
		houseUses(f, func(n ast.Node, pkg, name string) {
			exit := pkg == "os" && name == "Exit" && f.path != "main.go"
			if exit || pkg == "log" && (strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic")) {
				r.add(f.path, tree.line(n), "found %s.%s, expected an error that is returned", pkg, name)
			}
		})
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && houseIsName(call.Fun, "panic") {
				r.add(f.path, tree.line(n), "found panic, expected an error that is returned")
			}
			return true
		})
	}
	return r
}

// houseListeners looks at the string literals in the arguments of everything
// that is called Listen….
func houseListeners(tree *houseTree) (r houseReport) {
	for _, f := range tree.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); !ok || !strings.HasPrefix(s.Sel.Name, "Listen") {
				return true
			}
			words := houseStrings(call.Args)
			if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "unix") }) {
				return true
			}
			for _, w := range words {
				if w == "" || w == "localhost" || w == "::" || w == "0.0.0.0" || strings.Contains(w, ":") && !strings.HasPrefix(w, "127.0.0.1:") {
					r.add(f.path, tree.line(call), "found a listener on %q, expected 127.0.0.1 or a unix socket", w)
				}
			}
			return true
		})
	}
	return r
}

// houseStrings are the string literals in expressions.
func houseStrings(exprs []ast.Expr) (words []string) {
	for _, e := range exprs {
		ast.Inspect(e, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				word, _ := strconv.Unquote(lit.Value)
				words = append(words, word)
			}
			return true
		})
	}
	return words
}

// houseUses calls visit for each use of a name of an imported package.
func houseUses(f *houseFile, visit func(n ast.Node, pkg, name string)) {
	imported := make(map[string]string)
	for _, i := range f.ast.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		local := path.Base(name)
		if strings.HasPrefix(local, "v") && len(local) == 2 {
			local = path.Base(path.Dir(name))
		}
		if i.Name != nil {
			local = i.Name.Name
		}
		imported[local] = name
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imported[x.Name] != "" {
				visit(n, imported[x.Name], s.Sel.Name)
			}
		}
		return true
	})
}

func houseIsName(e ast.Expr, name string) bool {
	ident, ok := e.(*ast.Ident)
	return ok && ident.Name == name
}
