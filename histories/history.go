package histories

// History is a recorded or read history. Ops is in index order.
type History struct {
	Header Header
	Ops    []Op
	// Interrupted says why the file has no valid trailer: "" when it is
	// complete.
	Interrupted string
}

// Lane is the client lane of a process: processes that retired and the ones
// that replaced them share it.
func (h *History) Lane(process int) int {
	if h.Header.Clients <= 0 || process < 0 {
		return process
	}
	return process % h.Header.Clients
}

// Validate checks a history that was built in memory by the rules that [Read]
// has for files. The error is an [*Error] that names the event by its index.
func Validate(h *History) error {
	if err := h.Header.check(); err != nil {
		return err
	}
	var l ledger
	for i := range h.Ops {
		if err := l.add(&h.Ops[i]); err != nil {
			err.Index = i
			return err
		}
	}
	return nil
}

// Operations pairs the events of clients, in the order of their invocations.
// The operations point into h.Ops. The history must be well-formed.
func (h *History) Operations() []Operation {
	out := make([]Operation, 0, len(h.Ops)/2+1)
	return pair(h.Ops, out, func(op *Op) (int, bool) { return op.Process, op.Process != Nemesis })
}

// Faults pairs the events of the nemesis by their keys, in the order of their
// invocations: from the injection of a fault to the end of its recovery. They
// point into h.Ops. The history must be well-formed.
func (h *History) Faults() []Operation {
	return pair(h.Ops, nil, func(op *Op) (string, bool) { return op.Key, op.Process == Nemesis })
}

// pair appends to out the operations of the events that count, which belong
// together by what by returns.
func pair[K comparable](ops []Op, out []Operation, by func(*Op) (key K, counts bool)) []Operation {
	open := make(map[K]int) // place in out
	for i := range ops {
		op := &ops[i]
		key, counts := by(op)
		if !counts {
			continue
		}
		if op.Type == Invoke {
			open[key] = len(out)
			out = append(out, Operation{Invoke: op})
		} else if at, ok := open[key]; ok {
			out[at].Complete = op
			delete(open, key)
		}
	}
	return out
}
