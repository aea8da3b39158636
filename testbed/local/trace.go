package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
)

const traceFile = "trace.jsonl"

// tracer appends the events of one boot to the node's trace.
type tracer struct {
	node string
	boot int
	// The clock of the run: its reading at the start of this process, and when
	// that was. From then on it is monotonic.
	offset time.Duration
	start  time.Time

	mu   sync.Mutex // held from reading the clock to writing, for order
	file *os.File
}

// openTrace opens the trace, without the line that an earlier boot may have
// died in.
func openTrace(path string, spec nodeSpec) (*tracer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	if err := cutTornLine(file); err != nil {
		return nil, errors.Join(fmt.Errorf("trace %s", path), err, file.Close())
	}
	now := time.Now()
	return &tracer{node: spec.ID, boot: spec.Incarnation, offset: now.Sub(spec.Epoch), start: now, file: file}, nil
}

// cutTornLine truncates a file behind its last line feed.
func cutTornLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	for end > 0 {
		from := max(end-4096, 0)
		chunk := make([]byte, end-from)
		if _, err := f.ReadAt(chunk, from); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(chunk, '\n'); i >= 0 {
			end = from + int64(i) + 1
			break
		}
		end = from
	}
	if end == info.Size() {
		return nil
	}
	return f.Truncate(end)
}

// add writes one event with one write(2).
func (t *tracer) add(name string, attrs []any) error {
	values := attrMap(attrs)
	t.mu.Lock()
	defer t.mu.Unlock()
	line, err := histories.Event{
		Time: t.offset + time.Since(t.start), Node: t.node, Incarnation: t.boot, Name: name, Attrs: values,
	}.AppendJSON(nil)
	if err != nil {
		return err
	}
	_, err = t.file.Write(append(line, '\n'))
	return err
}

// attrMap reads key-value pairs the way slog does.
func attrMap(attrs []any) map[string]any {
	if len(attrs) == 0 {
		return nil
	}
	var r slog.Record
	r.Add(attrs...)
	values := make(map[string]any, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		values[a.Key] = plain(a.Value)
		return true
	})
	return values
}

// plain turns an attribute's value into one that JSON can carry.
func plain(v slog.Value) any {
	v = v.Resolve()
	if v.Kind() == slog.KindGroup {
		group := make(map[string]any, len(v.Group()))
		for _, a := range v.Group() {
			group[a.Key] = plain(a.Value)
		}
		return group
	}
	if _, err := json.Marshal(v.Any()); err != nil {
		return fmt.Sprint(v.Any())
	}
	return v.Any()
}

// readTraces reads the traces of several nodes into one, in order of time.
func readTraces(files []string) ([]histories.Event, error) {
	var all []histories.Event
	for _, file := range files {
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has stated nothing
		}
		if err != nil {
			return all, err
		}
		events, err := histories.ReadTrace(f, file)
		all = append(all, events...)
		if err := errors.Join(err, f.Close()); err != nil {
			return all, err
		}
	}
	slices.SortStableFunc(all, func(a, b histories.Event) int { return cmp.Compare(a.Time, b.Time) })
	return all, nil
}
