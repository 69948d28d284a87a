package sim

import (
	"context"
	"fmt"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
)

// draw gives a caller his character.
func (w *world) draw(s *story) {
	d := w.chance.of("caller", string(s.id))
	s.line = lineOf(d)
	s.talk = time.Second/10 + d.about(30*time.Second)
	s.talkEnds = one(d, byCaller, byCaller, byCaller, byAgent, byAgent, byBoth)
	switch {
	case d.happens(w.hurried / 3):
		s.hangsUp, s.after = whenRung, d.between(0, 5*time.Second)
	case d.happens(w.hurried / 3):
		s.hangsUp, s.after = whenAnswered, d.between(0, 3*time.Millisecond+2*w.latency+w.late)
	case d.happens(w.hurried / 3):
		s.hangsUp, s.after = whenTired, d.between(0, 4*time.Second)
	case d.happens(0.2):
		s.hangsUp = never
	default:
		s.hangsUp, s.after = whenTired, 2*time.Second+d.about(time.Minute)
	}
}

// arrive puts a caller into the switch, and tells the house.
func (w *world) arrive(id call.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &story{id: id}
	w.draw(s)
	s.caller = &leg{id: call.LegID(id), story: s, state: up, born: time.Now()}
	w.stories[id], w.legs[s.caller.id] = s, s.caller
	w.order = append(w.order, s)
	w.tell(s.caller, "arrive "+string(id), &s.arrived, func() { w.flows.Arrive(w.arrival(s)) })
	if s.hangsUp == whenTired {
		w.in(s.after, func() { w.tired(s) })
	}
	if w.control > 0 {
		w.press(s)
	}
}

func (w *world) arrival(s *story) callflow.Arrival {
	return callflow.Arrival{Call: s.id, Leg: s.caller.id, Number: "138" + string(s.id), Line: s.line, Begin: s.caller.born}
}

// tired hangs up unless he talks.
func (w *world) tired(s *story) {
	for _, l := range s.legs {
		if l.state == up && !l.joined.IsZero() {
			return
		}
	}
	w.end(s.caller, "")
}

// ring lets an agent's phone ring, and draws what he does. w.mu is held.
func (w *world) ring(l *leg, limit time.Duration) {
	dev := w.devices[l.agent]
	if dev == nil {
		dev = &device{legs: map[call.LegID]*leg{}} // an outside number
	}
	w.single(dev, l)
	l.state = ringing
	dev.legs[l.id] = l
	w.in(limit, func() {
		if l.state == ringing {
			w.end(l, call.NoAnswer)
		}
	})
	if s := l.story; s.hangsUp == whenRung {
		w.in(s.after, func() { w.tired(s) })
	}
	d := w.chance.of("ring", string(l.id))
	x := d.Float64()
	stop := func(after time.Duration, how call.Outcome) {
		w.in(after, func() {
			if l.state == ringing {
				w.end(l, how)
			}
		})
	}
	switch {
	case dev.off || x < w.dead:
		stop(d.between(0, 2*time.Second), call.Unreachable)
	case x < w.dead+w.busy:
		stop(d.between(0, 200*time.Millisecond), call.Busy)
	case x < w.dead+w.busy+w.reject:
		stop(d.between(0, 8*time.Second), call.Rejected)
	case x < w.dead+w.busy+w.reject+w.nobody:
	default:
		w.in(d.between(300*time.Millisecond, 12*time.Second), func() {
			if l.state == ringing {
				w.pick(l)
			}
		})
	}
}

// single holds that a phone has no other call: nobody is rung for two callers at once
// (complaint P1). It is excused where the switch has just let a command of the call run into
// its deadline, once or twice: the order to end the other leg came late, or was lost.
func (w *world) single(dev *device, l *leg) {
	for _, other := range dev.legs {
		switch {
		case other.state == gone || other == l:
		case w.broken() && time.Since(other.story.kept) < 2*commandMax+w.cfg.RingGrace:
			w.excused++
		default:
			w.fault("%s is rung for %s while %s is at his phone (state %d, dropped %v)",
				dev.agent, l.id, other.id, other.state, !other.dropped.IsZero())
		}
	}
}

// pick is an agent who picks up. If nobody joins him he hangs up after a while.
func (w *world) pick(l *leg) {
	l.state, l.picked = up, time.Now()
	w.tell(l, "up "+string(l.id), &l.heardUp, func() { w.flows.Deliver(l.story.id, callflow.LegUp{Leg: l.id}) })
	if s := l.story; s.hangsUp == whenAnswered {
		w.in(s.after, func() { w.end(s.caller, "") })
	}
	w.in(w.chance.of("patience", string(l.id)).between(20*time.Second, 60*time.Second), func() {
		if l.joined.IsZero() && l.state == up {
			w.end(l, call.NoAnswer)
		}
	})
}

