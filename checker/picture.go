package checker

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html"
	"io"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/gauntlet-go/gauntlet/histories"
)

// The size of a picture, and the time for its search when ctx has no earlier
// deadline.
const (
	pictured      = 200 // operations
	pictureTime   = 5 * time.Second
	pictureMemory = 256 << 20
)

// WritePicture writes porcupine's page of an anomaly of a register as HTML: one
// row per client, the longest orders that were found, and one row per kind of
// fault. It shows the operations of the anomaly and those around it, at most
// 200. The order from left to right is that of the events; times are in the
// descriptions. Nothing is written when an error is returned.
func WritePicture(ctx context.Context, w io.Writer, run Run, a Anomaly) error {
	return WritePictureOf(ctx, w, CASRegisterModel(), run, a)
}

// WritePictureOf is [WritePicture] for another model.
func WritePictureOf(ctx context.Context, w io.Writer, m Model, run Run, a Anomaly) error {
	ops, err := prepare(run, m)
	if err != nil {
		return fmt.Errorf("picture of %s: %w", place(a.Key), err)
	}
	p := picture{model: m, run: run, anomaly: a}
	for _, o := range objects(ops) {
		if o.key == a.Key {
			p.spans = p.window(spansOf(m, o.ops))
		}
	}
	if len(p.spans) == 0 {
		return fmt.Errorf("picture of %s: the history has no operation on it", place(a.Key))
	}
	ctx, stop := Limits{Time: pictureTime, Memory: pictureMemory}.apply(ctx)
	defer stop()
	var page bytes.Buffer
	if err := p.draw(ctx, &page); err != nil {
		return fmt.Errorf("picture of %s: %w", place(a.Key), err)
	}
	_, err = w.Write(page.Bytes())
	return err
}

type picture struct {
	model   Model
	run     Run
	anomaly Anomaly
	spans   []span // what is shown, in order of call
}

// window chooses what is shown: what proves the anomaly, and what is nearest to
// it in the order of events. Writers of values that are read come along, since
// without them reads would look wrong that are not.
func (p *picture) window(spans []span) []span {
	writers := make(map[atom][]span)
	for _, s := range spans {
		if s.Invoke.F == write {
			v := atomOf(s.Invoke.Value)
			writers[v] = append(writers[v], s)
		}
	}
	chosen := make(map[int]bool)
	var kept []span
	add := func(s span, room int) {
		if !chosen[s.Invoke.Index] && len(kept) < room {
			chosen[s.Invoke.Index] = true
			kept = append(kept, s)
		}
	}
	for _, s := range p.nearest(spans) {
		if s.Invoke.F == read {
			for _, writer := range writers[atomOf(registerValue(s.Operation))] {
				add(writer, pictured-1)
			}
		}
		add(s, pictured)
	}
	slices.SortFunc(kept, func(a, b span) int { return cmp.Compare(a.call, b.call) })
	return kept
}

// nearest sorts by distance from the anomaly, in events.
func (p *picture) nearest(spans []span) []span {
	proof := make(map[int]bool)
	for _, index := range p.anomaly.Ops {
		proof[index] = true
	}
	first, last := int64(0), int64(len(p.run.History.Ops))
	if len(p.anomaly.Ops) > 0 {
		first, last = int64(slices.Min(p.anomaly.Ops)), int64(slices.Max(p.anomaly.Ops))
	}
	distance := func(s span) int64 {
		switch {
		case proof[s.Invoke.Index]:
			return -1
		case s.ret < first:
			return first - s.ret
		case s.call > last: // what comes later explains less
			return 2 * (s.call - last)
		default:
			return 0
		}
	}
	near := slices.Clone(spans)
	slices.SortStableFunc(near, func(a, b span) int { return cmp.Compare(distance(a), distance(b)) })
	return near
}

// draw searches the window and writes porcupine's page.
func (p *picture) draw(ctx context.Context, page io.Writer) error {
	p.spans, _ = tighten(p.model, p.spans)
	p.lanes()
	f := search(ctx, p.model, p.spans, true)
	if len(f.info.PartialLinearizations()) == 0 {
		return fmt.Errorf("nothing to show: %s", f.reason)
	}
	f.info.AddAnnotations(p.faults())
	// The page replays what the search found; that is short and must not be
	// refused because the budget is used up.
	s := &searcher{ctx: context.WithoutCancel(ctx), model: p.model, seed: f.seed}
	s.init = s.hashed(p.model.Init())
	drawn := s.porcupine()
	drawn.DescribeOperation = func(input, _ any) string { return describe(*input.(*histories.Operation)) }
	drawn.DescribeState = func(state any) string { return html.EscapeString(p.model.Describe(state.(hashed).state)) }
	drawn.DescribeOperationMetadata = func(info any) string {
		op := *info.(*histories.Operation)
		return html.EscapeString(story{p.run.History}.did(op))
	}
	return porcupine.Visualize(drawn, f.info, page)
}

// lanes gives every client that occurs a row, without gaps.
func (p *picture) lanes() {
	var used []int
	for _, s := range p.spans {
		used = append(used, p.run.History.Lane(s.Invoke.Process))
	}
	slices.Sort(used)
	used = slices.Compact(used)
	for i := range p.spans {
		s := &p.spans[i]
		s.lane, _ = slices.BinarySearch(used, p.run.History.Lane(s.Invoke.Process))
	}
}

// Colours of faults, as users of Jepsen know them.
var faultColours = map[string]string{"kill": "#E9A4A0", "pause": "#A0B1E9", "partition": "#E9DCA0", "clock": "#A0E9E3"}

const otherFault = "#CCCCCC"

// faults are the annotations of the faults that were in force in the window.
func (p *picture) faults() []porcupine.Annotation {
	ops := make([]histories.Operation, len(p.spans))
	for i, s := range p.spans {
		ops[i] = s.Operation
	}
	s := story{p.run.History}
	first, last := s.span(ops)
	var list []porcupine.Annotation
	for _, f := range p.run.History.Faults() {
		end, evidence := last, ""
		if f.Complete != nil {
			end, evidence = min(last, f.Complete.Index), f.Complete.Error
		}
		if f.Invoke.Index > last || end < first {
			continue
		}
		colour, known := faultColours[f.Invoke.F]
		if !known {
			colour = otherFault
		}
		list = append(list, porcupine.Annotation{
			Tag: cmp.Or(f.Invoke.F, "fault"), Start: int64(max(first, f.Invoke.Index)), End: int64(end),
			Description: describeFault(f), Details: cmp.Or(evidence, "no evidence recorded"),
			TextColor: "#000000", BackgroundColor: colour,
		})
	}
	return list
}
