// Package report shows a person what happened in a run: one HTML page that
// needs no other file, and a form for the terminal of at most 25 lines.
//
// The page always says the verdict first, in a word, a sign and a colour; then
// why, in words and as a picture of the operations that prove it, with the
// faults that were in force; then the whole run. Time in every picture is real
// time. Every picture has a table that says the same.
//
// What the page promises:
//
//   - It is complete without JavaScript and never makes a request: its policy
//     forbids everything but its own style and script, by their hashes.
//   - Whatever the system under test put into values, keys and errors is shown
//     as text and bounded in length; what was left out is said.
//   - The same [Page] gives the same bytes, at most 2 MB for a history of
//     100 000 operations.
//
// Someone with nothing but a history needs three fields:
//
//	err := report.WriteFile("report.html", report.Page{
//		Title:   "mykv/register",
//		Verdict: verdict,
//		History: history,
//	})
package report
