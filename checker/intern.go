package checker

import "github.com/gauntlet-go/gauntlet/histories"

// registers numbers keys, and the values of each key, densely in the order of
// first use.
type registers struct {
	keys   []register
	number map[string]int32
	last   int32 // the key that was asked for last
}

// register is what the zone engine knows of one key.
type register struct {
	name      string
	ambiguous bool // a value was written twice, or nil was
	holder    int32
	until     int32 // the high end of the forward zones so far, and whose it is
	small     []int32
	others    map[atom]int32
	values    int
}

// keyOf returns the number of a key, and whether it is new.
func (r *registers) keyOf(name string) (int32, bool) {
	if r.number == nil {
		r.number = make(map[string]int32)
	} else if r.keys[r.last].name == name {
		return r.last, false
	}
	n, known := r.number[name]
	if !known {
		n = int32(len(r.keys))
		r.number[name] = n
		r.keys = append(r.keys, register{name: name, holder: none, until: before, others: make(map[atom]int32)})
	}
	r.last = n
	return n, !known
}

// lookup returns the cluster of a value, none if it has none yet.
func (k *register) lookup(a atom) int32 {
	if a.kind == histories.Int && a.num >= 0 && a.num < int64(len(k.small)) && k.small[a.num] != 0 {
		return k.small[a.num] - 1
	}
	if len(k.others) == 0 {
		return none
	}
	if id, ok := k.others[a]; ok {
		return id
	}
	return none
}

// store keeps the cluster of a value: in a table for numbers that are about as
// many as they are large, as those of a counter are, else in a map.
func (k *register) store(a atom, id int32) {
	k.values++
	if a.kind != histories.Int || a.num < 0 || a.num > int64(4*k.values+64) {
		k.others[a] = id
		return
	}
	if missing := int(a.num) + 1 - len(k.small); missing > 0 {
		k.small = append(k.small, make([]int32, missing)...)
	}
	k.small[a.num] = id + 1
}

// clusterOf returns the cluster of a value of a key.
func (z *zones) clusterOf(key string, v histories.Value) int32 {
	n, isNew := z.keyOf(key)
	k := &z.keys[n]
	if isNew {
		z.newCluster(k, n, atom{}, initial)
	}
	a := atomOf(v)
	if id := k.lookup(a); id != none {
		return id
	}
	return z.newCluster(k, n, a, none)
}

func (z *zones) newCluster(k *register, key int32, a atom, writer int32) int32 {
	id := int32(len(z.clusters))
	z.clusters = append(z.clusters, cluster{key: key, writer: writer, wc: before, wr: before, rmin: open, rmax: before})
	k.store(a, id)
	return id
}
