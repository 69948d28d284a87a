package acd

import (
	"fmt"
	"slices"

	"hotline/call"
)

// serve lets those who seek anew be looked at one by one, in the order of the line.
func (m *model) serve() {
	m.watch()
	var seek []*modelCall
	for _, c := range m.calls {
		if p := c.prefer; p != nil && c.leg == nil && (p.state == call.Offline || p.state == call.Break) {
			c.seeks, c.prefer = true, nil
			c.advance(m, m.now)
		}
		if c.seeks {
			seek = append(seek, c)
		}
	}
	m.match()
	slices.SortFunc(seek, byLine)
	for _, c := range seek {
		c.seeks = false
		m.again(c)
		m.match()
	}
}

// match rings the longest idle agent for the longest waiting caller until nobody fits.
func (m *model) match() {
	for {
		var c *modelCall
		var a *modelAgent
		for _, x := range m.calls {
			y := m.idleFor(x)
			if x.leg != nil || y == nil || x.seeks {
				continue
			}
			if c == nil || x.earlier(c) {
				c, a = x, y
			}
		}
		if c == nil {
			return
		}
		m.ring(c, a)
	}
}

// earlier says who comes first in the line of the house.
func (c *modelCall) earlier(other *modelCall) bool {
	return c.place.Before(other.place) || c.place.Equal(other.place) && c.order < other.order
}

func byLine(a, b *modelCall) int {
	if a.earlier(b) {
		return -1
	}
	return 1
}

func (m *model) idle(a *modelAgent) bool {
	busy := slices.ContainsFunc(m.legs, func(l *modelLeg) bool { return l.agent == a })
	return a.state == call.Ready && !busy && a.limit.order == 0
}

func (m *model) idleFor(c *modelCall) *modelAgent {
	if c.prefer != nil {
		if m.idle(c.prefer) {
			return c.prefer
		}
		return nil
	}
	var best *modelAgent
	for _, a := range m.agents {
		if !m.idle(a) || m.via(c, a) < 0 {
			continue
		}
		if best == nil || m.better(c, a, best) {
			best = a
		}
	}
	return best
}

// via says by which of a caller's queues an agent may serve him: 0 his own, then those that
// help, -1 none.
func (m *model) via(c *modelCall, a *modelAgent) int {
	return slices.IndexFunc(append([]Queue{c.queue}, c.help...), func(q Queue) bool {
		return a.serves(q) && a.level(q) >= c.need
	})
}

// below says that an agent has the level a caller wants in none of the queues he serves him by.
func (m *model) below(c *modelCall, a *modelAgent) bool {
	served := slices.DeleteFunc(append([]Queue{c.queue}, c.help...), func(q Queue) bool { return !a.serves(q) })
	high := slices.ContainsFunc(served, func(q Queue) bool { return a.level(q) >= c.want })
	return len(served) > 0 && !high
}

func (a *modelAgent) serves(q Queue) bool {
	_, has := a.Skills[q.Skill]
	return has && q.Skill != "" || slices.Contains(a.Queues, q.ID)
}

func (a *modelAgent) level(q Queue) Level { return a.Skills[q.Skill] }

// better says which of two agents who both may serve a caller is rung.
func (m *model) better(c *modelCall, a, b *modelAgent) bool {
	rank := func(x *modelAgent) int {
		via := m.via(c, x)
		q := append([]Queue{c.queue}, c.help...)[via]
		level := x.level(q)
		if q.HighestFirst || level < c.want {
			return 2000*via + 1000 - int(level)
		}
		return 2000*via + int(level)
	}
	switch {
	case rank(a) != rank(b):
		return rank(a) < rank(b)
	case a.idle.Equal(b.idle):
		return a.order < b.order
	default:
		return a.idle.Before(b.idle)
	}
}

func (m *model) ring(c *modelCall, a *modelAgent) {
	l := &modelLeg{call: c, agent: a, state: "rings", below: m.below(c, a)}
	for taken := true; taken; {
		c.offers++
		l.id = call.OfferID(fmt.Sprint(c.id, "-a", c.offers))
		taken = slices.ContainsFunc(m.legs, func(x *modelLeg) bool { return x.id == l.id })
	}
	l.limit = m.in(c.queue.RingFor)
	m.legs = append(m.legs, l)
	c.leg, a.state, c.prefer = l, call.Ringing, nil
	m.out = append(m.out, Ring{l.id, c.id, c.queue.ID, a.ID, l.limit.at, l.below})
}
