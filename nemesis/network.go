package nemesis

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// turn lets one goroutine at a time do something that may wait. Unlike a mutex
// it can be given up on.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) give() { <-t }

// network keeps the conditions that the running steps want and applies what
// comes of all of them as one matrix.
type network struct {
	links  Links
	turn   turn
	active map[string][]Flow // by the step's name; guarded by turn
}

func newNetwork(links Links) *network {
	return &network{links: links, turn: newTurn(), active: map[string][]Flow{}}
}

// add puts the flows of a step in force, beside those of the others.
func (n *network) add(ctx context.Context, step string, flows []Flow) error {
	if err := n.turn.take(ctx); err != nil {
		return fmt.Errorf("wait for the network: %w", err)
	}
	defer n.turn.give()
	next := maps.Clone(n.active)
	next[step] = flows
	if err := n.links.Apply(ctx, merged(next)); err != nil {
		err = fmt.Errorf("apply link conditions: %w", err)
		if back := n.links.Apply(ctx, merged(n.active)); back != nil {
			err = fmt.Errorf("%w; and back: %w", err, back)
		}
		return err
	}
	n.active = next
	return nil
}

// remove ends the flows of a step and leaves those of the others. If that fails
// they are gone with the next change.
func (n *network) remove(ctx context.Context, step string) error {
	if err := n.turn.take(ctx); err != nil {
		return fmt.Errorf("wait for the network: %w", err)
	}
	defer n.turn.give()
	if _, ok := n.active[step]; !ok {
		return nil
	}
	delete(n.active, step)
	if err := n.links.Apply(ctx, merged(n.active)); err != nil {
		return fmt.Errorf("apply link conditions: %w", err)
	}
	return nil
}

// heal ends the flows of all steps.
func (n *network) heal(ctx context.Context) error {
	if err := n.turn.take(ctx); err != nil {
		return fmt.Errorf("wait for the network: %w", err)
	}
	defer n.turn.give()
	clear(n.active)
	if err := n.links.Apply(ctx, Matrix{}); err != nil {
		return fmt.Errorf("heal the network: %w", err)
	}
	return nil
}

// merged returns the matrix of several steps. Links that stay healthy are not in
// it.
func merged(steps map[string][]Flow) Matrix {
	m := Matrix{}
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		for _, f := range steps[name] {
			if c := m[f.Link()].With(f.Condition); c != (Condition{}) {
				m[f.Link()] = c
			}
		}
	}
	return m
}
