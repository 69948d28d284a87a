package acd

import "time"

// haltedRing is how long a phone that rings is left alone at a time while the switch is out
// of reach.
const haltedRing = time.Second

func (e *Engine) halt() {
	if e.halted {
		e.refuse()
		return
	}
	e.halted = true
}

// proceed lets everybody seek who waits; serve brings them into their order.
func (e *Engine) proceed() {
	if !e.halted {
		e.refuse()
		return
	}
	e.halted = false
	for _, c := range e.callers {
		if c.waits {
			e.unwait(c)
			e.again(c, e.now)
		}
	}
}
