package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/gauntlet-go/gauntlet/system"
)

// WriteFileAtomic makes data the content of a file, as a whole or not at all:
// whenever the node is killed, the file has its old content (or is missing, as
// before) or the new one; the new one once WriteFileAtomic has returned without
// error. After an error it may be either, and may change at the next kill. It
// goes by way of name + ".tmp"; one call per name at a time.
func WriteFileAtomic(disk system.Disk, name string, data []byte) error {
	tmp := name + ".tmp"
	err := writeSynced(disk, tmp, data)
	if err == nil {
		err = disk.Rename(tmp, name)
	}
	if err == nil {
		err = disk.SyncDir(path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func writeSynced(disk system.Disk, name string, data []byte) error {
	f, err := disk.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// SaveJSON writes a value to a file with [WriteFileAtomic], as one checksummed
// line of JSON.
func SaveJSON(disk system.Disk, name string, v any) error {
	record, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	if err := valid(record); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return WriteFileAtomic(disk, name, encode(nil, record, checksum(record)))
}

// LoadJSON reads into v what SaveJSON wrote. A missing file is (false, nil). A
// file that cannot be read, or is not what was written, is an error, a
// [*CorruptError] in the latter case: a node that forgot its state must not
// start as if it were new.
func LoadJSON(disk system.Disk, name string, v any) (found bool, err error) {
	data, err := system.ReadFile(disk, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("load %s: %w", name, err)
	}
	line, rest, whole := bytes.Cut(data, []byte{'\n'})
	record, reason := decode(line)
	switch {
	case reason != "":
		return false, corrupt(name, 0, line, reason)
	case !whole:
		return false, corrupt(name, int64(len(line)), nil, "expected the end of the line")
	case len(rest) > 0:
		return false, corrupt(name, int64(len(line)+1), rest, "expected the end of the file")
	}
	if err := json.Unmarshal(record, v); err != nil {
		return false, fmt.Errorf("load %s: %w", name, err)
	}
	return true, nil
}

// incarnationFile is the name of the file that Incarnation counts in.
const incarnationFile = "incarnation"

type boots struct {
	Incarnation int `json:"incarnation"`
}

// Incarnation counts the boots of a node: 1 for the first. The count is durable
// before Incarnation returns, so that no two boots ever have the same one.
func Incarnation(disk system.Disk) (int, error) {
	var b boots
	if _, err := LoadJSON(disk, incarnationFile, &b); err != nil {
		return 0, fmt.Errorf("incarnation: %w", err)
	}
	b.Incarnation++
	if err := SaveJSON(disk, incarnationFile, b); err != nil {
		return 0, fmt.Errorf("incarnation: %w", err)
	}
	return b.Incarnation, nil
}
