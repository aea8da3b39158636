package proxy

import "time"

// maxLine bounds the bytes under way in one direction of a connection. Beyond
// it the proxy stops reading, and the sender feels it.
const maxLine = 4 << 20

// item is a chunk under way or, if data is nil, the end of the stream.
type item struct {
	data []byte
	end  error     // how the stream ended
	at   time.Time // when it was read
	due  time.Time // when it may be forwarded, once it is at the front
}

// line is what was read and not yet forwarded, in order.
type line struct {
	items []item
	size  int // bytes in them
}

func (l *line) empty() bool  { return len(l.items) == 0 }
func (l *line) front() *item { return &l.items[0] }

func (l *line) push(i item) {
	l.items = append(l.items, i)
	l.size += len(i.data)
}

// shift takes the first n bytes of the front away, and the front itself when it is used up.
func (l *line) shift(n int) {
	head := l.front()
	head.data = head.data[n:]
	l.size -= n
	if len(head.data) > 0 {
		return
	}
	*head = item{}
	l.items = l.items[1:]
	if l.empty() {
		l.items = nil
	}
}

// hasten makes every item due at most delay after it was read.
func (l *line) hasten(delay time.Duration) {
	for i := range l.items {
		if due := l.items[i].at.Add(delay); due.Before(l.items[i].due) {
			l.items[i].due = due
		}
	}
}

// join makes one chunk of the front and those of its successors that are due,
// up to limit bytes, and returns how many it added.
func (l *line) join(now time.Time, limit int) (joined int) {
	data := l.front().data
	size := len(data)
	for _, next := range l.items[1:] {
		if next.data == nil || next.due.After(now) || size+len(next.data) > limit {
			break
		}
		size += len(next.data)
		joined++
	}
	if joined == 0 {
		return 0
	}
	all := make([]byte, 0, size)
	for _, i := range l.items[:joined+1] {
		all = append(all, i.data...)
	}
	l.items = l.items[joined:]
	l.front().data = all
	return joined
}
