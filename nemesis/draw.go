package nemesis

import "time"

// draw fills in a step for a card: targets, conditions, times. Its dice belong
// to this card alone.
func (c card) draw(d dice, env Env) Step {
	s := Step{Kind: c.kind, Shape: c.shape, Point: c.point}
	switch c.kind {
	case Partition:
		s.Links = c.drawPartition(d, env)
		if c.shape == "flap" {
			s.Every = d.between(100*time.Millisecond, 400*time.Millisecond, 10*time.Millisecond)
		}
	case Reset:
		s.Links = c.drawLinks(d, env, func() Condition { return Condition{} })
		s.Every = d.between(50*time.Millisecond, 400*time.Millisecond, 10*time.Millisecond)
	case Slow, Drop, Duplicate, Reorder, Segments:
		s.Links = c.drawLinks(d, env, c.drawCondition(d))
	case Restart:
		s.Nodes = shuffled(d, env.Nodes)
		s.Stagger = d.between(25*time.Millisecond, 75*time.Millisecond, time.Millisecond)
		s.Every = d.between(300*time.Millisecond, 800*time.Millisecond, 10*time.Millisecond)
	case Crash:
		s.Delay = d.between(0, 3*time.Millisecond, 100*time.Microsecond)
		s.Down = d.between(50*time.Millisecond, 500*time.Millisecond, 10*time.Millisecond)
		s.Nodes = c.drawNodes(d, env)
	case SlowDisk:
		s.Delay = d.between(5*time.Millisecond, 60*time.Millisecond, time.Millisecond)
		s.Nodes = c.drawNodes(d, env)
	default:
		s.Nodes = c.drawNodes(d, env)
	}
	if c.kind == RefuseKey {
		s.Pattern = "*"
		if n := len(env.KeyPatterns); n > 0 {
			s.Pattern = env.KeyPatterns[d.IntN(n)]
		}
	}
	return s
}

func (c card) drawNodes(d dice, env Env) []string {
	n := len(env.Nodes)
	switch c.shape {
	case "all":
		return d.pick(env.Nodes, n)
	case "minority":
		return d.pick(env.Nodes, d.minority(n))
	case "majority":
		return d.pick(env.Nodes, n/2+1)
	}
	return d.pick(env.Nodes, 1)
}

func (c card) drawPartition(d dice, env Env) []Flow {
	links := cutLinks(d, c.shape, env.Nodes, env.Clients)
	if c.clients && c.shape != "client" {
		links = withClients(d, links, env.Nodes, env.Clients)
	}
	condition := Condition{Cut: true, Lost: d.IntN(2) == 0}
	return flows(links, func() Condition { return condition })
}

func (c card) drawLinks(d dice, env Env, condition func() Condition) []Flow {
	var clients []string
	if c.clients || c.kind == Segments { // a receiver must take any segmentation
		clients = env.Clients
	}
	nodes := env.Nodes
	links := everyLink(nodes, clients)
	if spec, err := lookup(c.kind); err == nil && spec.frames {
		links = framed(links, env)
	}
	if c.shape == "some" {
		links = some(d, links)
	}
	return flows(links, condition)
}

// framed leaves only the links whose frames are known.
func framed(links []Link, env Env) []Link {
	client := map[string]bool{}
	for _, c := range env.Clients {
		client[c] = true
	}
	var known []Link
	for _, l := range links {
		ofClient := client[l.From] || client[l.To]
		if ofClient && env.ClientFrames || !ofClient && env.PeerFrames {
			known = append(known, l)
		}
	}
	return known
}

func flows(links []Link, condition func() Condition) []Flow {
	sortLinks(links)
	flows := make([]Flow, len(links))
	for i, l := range links {
		flows[i] = Flow{l.From, l.To, condition()}
	}
	return flows
}

// drawCondition returns the condition of one link after the other.
func (c card) drawCondition(d dice) func() Condition {
	switch c.kind {
	case Slow:
		most := d.magnitude(5*time.Millisecond, 400*time.Millisecond)
		return func() Condition {
			delay := d.between(time.Millisecond, most/2, time.Millisecond)
			return Condition{Delay: delay, Jitter: most - delay}
		}
	case Segments:
		return func() Condition {
			if d.IntN(2) == 0 {
				return Condition{Merge: d.between(time.Millisecond, 20*time.Millisecond, time.Millisecond)}
			}
			return Condition{Split: 1 + d.IntN(16)}
		}
	}
	var condition Condition
	switch c.kind {
	case Drop:
		condition.Loss = d.share(10, 40)
	case Duplicate:
		condition.Duplicate = d.share(10, 50)
	case Reorder:
		condition.Reorder = d.share(10, 50)
	}
	return func() Condition { return condition }
}
