// Package mutants plants known bugs in the systems under test, to measure what
// the harness is able to see. A green run is worth as much as the mutants that
// the same run would have caught.
//
// A mutant is data: a text file below data/ that names a file of the module,
// some of its lines, the lines that replace them, where such a bug was seen in
// real life, and which nemesis and which checker should see it. Production code
// knows nothing of it: the changed file is put in its place by go build
// -overlay.
//
// The package promises that no measurement is made with a mutant that is not
// there. The Go command ignores an overlay that matches no compiled file, and
// says nothing; so [Mutant.Overlay] refuses a mutant whose old lines do not
// occur exactly once, and [Build] refuses a binary that the mutant's file is
// not a part of, or that equals the one without the mutant.
//
//	all, err := mutants.All()
//	for _, m := range all {
//		result, err := m.Try(ctx, moduleRoot, dir, mutants.Config{Seed: 1})
//		results = append(results, result)
//	}
//	err = mutants.Table(os.Stdout, results)
//
// Mutation as a measure of tests is due to DeMillo, Lipton and Sayward, "Hints
// on Test Data Selection", IEEE Computer 11(4), 1978.
package mutants
