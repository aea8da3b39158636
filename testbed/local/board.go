package local

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The layout of a scoreboard file: slots of 64 bytes, each a name and a number.
// The name of slot 0 holds three numbers instead: slots in use (slot 0 not
// included), and the two gauges of unsynced data.
const (
	slotSize   = 64
	nameSize   = slotSize - 8
	boardSlots = 256
	boardSize  = boardSlots * slotSize

	usedAt          = 0
	pendingWritesAt = 8
	pendingBytesAt  = 16
)

// board is a node's scoreboard: counters in a file that the node and the
// harness both map, so that they outlive a SIGKILL of the node. One process adds
// names at a time; a name is published by raising the number of slots in use.
type board struct {
	mu    sync.RWMutex // held for reading while mem is used
	mem   []byte       // nil once closed
	index sync.Map     // name → *atomic.Int64, in mem
	grow  sync.Mutex
	last  map[string]int64 // what the counters were when it was closed
}

// createBoard makes an empty scoreboard file and maps it.
func createBoard(path string) (*board, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // the mapping keeps it
	if err := f.Truncate(boardSize); err != nil {
		return nil, err
	}
	return mapBoard(f)
}

// openBoard maps a scoreboard that exists.
func openBoard(path string) (*board, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // the mapping keeps it
	return mapBoard(f)
}

func mapBoard(f *os.File) (*board, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != boardSize {
		return nil, fmt.Errorf("scoreboard %s has %d bytes, expected %d", f.Name(), info.Size(), boardSize)
	}
	mem, err := syscall.Mmap(int(f.Fd()), 0, boardSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	return &board{mem: mem}, nil
}

// number returns the number at an offset, which is a multiple of 8.
func (b *board) number(offset int) *atomic.Int64 {
	return (*atomic.Int64)(unsafe.Pointer(&b.mem[offset]))
}

// slotName is the name as it stands in a slot: one that is too long, or has the
// byte that ends names, keeps its beginning and gets a hash of the whole.
func slotName(name string) string {
	if len(name) <= nameSize && !strings.Contains(name, "\x00") {
		return name
	}
	h := fnv.New64a()
	h.Write([]byte(name)) //nolint:errcheck // cannot fail
	start, _, _ := strings.Cut(name[:min(len(name), nameSize-17)], "\x00")
	return fmt.Sprintf("%s~%016x", start, h.Sum64())
}

// add adds to a counter. It reports false if there is no room for a new name.
func (b *board) add(name string, delta int64) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.mem == nil {
		return false
	}
	counter := b.counter(slotName(name))
	if counter == nil {
		return false
	}
	counter.Add(delta)
	return true
}

// counter finds or makes the counter of a slot name; nil if the board is full.
func (b *board) counter(name string) *atomic.Int64 {
	if c, found := b.index.Load(name); found {
		return c.(*atomic.Int64)
	}
	b.grow.Lock()
	defer b.grow.Unlock()
	if c := b.find(name); c != nil {
		b.index.Store(name, c)
		return c
	}
	used := b.used()
	if used+1 >= boardSlots {
		return nil
	}
	at := (used + 1) * slotSize
	clear(b.mem[at : at+slotSize]) // a boot may have died in the middle of this
	copy(b.mem[at:at+nameSize], name)
	b.number(usedAt).Store(int64(used + 1))
	c := b.number(at + nameSize)
	b.index.Store(name, c)
	return c
}

// used is the number of slots with a name; a damaged file does not lead astray.
func (b *board) used() int {
	return int(min(max(b.number(usedAt).Load(), 0), boardSlots-1))
}

func (b *board) find(name string) *atomic.Int64 {
	for i := 1; i <= b.used(); i++ {
		if b.nameAt(i) == name {
			return b.number(i*slotSize + nameSize)
		}
	}
	return nil
}

func (b *board) nameAt(slot int) string {
	name := b.mem[slot*slotSize : slot*slotSize+nameSize]
	end := 0
	for end < len(name) && name[end] != 0 {
		end++
	}
	return string(name[:end])
}

// get returns a counter, 0 if there is none. A closed board remembers.
func (b *board) get(name string) int64 {
	name = slotName(name)
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.mem == nil {
		return b.last[name]
	}
	if c := b.find(name); c != nil {
		return c.Load()
	}
	return 0
}

// setPending states what would be lost if the node died now.
func (b *board) setPending(writes, bytes int64) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.mem != nil {
		b.number(pendingWritesAt).Store(writes)
		b.number(pendingBytesAt).Store(bytes)
	}
}

func (b *board) pending() (writes, bytes int64) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.mem == nil {
		return 0, 0
	}
	return b.number(pendingWritesAt).Load(), b.number(pendingBytesAt).Load()
}

// close keeps a copy of the counters and gives the memory back.
func (b *board) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mem == nil {
		return nil
	}
	b.last = make(map[string]int64, b.used())
	for i := 1; i <= b.used(); i++ {
		b.last[b.nameAt(i)] = b.number(i*slotSize + nameSize).Load()
	}
	b.index.Clear()
	mem := b.mem
	b.mem = nil
	if err := syscall.Munmap(mem); err != nil {
		return errors.Join(errors.New("unmap a scoreboard"), err)
	}
	return nil
}
