package report

import (
	"cmp"
	"slices"
	"time"
)

const (
	maxScenes = 3   // anomalies that get a picture
	maxBoxes  = 120 // operations in one picture
	maxLanes  = 10  // clients in one picture, more only if the proof needs them
)

// scene is what the picture of an anomaly shows: the operations that prove it
// and those of its key around them.
type scene struct {
	d       *digest
	proof   []int // positions in digest.ops, by invocation
	others  []int
	lanes   []int // clients from top to bottom
	axis    axis
	left    int  // operations in view that are left out
	lurking int  // earlier operations of unknown outcome on the key
	keyed   bool // labels name the key, since there is more than one
}

// newScene chooses what to show; the proof must not be empty.
func (d *digest) newScene(a anomaly) *scene {
	s := &scene{d: d, proof: a.proof}
	s.setAxis()
	s.choose(a)
	s.setLanes()
	return s
}

// setAxis shows every moment of the proof. Its unit is the shortest operation.
func (s *scene) setAxis() {
	var moments []time.Duration
	unit := time.Duration(0)
	for _, i := range s.proof {
		o := &s.d.ops[i]
		moments = append(moments, o.start)
		if !o.returned() {
			continue
		}
		moments = append(moments, o.end)
		if took := o.end - o.start; unit == 0 || took < unit {
			unit = took
		}
	}
	s.axis = broken(moments, max(unit, 20*time.Microsecond), gutter+30, pictureWidth-margin)
}

// choose takes the operations of the proof's keys that are in view, the nearest
// to the proof first.
func (s *scene) choose(a anomaly) {
	keys := s.keys(a)
	s.keyed = len(keys) > 1
	from, to := s.d.span(s.proof)
	for i := range s.d.ops {
		o := &s.d.ops[i]
		if !keys[o.Invoke.Key] || slices.Contains(s.proof, i) {
			continue
		}
		if s.axis.shows(o.start, o.end) && o.returned() {
			s.others = append(s.others, i)
		} else if o.rests() && o.start < to {
			s.lurking++
		}
	}
	middle := from + (to-from)/2
	slices.SortStableFunc(s.others, func(i, j int) int {
		return cmp.Compare(distance(&s.d.ops[i], middle), distance(&s.d.ops[j], middle))
	})
	s.drop(func(n, _ int) bool { return n >= maxBoxes })
}

// keys are the objects that the proof is about.
func (s *scene) keys(a anomaly) map[string]bool {
	keys := map[string]bool{}
	if a.Key != "" {
		keys[a.Key] = true
	}
	for _, i := range s.proof {
		keys[s.d.ops[i].Invoke.Key] = true
	}
	return keys
}

// drop leaves out the operations, of those around the proof, that out selects.
func (s *scene) drop(out func(n, i int) bool) {
	var kept []int
	for n, i := range s.others {
		if out(n, i) {
			s.left++
		} else {
			kept = append(kept, i)
		}
	}
	s.others = kept
}

// distance is how far an operation is from a moment, 0 if it runs then.
func distance(o *operation, t time.Duration) time.Duration {
	return max(o.start-t, t-o.end, 0)
}

// setLanes gives a lane to each client of the proof and to the nearest others.
func (s *scene) setLanes() {
	for n, i := range slices.Concat(s.proof, s.others) {
		lane := s.d.ops[i].lane
		if !slices.Contains(s.lanes, lane) && (n < len(s.proof) || len(s.lanes) < maxLanes) {
			s.lanes = append(s.lanes, lane)
		}
	}
	s.drop(func(_, i int) bool { return !slices.Contains(s.lanes, s.d.ops[i].lane) })
	slices.Sort(s.lanes)
	slices.Sort(s.others)
}
