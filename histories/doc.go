// Package histories says what happened in a run: it records operations while
// they happen, keeps them in a file, and reads them back only if they are
// well-formed.
//
// A history is one sequence of events. Every operation has an invocation and at
// most one completion, with Jepsen's words: ok (it happened), fail (it did not
// and never will) or info (nobody knows; it may still happen). An invocation
// that the history never completes means the same as info. The order of the
// indexes is the real-time order; times are for people.
//
//	r, err := histories.Create("history.jsonl", histories.Header{Workload: "register", Clients: 2})
//	…
//	_, err = r.Invoke(histories.Op{Process: 0, F: "write", Key: "x", Value: histories.IntValue(5)})
//	// send the request, wait for the reply
//	_, err = r.Complete(histories.Op{Process: 0, Type: histories.OK, F: "write", Key: "x"})
//	…
//	err = r.Close()
//
//	h, err := histories.ReadFile("history.jsonl")
//	for _, operation := range h.Operations() { … }
//
// # What is promised
//
// A [Recorder] puts all events in one total order, writes them to the file
// within [FlushInterval], and refuses every event that would make the history
// ill-formed. A process that is killed loses at most the last interval; a disk
// that is full stops the recording with an error, and what was written until
// then can be read.
//
// [Read], [ReadFile] and [Validate] accept well-formed histories only, by the
// same rules ([Rule]). Their errors are of type [*Error] and name the file, the
// line and the rule. A file without an end, or with a cut last line, is not an
// error: the events before the cut are returned and History.Interrupted says
// what is missing.
//
// # The format gauntlet/1
//
// A history file is a sequence of JSON objects (RFC 8259), one per line:
//
//	{"format":"gauntlet/1","start":"2026-11-20T12:00:00Z","clock":"monotonic-ns","seed":"42","workload":"register","model":"register","nodes":["n1","n2","n3"],"clients":2}
//	{"index":0,"time":3291485317,"type":"invoke","process":0,"f":"write","key":"x","value":5,"node":"n2"}
//	{"index":1,"time":3292001112,"type":"info","process":0,"f":"write","key":"x","value":5,"node":"n2","error":"timeout"}
//	{"index":2,"time":3300000000,"type":"invoke","process":"nemesis","f":"partition","key":"step-1"}
//	{"end":true,"events":3,"crc32c":"7a8b9c0d"}
//
// The seed is a decimal string, because it has 64 bits and many readers of JSON
// have 53. Times are nanoseconds since start. The fields key, value, node and
// error are left out when they are empty. The last line counts the events and
// has the CRC-32C of all bytes before it. Readers accept the fields in any
// order, white space, empty lines, and fields that they do not know; they refuse
// a field that occurs twice.
//
// Strings are UTF-8. A byte that is not is written as the lone surrogate U+DC80
// to U+DCFF, as in Python's PEP 383, so that every Go string comes back as it
// was.
package histories
