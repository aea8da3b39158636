// Package checker says whether what happened is right.
//
// A [Checker] looks at a recorded history and answers with a [Verdict]: valid,
// invalid with the operations that prove it and one paragraph that explains
// them, or unknown with the reason.
//
//	v := checker.Budget(checker.All(
//		checker.Register(),                            // linearizable?
//		checker.Exercised(checker.Requirements{}),     // and did the run show anything at all?
//	), checker.Limits{Time: time.Minute}).Check(ctx, checker.Run{History: h})
//	if v.Validity == checker.Invalid {
//		for a := range v.Each() {
//			fmt.Println(a.Name, a.Explanation)
//		}
//	}
//
// What the package promises:
//
//   - Invalid is proven. A history that is malformed, an engine that disagrees
//     with another, a checker that panics or runs out of its budget: each is
//     unknown, never invalid.
//   - Valid is earned. A history that could not be judged, or that exercised
//     nothing, is unknown, never valid.
//   - A violation is never hidden: composition takes invalid over unknown over
//     valid, whatever happens to the other parts.
//   - A check ends: it keeps to the deadline of its context and to a limit of
//     memory, both set by [Budget].
//
// Registers whose values are unique are judged by the zones of their values
// ([Register]), in linear time and for any concurrency; everything else is
// searched ([Linearizable]).
//
// Order is the order of indexes in the history. The times in it are only for
// people.
package checker
