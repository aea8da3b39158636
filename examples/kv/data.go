package kv

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sync"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
)

// data is the one copy of all registers: a log on disk and what it adds up to.
type data struct {
	site   system.Site
	broken func(error) // ends the node

	mu     sync.Mutex
	log    system.File
	err    error // of the log; final
	values map[string]histories.Value
}

// openData reads the log of an earlier boot.
func openData(site system.Site, broken func(error)) (*data, error) {
	disk := site.Disk()
	log, err := disk.OpenFile("log", os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	d := &data{site: site, broken: broken, log: log, values: map[string]histories.Value{}}
	text, err := io.ReadAll(log)
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1 // a kill may have left half a line
	for line := range bytes.Lines(text[:whole]) {
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			return nil, fmt.Errorf("log: line %q: %w", line, err)
		}
		d.values[q.Key] = q.Value
	}
	site.Trace("boot", "keys", len(d.values), "cut", len(text)-whole)
	return d, errors.Join(log.Truncate(int64(whole)), log.Sync(), disk.SyncDir("."))
}

// do does one operation. They come one at a time, which makes them linearizable.
func (d *data) do(q request) reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.F == "read" {
		return reply{Status: done, Value: d.values[q.Key]}
	}
	pattern := d.site.Setting(system.SettingRefuseKey)
	if match, _ := path.Match(pattern, q.Key); match && pattern != "" {
		d.site.Count("refused", 1)
		return reply{Status: refused, Error: "the key is refused"}
	}
	if d.err == nil {
		d.err = d.append(q)
	}
	if d.err != nil {
		d.broken(d.err) // what the log holds now, only the next boot can tell
		return reply{Error: d.err.Error()}
	}
	d.values[q.Key] = q.Value
	d.site.Failpoint("before-answer")
	return reply{Status: done, Value: q.Value}
}

// append makes an update durable.
func (d *data) append(q request) error {
	line, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if _, err := d.log.Write(append(line, '\n')); err != nil {
		return err
	}
	d.site.Failpoint("before-sync")
	return d.log.Sync()
}

// Failpoints returns the points at which a nemesis may end the first node:
// with an update in the log that is not yet durable, and with one that is and
// of which nobody knows yet.
func (store) Failpoints() []string { return []string{"before-sync", "before-answer"} }

// RefusesKeys says that the first node honours [system.SettingRefuseKey].
func (store) RefusesKeys() bool { return true }
