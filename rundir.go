package gauntlet

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
)

// The files of a run's directory.
const (
	fileRun      = "run.json"
	fileSchedule = "schedule.json"
	fileHistory  = "history.jsonl"
	fileTrace    = "trace.jsonl"
	fileResults  = "results.json"
	fileReport   = "report.html"
	filePicture  = "linearization.html"
	dirNodes     = "nodes"
)

// versions says what the run was made with.
func versions() map[string]string {
	v := map[string]string{"go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH, "cpus": fmt.Sprint(runtime.NumCPU())}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v["gauntlet"] = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision", "vcs.modified", "-race":
			v[s.Key] = s.Value
		}
	}
	return v
}

// replay is the command that repeats the run.
func (t Test) replay() string {
	if t.Replay == "" {
		return fmt.Sprintf("gauntlet run --system %s --seed %d", t.System.Name(), t.Seed)
	}
	return t.Replay
}

// makeDir makes the run's directory, <out>/<name>/<time>-<seed>, and points
// <out>/latest to it.
func (t Test) makeDir(now time.Time) (string, error) {
	parent := filepath.Join(t.Out, t.Name)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	base := fmt.Sprintf("%s-%d", now.UTC().Format("20060102T150405.000"), t.Seed)
	for n := 0; ; n++ {
		name := base
		if n > 0 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		dir := filepath.Join(parent, name)
		err := os.Mkdir(dir, 0o700)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return dir, t.pointLatest(filepath.Join(t.Name, name))
	}
}

// pointLatest replaces the link <out>/latest as a whole: runs may go on at the
// same time.
func (t Test) pointLatest(target string) error {
	temp := filepath.Join(t.Out, fmt.Sprintf(".latest-%d-%d", os.Getpid(), t.Seed))
	_ = os.Remove(temp)
	if err := os.Symlink(target, temp); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(t.Out, "latest"))
}

func saveJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}

// plan returns the schedule of the run: the one that is given, or one drawn
// from the seed.
func (t Test) plan(env nemesis.Env) (nemesis.Schedule, error) {
	if t.Schedule != nil {
		return *t.Schedule, t.Schedule.Validate(env)
	}
	return nemesis.Plan(t.Nemesis, env, t.Seed, t.Duration)
}