// talk begins when the agent is in the bridge, and ends by one side or both.
func (w *world) talk(l *leg) {
	s := l.story
	if d := w.chance.of("control", string(l.id)); l.agent != "" && d.happens(w.control) {
		w.side.Go(func() { w.act(l, d) })
	}
	slip := w.chance.of("slip", string(l.id)).between(0, 5*time.Millisecond)
	w.in(s.talk, func() {
		switch s.talkEnds {
		case byCaller:
			w.end(s.caller, "")
		case byAgent:
			w.end(l, call.NoAnswer)
		default:
			w.end(l, call.NoAnswer)
			w.in(slip, func() { w.end(s.caller, "") })
		}
	})
}

// hangUp is the house's order to end a leg: the phone obeys after a moment, and an agent may
// pick up in that very moment.
func (w *world) hangUp(l *leg) {
	d := w.chance.of("obey", string(l.id))
	if l.isCaller() {
		l.story.turnedAway = true
	}
	silence := d.between(0, w.tidy)
	if l.state == ringing && d.happens(w.glare) {
		w.in(silence/2, func() {
			if l.state == ringing {
				w.pick(l)
			}
		})
	}
	w.in(silence, func() { w.end(l, call.NoAnswer) })
}

// end is the end of a leg, however it came. w.mu is held.
func (w *world) end(l *leg, how call.Outcome) {
	if l.state == gone {
		return
	}
	l.state, l.ended, l.outcome = gone, time.Now(), how
	delete(w.legs, l.id)
	delete(w.bridges[l.bridge], l.id)
	if !l.isCaller() {
		if dev := w.devices[l.agent]; dev != nil {
			delete(dev.legs, l.id)
		}
		w.tell(l, "gone "+string(l.id), &l.heardGone, func() {
			w.flows.Deliver(l.story.id, callflow.LegGone{Leg: l.id, Outcome: how})
		})
		return
	}
	at := l.ended
	w.tell(l, "gone "+string(l.id), &l.heardGone, func() { w.flows.Deliver(l.story.id, callflow.CallerGone{At: at}) })
	w.in(w.silence(), func() { w.silent(l.story) })
}

// legCreated tells the house that a leg can be dialled. A leg that no call owns is hung up.
func (w *world) legCreated(l *leg) {
	if !w.flows.Deliver(l.story.id, callflow.LegCreated{Leg: l.id}) {
		w.orphan(l.id)
	}
}

func (w *world) orphan(id call.LegID) {
	w.side.Go(func() {
		_ = phone{world: w}.HangUp(context.Background(), id, callflow.CauseNormal) // the next look tries again
	})
}

// silence is how long after a caller's hang-up his agents' phones may ring on.
func (w *world) silence() time.Duration {
	d := w.late + 4*w.latency + w.tidy + 3*time.Millisecond
	if w.broken() {
		d += 4 * commandMax
	}
	if w.lossy() {
		d += lookEvery + commandMax
	}
	return d
}

// silent holds that no phone rings for a caller who is gone (complaint P3).
func (w *world) silent(s *story) {
	for _, l := range s.legs {
		if l.state == ringing {
			w.fault("%s rings on %v after %s hung up", l.id, time.Since(s.caller.ended), s.id)
		}
	}
}

// submit tells the engine something that an agent did.
func (w *world) submit(c acd.Command) {
	if err := w.acd.Submit(c); err != nil {
		w.fault("%T: %v", c, err)
	}
}

// wish is the next of an agent's own wishes, and draws the one after it.
func (w *world) wish(agent call.AgentID, n int) {
	d := w.chance.of("wish", string(agent), fmt.Sprint(n))
	w.in(d.about(w.wishes), func() {
		if w.closing {
			return
		}
		back := d.about(30 * time.Second)
		switch d.IntN(4) {
		case 0:
			w.submit(acd.TakeBreak{Agent: agent, Reason: "tea"})
			w.in(back, func() { w.submit(acd.GoReady{Agent: agent}) })
		case 1:
			w.submit(acd.SignOut{Agent: agent, Reason: "home"})
			w.in(back, func() { w.submit(acd.SignIn{Agent: agent}) })
		default:
			w.submit(acd.WrapUpDone{Agent: agent})
		}
		w.wish(agent, n+1)
	})
}

// die is the next failure of an agent's phone, which takes its call with it and its agent
// out of the queues.
func (w *world) die(dev *device, n int) {
	d := w.chance.of("die", string(dev.agent), fmt.Sprint(n))
	w.in(d.about(w.deaths), func() {
		if w.closing {
			return
		}
		dev.off = true
		silent := d.between(0, 2*time.Second)
		for _, l := range dev.legs {
			w.in(silent, func() { w.end(l, call.Unreachable) })
		}
		noticed := d.between(0, 3*time.Second)
		w.in(noticed, func() { w.submit(acd.SignOut{Agent: dev.agent, Reason: "phone unregistered"}) })
		w.in(noticed+d.about(20*time.Second), func() {
			dev.off = false
			w.submit(acd.SignIn{Agent: dev.agent})
		})
		w.die(dev, n+1)
	})
}
