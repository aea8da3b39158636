package quorum

import (
	"fmt"
	"hash/maphash"
	"os"
	"path"
	"sync"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/storage"
)

// replica keeps one copy of every register: the newest tag and value that it
// was told, and what of it is durable.
type replica struct {
	site system.Site
	weak weaknesses
	fail func(error) // ends the node: its storage cannot be trusted any more

	seed   maphash.Seed
	shards [64]shard
	log    *storage.Log
	loose  system.File // instead of log when nothing is ever synced
}

type shard struct {
	mu    sync.Mutex
	cells map[string]*cell
}

// cell is one register of one replica. durable ≤ tag always holds.
type cell struct {
	tag     Tag
	value   string
	durable Tag
	waiting []waiter // for durable to reach a tag
}

type waiter struct {
	tag  Tag
	done func(refused bool)
}

const logName = "registers.log"

func openReplica(site system.Site, weak weaknesses, fail func(error)) (*replica, error) {
	r := &replica{site: site, weak: weak, fail: fail, seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].cells = make(map[string]*cell)
	}
	var err error
	if weak.noFsync {
		r.loose, err = site.Disk().OpenFile(logName, os.O_RDWR|os.O_CREATE|os.O_APPEND)
		return r, err
	}
	r.log, err = storage.OpenLog(site.Disk(), logName, r.replay)
	return r, err
}

// replay restores one register from the log. Everything in it is durable.
func (r *replica) replay(line []byte) error {
	key, tag, value, err := decodeRecord(line)
	if err != nil {
		return err
	}
	sh := r.shard([]byte(key))
	c := sh.cell([]byte(key))
	if c.tag.Less(tag) {
		c.tag, c.value, c.durable = tag, value, tag
	}
	return nil
}

func (r *replica) close() error {
	if r.loose != nil {
		return r.loose.Close()
	}
	return r.log.Close()
}

func (r *replica) shard(key []byte) *shard {
	return &r.shards[maphash.Bytes(r.seed, key)%uint64(len(r.shards))]
}

// cell returns the key's register, made if need be. The caller holds mu.
func (s *shard) cell(key []byte) *cell {
	c := s.cells[string(key)]
	if c == nil {
		c = new(cell)
		s.cells[string(key)] = c
	}
	return c
}

// query returns the newest tag and value of a key and whether they would
// survive a crash. A key that was never written has the zero tag.
func (r *replica) query(key []byte) (tag Tag, value string, durable bool) {
	sh := r.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.cells[string(key)]
	if c == nil {
		return Tag{}, "", true
	}
	return c.tag, c.value, c.durable == c.tag
}

// update stores the value unless the replica has a newer one, and calls done
// when a tag at least as great is durable. done may be called before update
// returns, or later from another goroutine, or never if the node fails before.
func (r *replica) update(key []byte, tag Tag, value string, done func(refused bool)) {
	if r.refuses(key) {
		r.site.Count(system.CountRefused, 1)
		done(true)
		return
	}
	sh := r.shard(key)
	sh.mu.Lock()
	c := sh.cell(key)
	if r.weak.localVersions {
		tag = Tag{Counter: c.tag.Counter + 1}
	}
	if !c.tag.Less(tag) {
		if !c.durable.Less(tag) {
			sh.mu.Unlock()
			done(false)
			return
		}
		c.waiting = append(c.waiting, waiter{tag, done})
		sh.mu.Unlock()
		return
	}
	c.tag, c.value = tag, value
	if err := r.persist(sh, c, string(key), done); err != nil {
		r.fail(fmt.Errorf("log of key %q: %w", key, err))
	}
}

// persist logs the register as it now is. Called with mu held, it releases it
// when the record has its place in the log: the order of the log is the order
// of the tags.
func (r *replica) persist(sh *shard, c *cell, key string, done func(refused bool)) error {
	tag := c.tag
	line := appendRecord(nil, key, tag, c.value)
	if r.weak.noFsync {
		c.durable = tag
		_, err := r.loose.Write(append(line, '\n'))
		sh.mu.Unlock()
		done(false)
		return err
	}
	_, err := r.log.AppendThen(line, func(err error) {
		if err != nil {
			r.fail(err)
			return
		}
		r.site.Failpoint("before-ack")
		done(false)
		sh.settle(c, tag)
	})
	sh.mu.Unlock()
	r.site.Failpoint("before-sync")
	return err
}

// settle notes that a tag of the register is durable and tells those who waited
// for it.
func (s *shard) settle(c *cell, tag Tag) {
	s.mu.Lock()
	if c.durable.Less(tag) {
		c.durable = tag
	}
	var ready []waiter
	kept := c.waiting[:0]
	for _, w := range c.waiting {
		if c.durable.Less(w.tag) {
			kept = append(kept, w)
		} else {
			ready = append(ready, w)
		}
	}
	c.waiting = kept
	s.mu.Unlock()
	for _, w := range ready {
		w.done(false)
	}
}

// refuses is the fault that a replica does not store certain keys.
func (r *replica) refuses(key []byte) bool {
	pattern := r.site.Setting(system.SettingRefuseKey)
	if pattern == "" {
		return false
	}
	match, err := path.Match(pattern, string(key))
	return err == nil && match
}
