package nemesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const healTimeout = time.Minute

// heal takes back whatever the steps left, and starts the nodes that went down by
// themselves, too.
func (r *runner) heal(ctx context.Context) error {
	act, cancel := bounded(ctx, healTimeout)
	defer cancel()
	var errs []error
	if r.net != nil {
		errs = append(errs, r.net.heal(act))
	}
	names := slices.Sorted(maps.Keys(r.nodes))
	found := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { found[i] = r.healNode(act, r.nodes[name]) })
	}
	wg.Wait()
	return errors.Join(append(errs, found...)...)
}

func (r *runner) healNode(ctx context.Context, n *node) error {
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.turn.give()
	clear(n.keepers)
	r.notice(n)
	for name, set := range n.settings {
		if len(set) > 0 {
			n.settings[name], n.staleSettings[name] = nil, true
		}
	}
	if n.down && r.processes != nil {
		_, err := r.start(ctx, n)
		return err
	}
	if n.stopped {
		return r.unpause(ctx, n)
	}
	return r.catchUp(ctx, n)
}

// Heal heals a testbed of which nothing is known: the network is whole, every
// node goes on, the ones that are down (as far as [Watch] says) are started, and
// the settings of this package are taken back. [Run] does the same for what it
// did; Heal is for a harness that comes back after it was interrupted. Calling it
// again changes nothing. Failpoints stay armed: see [Failpoints].
func Heal(ctx context.Context, target any, nodes []string) error {
	r := newRunner(Schedule{Nodes: nodes}, target, nil)
	close(r.done) // nobody is watched
	for _, n := range r.nodes {
		n.stopped = r.pauses != nil
		if r.settings != nil {
			for _, name := range []string{SettingTorn, SettingRefuseKey, SettingSlowDisk} {
				n.staleSettings[name] = true
			}
		}
	}
	err := r.heal(ctx)
	r.attending.Wait()
	if err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	return nil
}
