package checker

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/stretchr/testify/require"
)

// The histories that come with porcupine, and their verdicts.
var etcdValid = []int{2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102}

const etcdEmpty = 95

func porcupineData(t *testing.T) string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/anishathalye/porcupine").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "test_data")
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skip("porcupine's test_data is not in the module cache")
	}
	return dir
}

func TestGoldenEtcd(t *testing.T) {
	dir := porcupineData(t)
	quick := []int{7, 40, 57, 85, 97, 99, 100}
	for n := range 103 {
		if n == etcdEmpty || testing.Short() && !slices.Contains(quick, n) {
			continue
		}
		h := jepsenLog(t, filepath.Join(dir, "jepsen", fmt.Sprintf("etcd_%03d.log", n)))
		want := Invalid
		if slices.Contains(etcdValid, n) {
			want = Valid
		}
		v := Linearizable(CASRegisterModel()).Check(t.Context(), Run{History: h})
		require.Equal(t, want, v.Validity, "etcd_%03d: %+v", n, v)
		requireWellFormed(t, h, v)
	}
}

// jepsenLog reads "INFO  jepsen.util - 0	:invoke	:cas	[1 2]".
func jepsenLog(t *testing.T, path string) *histories.History {
	types := map[string]histories.Type{":invoke": histories.Invoke, ":ok": histories.OK, ":fail": histories.Fail, ":info": histories.Info}
	h := &histories.History{}
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		_, entry, found := strings.Cut(lines.Text(), "jepsen.util - ")
		fields := strings.Fields(entry)
		if !found || len(fields) < 4 || types[fields[1]] == 0 {
			continue
		}
		process, err := strconv.Atoi(fields[0])
		require.NoError(t, err)
		op := histories.Op{Index: len(h.Ops), Process: process, Type: types[fields[1]], F: strings.TrimPrefix(fields[2], ":")}
		if text := strings.Trim(strings.Join(fields[3:], ","), "[]"); text != "nil" && text != ":timed-out" {
			op.Value = parseValues(text)
		}
		h.Ops = append(h.Ops, op)
	}
	require.NotEmpty(t, h.Ops)
	return h
}

// appendModel is a string per key that can be appended to: a model from
// outside of the package's own.
type appendModel struct{}

func (appendModel) Name() string                    { return "append" }
func (appendModel) Init() any                       { return "" }
func (appendModel) Shape(histories.Operation) error { return nil }
func (appendModel) ReadOnly(f string) bool          { return f == "get" }
func (appendModel) Describe(state any) string       { return state.(string) }
func (appendModel) Step(_ context.Context, state any, op histories.Operation) (any, bool) {
	switch value := op.Value().Str(); op.Invoke.F {
	case "get":
		return state, state == value
	case "put":
		return value, true
	default:
		return state.(string) + value, true
	}
}

var kvLine = regexp.MustCompile(`^\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*?)", :value (?:nil|"(.*)")\}$`)

func TestGoldenKV(t *testing.T) {
	dir := porcupineData(t)
	for _, name := range []string{"c01-bad", "c01-ok", "c10-bad", "c10-ok", "c50-bad", "c50-ok"} {
		if testing.Short() && strings.HasPrefix(name, "c50") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, "kv", name+".txt"))
		require.NoError(t, err)
		h := &histories.History{}
		for line := range strings.Lines(string(data)) {
			part := kvLine.FindStringSubmatch(strings.TrimSpace(line))
			require.NotNil(t, part, line)
			process, _ := strconv.Atoi(part[1])
			kind, err := histories.ParseType(part[2])
			require.NoError(t, err)
			h.Ops = append(h.Ops, histories.Op{
				Index: len(h.Ops), Process: process, Type: kind, F: part[3], Key: "k" + part[4], Value: histories.StringValue(part[5]),
			})
		}
		want := Valid
		if strings.HasSuffix(name, "bad") {
			want = Invalid
		}
		v := Budget(Linearizable(appendModel{}), Limits{Time: 2 * time.Second}).Check(t.Context(), Run{History: h})
		require.Equal(t, want, v.Validity, "%s: %+v", name, v)
		requireWellFormed(t, h, v)
	}
}
