package system

import "time"

var epoch = time.Now()

// Monotonic returns the time since the process started, for measuring
// durations in node code. It never jumps, and virtual time fakes it; the wall
// clock, which a nemesis may skew, is Site.Now.
func Monotonic() time.Duration { return time.Since(epoch) }
