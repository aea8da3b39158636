package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The settings and counters that faults of this package use.
const (
	// SettingTorn is the probability that a write leaves a random part of
	// itself on the node's disk before it is synced, where a kill then finds
	// it; "" for a clean loss.
	SettingTorn = "disk/torn"
	// SettingRefuseKey makes a node refuse to store the keys that match a
	// [path.Match] pattern.
	SettingRefuseKey = "refuse-key"
	// SettingSlowDisk is a duration by which every sync takes longer, "" for
	// none.
	SettingSlowDisk = "disk/slow"

	counterTorn      = "disk/torn"
	counterSlowDisk  = "disk/slow"
	counterRefused   = "refused"
	counterFailpoint = "failpoint/"
)

// growth is by how much a counter of some nodes grew.
type growth struct {
	counters Counters
	name     string
	nodes    []string
	before   []int64
}

func (r *runner) watchCounter(name string, nodes []string) *growth {
	g := &growth{counters: r.counters, name: name, nodes: nodes}
	for _, n := range nodes {
		g.before = append(g.before, g.counters.Counter(n, name))
	}
	return g
}

// told returns the sum and the share of each node that has one.
func (g *growth) told() (int64, string) {
	var sum int64
	var texts []string
	for i, n := range g.nodes {
		if d := g.counters.Counter(n, g.name) - g.before[i]; d > 0 {
			sum += d
			texts = append(texts, fmt.Sprintf("%d on %s", d, n))
		}
	}
	if sum == 0 {
		return 0, "none"
	}
	return sum, strings.Join(texts, ", ")
}

// everywhere reports whether the counter of each node grew.
func (g *growth) everywhere() bool {
	for i, n := range g.nodes {
		if g.counters.Counter(n, g.name) == g.before[i] {
			return false
		}
	}
	return true
}

func (f *nodeFault) setAll(ctx context.Context, name, value string) error {
	ctx, cancel := context.WithTimeout(ctx, f.step.For)
	defer cancel()
	return f.together(func(i int, n *node) error {
		err := f.set(ctx, f.step.Name, n, name, value)
		if errors.Is(err, errBusy) {
			f.fates[i].text, err = err.Error(), nil
		}
		return err
	})
}

func (f *nodeFault) unsetAll(ctx context.Context, name string) error {
	return f.together(func(_ int, n *node) error { return f.unset(ctx, f.step.Name, n, name) })
}

// tornFault kills nodes whose disks leave torn writes behind.
type tornFault struct {
	nodeFault
	torn *growth
	text string
	sum  int64
}

func (f *tornFault) inject(ctx context.Context) error {
	f.torn = f.watchCounter(counterTorn, f.step.Nodes)
	// Syncs are slow meanwhile, so that the kill finds the torn write and not
	// the whole of it.
	err := errors.Join(f.setAll(ctx, SettingSlowDisk, tornSync.String()), f.setAll(ctx, SettingTorn, tornAlways))
	if err != nil {
		return err
	}
	f.awaitTears(ctx)
	return f.takeAllDown(ctx)
}

const (
	tornAlways  = "1"
	tornSync    = 25 * time.Millisecond
	tornPatient = 300 * time.Millisecond
	tornPoll    = 2 * time.Millisecond
)

// awaitTears gives every node the time to write something: a kill right away
// would find nothing half written.
func (f *tornFault) awaitTears(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, min(f.step.For/2, tornPatient))
	defer cancel()
	tick := time.NewTicker(tornPoll)
	defer tick.Stop()
	for !f.torn.everywhere() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (f *tornFault) recover(ctx context.Context) error {
	up := f.bringAllUp(ctx)
	f.sum, f.text = f.torn.told()
	return errors.Join(up, f.unsetAll(ctx, SettingTorn), f.unsetAll(ctx, SettingSlowDisk))
}

func (f *tornFault) evidence() (bool, string) {
	killed, text := f.told()
	return observed(killed && f.sum > 0, "torn writes: %s; killed: %s%s", f.text, text, f.served())
}

// refuseFault makes nodes refuse keys.
type refuseFault struct {
	nodeFault
	refused *growth
}

func (f *refuseFault) inject(ctx context.Context) error {
	f.refused = f.watchCounter(counterRefused, f.step.Nodes)
	return f.setAll(ctx, SettingRefuseKey, f.step.Pattern)
}

func (f *refuseFault) recover(ctx context.Context) error {
	return f.unsetAll(ctx, SettingRefuseKey)
}

func (f *refuseFault) evidence() (bool, string) {
	sum, text := f.refused.told()
	if _, busy := f.told(); busy != "" {
		text += ", " + busy
	}
	return observed(sum > 0, "keys %q refused: %s", f.step.Pattern, text)
}

// slowDiskFault makes the disks of nodes slow.
type slowDiskFault struct {
	nodeFault
	slowed *growth
}

func (f *slowDiskFault) inject(ctx context.Context) error {
	f.slowed = f.watchCounter(counterSlowDisk, f.step.Nodes)
	return f.setAll(ctx, SettingSlowDisk, f.step.Delay.String())
}

func (f *slowDiskFault) recover(ctx context.Context) error {
	return f.unsetAll(ctx, SettingSlowDisk)
}

func (f *slowDiskFault) evidence() (bool, string) {
	sum, text := f.slowed.told()
	if _, busy := f.told(); busy != "" {
		text += ", " + busy
	}
	return observed(sum > 0, "syncs slowed by %v: %s", f.step.Delay, text)
}
