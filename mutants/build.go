package mutants

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// command is the package of the binary that mutants are planted in.
const command = "./cmd/gauntlet"

// Build builds the command of the module at moduleRoot with an overlay, as out,
// and proves that the mutant is in it: each file of the overlay is among the
// compiled files of the command, and the binary differs from the one that is
// built without the overlay (builds are deterministic). That one is kept beside
// out under the name gauntlet-unmutated, so that the Go command can see that it
// is up to date.
func Build(ctx context.Context, moduleRoot, overlay, out string) error {
	root, err := filepath.Abs(moduleRoot)
	if err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	if out, err = filepath.Abs(out); err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	if overlay, err = filepath.Abs(overlay); err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	if err := compiled(ctx, root, overlay); err != nil {
		return err
	}
	if err := build(ctx, root, "-overlay="+overlay, "-o="+out, command); err != nil {
		return err
	}
	unmutated := filepath.Join(filepath.Dir(out), "gauntlet-unmutated")
	if err := build(ctx, root, "-o="+unmutated, command); err != nil {
		return err
	}
	return differ(out, unmutated)
}

// CompilePackage compiles only the packages of an overlay's files: a quick
// check that the mutant is valid Go.
func CompilePackage(ctx context.Context, moduleRoot, overlay string) error {
	root, err := filepath.Abs(moduleRoot)
	if err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	replaced, err := readOverlay(overlay)
	if err != nil {
		return err
	}
	args := []string{"-overlay=" + overlay}
	for _, file := range replaced {
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return fmt.Errorf("mutants: %w", err)
		}
		args = append(args, "./"+filepath.ToSlash(dir))
	}
	return build(ctx, root, args...)
}

func build(ctx context.Context, root string, args ...string) error {
	_, err := goCommand(ctx, root, append([]string{"build", "-trimpath", "-buildvcs=false"}, args...)...)
	return err
}

// compiled says whether every file of the overlay is a part of the command.
func compiled(ctx context.Context, root, overlay string) error {
	replaced, err := readOverlay(overlay)
	if err != nil {
		return err
	}
	const perPackage = `{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}`
	list, err := goCommand(ctx, root, "list", "-overlay="+overlay, "-deps", "-f="+perPackage, command)
	if err != nil {
		return err
	}
	files := strings.Split(filepath.FromSlash(string(list)), "\n")
	for _, file := range replaced {
		if !slices.Contains(files, file) {
			return fmt.Errorf("mutants: %s replaces %s, which is not compiled into %s", overlay, file, command)
		}
	}
	return nil
}

// readOverlay returns the files that an overlay replaces.
func readOverlay(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	var overlay overlayFile
	if err := json.Unmarshal(content, &overlay); err != nil {
		return nil, fmt.Errorf("mutants: %s: %w", path, err)
	}
	if len(overlay.Replace) == 0 {
		return nil, fmt.Errorf("mutants: %s: field Replace: found no file", path)
	}
	var files []string
	for file := range overlay.Replace {
		if !filepath.IsAbs(file) {
			return nil, fmt.Errorf("mutants: %s: field Replace: found %q, expected an absolute path", path, file)
		}
		files = append(files, filepath.Clean(file))
	}
	slices.Sort(files)
	return files, nil
}

// goCommand runs the Go command in the module and returns what it prints.
func goCommand(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("mutants: go %s in %s: %w: %s", args[0], root, err, tail(stderr.String()))
	}
	return out, nil
}

func differ(a, b string) error {
	x, errX := digest(a)
	y, errY := digest(b)
	if err := errors.Join(errX, errY); err != nil {
		return err
	}
	if x == y {
		return fmt.Errorf("mutants: %s equals the binary without the mutant", a)
	}
	return nil
}

func digest(path string) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	f, err := os.Open(path)
	if err != nil {
		return sum, fmt.Errorf("mutants: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fmt.Errorf("mutants: %w", err)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// tail returns the last lines of a long text.
func tail(text string) string {
	const most = 2000
	text = strings.TrimSpace(text)
	if len(text) > most {
		text = "…" + text[len(text)-most:]
	}
	return text
}
