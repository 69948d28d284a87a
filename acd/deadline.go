package acd

import "time"

// holder is an agent, an offer, a caller or a queue: something that must not stay as it is for
// ever. expired is called once when its deadline has passed.
type holder interface{ expired(e *Engine) }

// deadline is the one clock of its holder, running or not.
type deadline struct {
	rank
	holder holder
	index  int
}

func newDeadline(h holder) deadline { return deadline{holder: h, index: outside} }

func (d *deadline) key() rank     { return d.rank }
func (d *deadline) place() *int   { return &d.index }
func (d *deadline) running() bool { return d.index != outside }

// start sets the deadline, whether it ran before or not.
func (e *Engine) start(d *deadline, at rank) {
	e.deadlines.remove(d)
	d.rank = at
	e.deadlines.add(d)
}

// startIn sets the deadline to the time after now.
func (e *Engine) startIn(d *deadline, after time.Duration) { e.start(d, e.rank(e.now.Add(after))) }

func (e *Engine) stop(d *deadline) { e.deadlines.remove(d) }

// expire runs what is due, in the order of the deadlines, so that a late Tick makes the
// same pairs as a punctual one. It ends because every deadline that is started meanwhile
// lies after now, or is the next of the finitely many stages of a waiting caller.
func (e *Engine) expire() {
	for {
		d, ok := e.deadlines.first()
		if !ok || d.at.After(e.now) {
			return
		}
		e.deadlines.remove(d)
		d.holder.expired(e)
		e.serve()
	}
}
