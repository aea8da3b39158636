package storage

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func line(record string) string {
	return string(encode(nil, []byte(record), checksum([]byte(record))))
}

func TestLineFormat(t *testing.T) {
	require.Equal(t, "e3069283 123456789\n", line("123456789"), "the check value of CRC-32C")
}

func TestTornAndCorruptEnds(t *testing.T) {
	one, two := line(`{"n":1}`), line(`{"n":2}`)
	flip := func(s string, i int) string { return s[:i] + string(s[i]^1) + s[i+1:] }
	for name, end := range map[string]string{
		"nothing":            "",
		"half a line":        two[:len(two)/2],
		"no newline":         two[:len(two)-1],
		"flipped last":       flip(two, 12),
		"flipped sum":        flip(two, 2),
		"zeros":              strings.Repeat("\x00", 5000),
		"torn and zeros":     two[:10] + strings.Repeat("\x00", 100),
		"several bad lines":  "\n\nx\n" + two[:5] + "\n",
		"upper case sum":     strings.ToUpper(two[:8]) + "\n",
		"a sum in the text":  `00000000 "e3069283 12345678"` + "\n",
		"sum without record": two[:9] + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			disk := newMemDisk()
			writeRaw(t, disk, "log", one+two+one+end)
			log, err := OpenLog(disk, "log", ignore)
			require.NoError(t, err)
			r := log.Recovered()
			require.Equal(t, 3, r.Records)
			require.EqualValues(t, len(end), r.CutBytes)
			require.Equal(t, end != "", r.Cut != nil)
			lsn, err := log.Append([]byte(`{"n":3}`))
			require.NoError(t, err)
			require.EqualValues(t, 4, lsn)
			require.NoError(t, log.Close())
			require.Len(t, records(t, disk.crash(0)), 4)
		})
	}
}

func TestCorruptMiddleIsRefused(t *testing.T) {
	one, two := line(`{"n":1}`), line(`{"n":2, "text":"a b c"}`)
	for name, middle := range map[string]string{
		"flipped":              strings.Replace(two, "a", "A", 1),
		"hole":                 strings.Repeat("\x00", len(two)),
		"hole without newline": strings.Repeat("\x00", len(two)-1),
		"torn, then more":      two[:15],
		"empty line":           "\n",
		"long garbage":         strings.Repeat("garbage ", (MaxRecord+100)/8),
	} {
		t.Run(name, func(t *testing.T) {
			disk := newMemDisk()
			writeRaw(t, disk, "log", one+middle+two)
			replayed := 0
			_, err := OpenLog(disk, "log", func([]byte) error { replayed++; return nil })
			var c *CorruptError
			require.ErrorAs(t, err, &c)
			require.Equal(t, "log", c.File)
			require.EqualValues(t, len(one), c.Offset)
			require.True(t, strings.HasPrefix(middle+two, string(c.Found)))
			require.Contains(t, err.Error(), "valid record follows at offset")
			require.Equal(t, 1, replayed)
			require.Equal(t, one+middle+two, string(disk.live["log"].live), "the file is evidence: untouched")
		})
	}
}

// Any single damage of a log gives a prefix of it or an error, nothing else.
func TestDamageIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines, want []string
		for _, n := range rapid.SliceOfN(rapid.StringMatching(`[ a-f0-9]{0,20}`), 1, 6).Draw(t, "records") {
			want = append(want, `"`+n+`"`)
			lines = append(lines, line(`"`+n+`"`))
		}
		content := []byte(strings.Join(lines, ""))
		at := rapid.IntRange(0, len(content)-1).Draw(t, "at")
		flip := rapid.ByteRange(1, 255).Draw(t, "flip")
		content[at] ^= flip
		var got []string
		_, r, err := replay(bytes.NewReader(content), "log", func(r []byte) error { got = append(got, string(r)); return nil })
		require.Equal(t, want[:len(got)], append([]string{}, got...))
		inLast := at >= len(content)-len(lines[len(lines)-1])
		var c *CorruptError
		if inLast {
			require.NoError(t, err)
			require.Len(t, got, len(want)-1)
			require.Positive(t, r.CutBytes)
		} else {
			require.True(t, errors.As(err, &c), "damage before the last record: %v", err)
		}
	})
}

func TestLoadJSONRefusesDamage(t *testing.T) {
	disk := newMemDisk()
	type state struct{ Term int }
	require.NoError(t, SaveJSON(disk, "state", state{7}))
	good := string(disk.live["state"].live)
	require.Equal(t, line(`{"Term":7}`), good)
	var s state
	for i := range good {
		for _, bad := range []string{good[:i], good[:i] + "x" + good[i+1:], good[:i] + "\n" + good[i:]} {
			if bad == good {
				continue
			}
			writeRaw(t, disk, "state", bad)
			found, err := LoadJSON(disk, "state", &s)
			var c *CorruptError
			require.ErrorAs(t, err, &c, "%q", bad)
			require.Equal(t, "state", c.File)
			require.False(t, found)
		}
	}
	require.Zero(t, s)
	writeRaw(t, disk, "state", line(`{"Term":"seven"}`))
	_, err := LoadJSON(disk, "state", &s)
	require.ErrorContains(t, err, "load state: json: cannot unmarshal string")
	found, err := LoadJSON(disk, "none", &s)
	require.NoError(t, err)
	require.False(t, found)
	writeRaw(t, disk, "incarnation", "")
	_, err = Incarnation(disk)
	require.ErrorContains(t, err, "incarnation: corrupt at offset 0")
	require.Error(t, SaveJSON(disk, "state", func() {}))
}

func FuzzReplay(f *testing.F) {
	f.Add([]byte(line("1") + line(`{"a":"b c"}`)))
	f.Add([]byte(line("1") + "\x00\x00" + line("2")))
	f.Add([]byte(line("1")[:6]))
	f.Fuzz(func(t *testing.T, content []byte) {
		var good []byte
		n := 0
		end, r, err := replay(bytes.NewReader(content), "log", func(record []byte) error {
			if valid(record) != nil {
				t.Fatalf("replayed %q", record)
			}
			good, n = encode(good, record, checksum(record)), n+1
			return nil
		})
		if !bytes.HasPrefix(content, good) {
			t.Fatalf("replayed %q of %q", good, content)
		}
		if err == nil && (end != int64(len(good)) || r.Records != n || end+r.CutBytes != int64(len(content))) {
			t.Fatalf("end %d, cut %d, records %d of %q", end, r.CutBytes, r.Records, content)
		}
	})
}
