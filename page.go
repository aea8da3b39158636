package gauntlet

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/report"
	"github.com/gauntlet-go/gauntlet/system"
)

// description is run.json: what was run, with every default filled in.
type description struct {
	Name     string            `json:"name"`
	System   string            `json:"system"`
	Options  system.Options    `json:"options,omitempty"`
	Workload string            `json:"workload"`
	Model    string            `json:"model"`
	Faults   string            `json:"faults"`
	Nodes    int               `json:"nodes"`
	Clients  int               `json:"clients"`
	Duration string            `json:"duration"`
	Rate     float64           `json:"rate"`
	Timeout  string            `json:"timeout"`
	Seed     uint64            `json:"seed"`
	Started  time.Time         `json:"started"`
	Replay   string            `json:"replay"`
	Versions map[string]string `json:"versions"`
}

func (t Test) describe(started time.Time) description {
	return description{
		Name: t.Name, System: t.System.Name(), Options: t.Options,
		Workload: t.Workload.Name(), Model: t.Workload.Model(), Faults: t.faults(),
		Nodes: t.Nodes, Clients: t.Clients, Duration: t.Duration.String(), Rate: t.Rate,
		Timeout: t.Timeout.String(), Seed: t.Seed, Started: started.UTC(), Replay: t.replay(),
		Versions: versions(),
	}
}

// page is what can be said of a run before it is judged.
func (d description) page(dir string, omitted []nemesis.Omission) report.Page {
	return report.Page{Title: d.Name, Replay: d.Replay, Config: d.notes(omitted), Files: d.files(dir)}
}

// notes are the configuration as the page shows it.
func (d description) notes(omitted []nemesis.Omission) []checker.Note {
	notes := []checker.Note{
		{Name: "system", Value: d.System}, {Name: "design", Value: d.Options.Design()},
		{Name: "workload", Value: d.Workload}, {Name: "faults", Value: d.Faults},
		{Name: "nodes", Value: strconv.Itoa(d.Nodes)}, {Name: "clients", Value: strconv.Itoa(d.Clients)},
		{Name: "duration", Value: d.Duration}, {Name: "rate", Value: fmt.Sprintf("%g op/s", d.Rate)},
		{Name: "timeout", Value: d.Timeout}, {Name: "seed", Value: strconv.FormatUint(d.Seed, 10)},
	}
	for _, name := range sortedKeys(d.Options) {
		if name != "design" {
			notes = append(notes, checker.Note{Name: "option " + name, Value: d.Options[name]})
		}
	}
	for _, name := range sortedKeys(d.Versions) {
		notes = append(notes, checker.Note{Name: name, Value: d.Versions[name]})
	}
	for _, o := range omitted {
		notes = append(notes, checker.Note{Name: "left out", Value: o.String()})
	}
	return notes
}

// files are those of the run's files that there are.
func (d description) files(dir string) []report.Link {
	var links []report.Link
	add := func(text, name string) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			links = append(links, report.Link{Text: text, Href: filepath.ToSlash(name)})
		}
	}
	for _, name := range []string{fileRun, fileSchedule, fileHistory, fileTrace, fileResults} {
		add(name, name)
	}
	for _, node := range numbered("n", d.Nodes) {
		add("log of "+node, filepath.Join(dirNodes, node, "log.txt"))
	}
	return links
}

// pictures is porcupine's picture of the first violation that has one.
func pictures(dir string, v checker.Verdict) []report.Link {
	if _, err := os.Stat(filepath.Join(dir, filePicture)); err != nil {
		return nil
	}
	if a, ok := firstProven(v); ok {
		return []report.Link{{Text: "porcupine's picture of key " + strconv.Quote(a.Key), Href: filePicture}}
	}
	return nil
}

// firstProven is the first anomaly that operations prove.
func firstProven(v checker.Verdict) (checker.Anomaly, bool) {
	for a := range v.Each() {
		if len(a.Ops) > 0 {
			return a, true
		}
	}
	return checker.Anomaly{}, false
}

// LoadPage gathers the page of a run from its directory. A run that was cut
// short has no results: then judged is false and the page has no verdict. The
// error says what cannot be read; only the history must be there.
func LoadPage(dir string) (page report.Page, judged bool, err error) {
	var d description
	if err := loadJSON(filepath.Join(dir, fileRun), &d); err != nil && !errors.Is(err, os.ErrNotExist) {
		return page, false, err
	}
	schedule, err := nemesis.Load(filepath.Join(dir, fileSchedule))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return page, false, err
	}
	page = d.page(dir, schedule.Omitted)
	if d.Name == "" { // a history from elsewhere
		page = report.Page{Title: filepath.Base(filepath.Clean(dir))}
	}
	if page.History, err = histories.ReadFile(filepath.Join(dir, fileHistory)); err != nil {
		return page, false, err
	}
	if page.Trace, err = loadTrace(filepath.Join(dir, fileTrace)); err != nil {
		return page, false, err
	}
	var results Result
	err = loadJSON(filepath.Join(dir, fileResults), &results)
	if errors.Is(err, os.ErrNotExist) {
		return page, false, nil
	}
	page.Verdict, page.Pictures = results.Verdict, pictures(dir, results.Verdict)
	return page, err == nil, err
}

// loadTrace reads the trace of a run; one that was cut short has none.
func loadTrace(path string) ([]histories.Event, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return histories.ReadTrace(f, path)
}

func loadJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
