package callflow

import "sync"

// mailbox is the bounded queue in front of a flow. It never blocks the sender: senders
// are the reader of the switch's events and the ACD's owner, and one slow call must not
// hold up all others.
type mailbox struct {
	wake chan struct{}

	mu     sync.Mutex
	items  []Signal
	bound  int
	closed bool
}

func newMailbox(bound int) *mailbox {
	return &mailbox{wake: make(chan struct{}, 1), bound: bound}
}

// post reports whether the signal was taken. It is refused after close and when the box
// is full; the manager counts the latter, and the reconciler repairs what was missed.
func (m *mailbox) post(s Signal) (taken, full bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	if len(m.items) >= m.bound {
		return false, true
	}
	m.items = append(m.items, s)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true, false
}

// drain takes everything that is there, in order.
func (m *mailbox) drain() []Signal {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.items
	m.items = nil
	return out
}

// close refuses further signals and hands back those that came too late to be handled.
func (m *mailbox) close() []Signal {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	out := m.items
	m.items = nil
	return out
}
