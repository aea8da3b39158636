// Package nemesis says what goes wrong, and when.
//
// A [Schedule] is data: it is drawn from a seed as a whole before the run,
// printed, saved as JSON and replayed byte for byte. [Plan] draws one, [Run]
// executes it on any testbed that has the abilities its steps need:
//
//	env := nemesis.Env{
//		Nodes:     []string{"n1", "n2", "n3"},
//		Clients:   []string{"c1"},
//		Abilities: nemesis.AbilitiesOf(bed),
//	}
//	schedule, err := nemesis.Plan(nemesis.Mix(nemesis.Partition, nemesis.Kill), env, seed, 20*time.Second)
//	if err != nil {
//		return err // names the step, the field or the missing ability
//	}
//	report, err := nemesis.Run(ctx, schedule, bed, log)
//
// What the package promises:
//
//   - The same profile, environment, seed and duration give the same bytes.
//     Dice are derived from the seed and the name of the thing that they decide,
//     so that nothing that happens during a run can reorder them.
//   - Each step goes through inject, wait until it has taken effect, hold,
//     recover, wait until recovered. Its intention is logged before it is
//     executed, its outcome afterwards, with the evidence of its effect: bytes
//     withheld, writes lost, failpoints hit. A fault without evidence is reported
//     as one that had no effect.
//   - Steps overlap freely. A step never heals what another one still holds, and
//     never what it did not inject: link conditions are merged link by link into
//     one matrix, a node that two steps took down is started when the second one
//     ends.
//   - When Run returns, everything is healed, also when its context was cancelled
//     or a testbed call failed: the network is whole, nobody is paused, every node
//     is started, every setting is taken back. What could not be healed is an
//     error.
//   - Nothing is silently skipped. Asking for a fault that the testbed cannot do
//     is an error that names the missing ability; among "all" it is listed in
//     [Schedule.Omitted].
//
// The package knows neither the system that it hurts nor the testbed that does
// the hurting: it states the [Abilities] that it needs as small interfaces.
package nemesis
