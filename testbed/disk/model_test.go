package disk_test

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// model is what a disk must be like, written down as plainly as possible: two
// trees, one as the process sees it and one as a kill leaves it.
type model struct {
	root    *modelDir
	journal []modelChange
}

type modelDir struct{ live, durable map[string]any } // *modelDir or *modelFile

type modelFile struct {
	live, durable []byte
	pending       []func([]byte) []byte // what the next good Sync does to durable
	lost          int                   // changes that failed Syncs were given
}

type modelChange struct {
	dirs []*modelDir
	do   func()
	done bool
}

func newModelDir() *modelDir {
	return &modelDir{live: map[string]any{}, durable: map[string]any{}}
}

func newModel() *model { return &model{root: newModelDir()} }

func (m *model) dir(name string) *modelDir {
	d := m.root
	if name != "." {
		for part := range strings.SplitSeq(name, "/") {
			d, _ = d.live[part].(*modelDir)
			if d == nil {
				return nil
			}
		}
	}
	return d
}

func (m *model) at(name string) (*modelDir, string) {
	return m.dir(path.Dir(name)), path.Base(name)
}

func (m *model) file(name string) *modelFile {
	d, base := m.at(name)
	if d == nil {
		return nil
	}
	f, _ := d.live[base].(*modelFile)
	return f
}

func (m *model) change(do func(), dirs ...*modelDir) {
	m.journal = append(m.journal, modelChange{dirs: dirs, do: do})
}

func (m *model) put(name string, node any) {
	d, base := m.at(name)
	d.live[base] = node
	m.change(func() { d.durable[base] = node }, d)
}

func (m *model) remove(name string) {
	d, base := m.at(name)
	dirs := []*modelDir{d}
	if sub, ok := d.live[base].(*modelDir); ok {
		dirs = append(dirs, sub)
	}
	delete(d.live, base)
	m.change(func() { delete(d.durable, base) }, dirs...)
}

func (m *model) rename(from, to string) {
	fd, fb := m.at(from)
	td, tb := m.at(to)
	node := fd.live[fb]
	delete(fd.live, fb)
	td.live[tb] = node
	m.change(func() { delete(fd.durable, fb); td.durable[tb] = node }, fd, td)
}

func (m *model) syncDir(name string) {
	due := []*modelDir{m.dir(name)}
	for i := len(m.journal) - 1; i >= 0; i-- {
		c := &m.journal[i]
		if slices.ContainsFunc(c.dirs, func(d *modelDir) bool { return slices.Contains(due, d) }) {
			due = append(due, c.dirs...)
			c.done = true
		}
	}
	for _, c := range m.journal {
		if c.done {
			c.do()
		}
	}
	m.journal = slices.DeleteFunc(m.journal, func(c modelChange) bool { return c.done })
}

func (m *model) crash() {
	m.journal = nil
	m.root.crash()
}

func (d *modelDir) crash() {
	d.live = maps.Clone(d.durable)
	for _, node := range d.live {
		switch n := node.(type) {
		case *modelDir:
			n.crash()
		case *modelFile:
			n.live, n.pending, n.lost = slices.Clone(n.durable), nil, 0
		}
	}
}

// tree returns all names with their content, directories with a slash.
func (d *modelDir) tree(at string, into map[string]string) map[string]string {
	for name, node := range d.live {
		switch n := node.(type) {
		case *modelDir:
			into[path.Join(at, name)+"/"] = ""
			n.tree(path.Join(at, name), into)
		case *modelFile:
			into[path.Join(at, name)] = string(n.live)
		}
	}
	return into
}

func (f *modelFile) change(do func([]byte) []byte) {
	f.live = do(slices.Clone(f.live))
	f.pending = append(f.pending, do)
}

func (f *modelFile) write(off int, data []byte) {
	f.change(func(b []byte) []byte {
		b = resized(b, max(len(b), off+len(data)))
		copy(b[off:], data)
		return b
	})
}

func (f *modelFile) truncate(size int) {
	if size != len(f.live) {
		f.change(func(b []byte) []byte { return resized(b, size) })
	}
}

func (f *modelFile) sync() {
	if len(f.pending) == 0 {
		return
	}
	for _, do := range f.pending {
		f.durable = do(slices.Clone(f.durable))
	}
	f.durable = resized(f.durable, len(f.live))
	f.pending = nil
}

func (f *modelFile) failSync() {
	f.lost += len(f.pending)
	f.pending = nil
}

// pending counts the changes that a kill would lose.
func (m *model) pending() int { return len(m.journal) + m.root.pending() }

func (d *modelDir) pending() int {
	total := 0
	for _, node := range d.live {
		switch n := node.(type) {
		case *modelDir:
			total += n.pending()
		case *modelFile:
			total += len(n.pending) + n.lost
		}
	}
	return total
}

func resized(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size:size]
	}
	return append(b[:len(b):len(b)], make([]byte, size-len(b))...)
}
