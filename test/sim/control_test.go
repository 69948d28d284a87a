package sim

import (
	"context"
	"fmt"
	"time"

	"hotline/call"
	"hotline/callflow"
)

// act is what an agent does with the caller he talks with, from the first word on: one thing
// or several, some of them out of place. What the house refuses is refused; whatever it does,
// the caller is never left alone.
func (w *world) act(l *leg, d dice) {
	for range 1 + d.IntN(4) {
		select {
		case <-w.ended:
			return
		case <-time.After(d.about(5 * time.Second)):
		}
		w.mu.Lock()
		over := l.state == gone
		w.mu.Unlock()
		if over {
			return
		}
		verb := w.verb(d)
		asked := w.do(l, callflow.Control{Agent: l.agent, Do: verb, To: w.target(d), Keys: "12#"})
		if verb == callflow.Consult && asked {
			<-time.After(d.between(time.Second, 12*time.Second))
			next := one(d, callflow.Complete, callflow.Conference, callflow.Conference, callflow.Drop, callflow.Resume)
			w.do(l, callflow.Control{Agent: l.agent, Do: next})
		}
	}
}

func (w *world) verb(d dice) callflow.Verb {
	return one(d, callflow.Hold, callflow.Hold, callflow.Resume, callflow.Resume, callflow.Transfer, callflow.Consult,
		callflow.Consult, callflow.Consult, callflow.Complete, callflow.Complete, callflow.Conference, callflow.Drop,
		callflow.HangUp, callflow.Keys)
}

func (w *world) target(d dice) callflow.Target {
	switch d.IntN(4) {
	case 0:
		return callflow.Target{Number: fmt.Sprint("0", d.IntN(1_000_000))}
	case 1:
		return callflow.Target{Queue: one(d, w.cfg.Queues...).ID}
	default:
		return callflow.Target{Agent: one(d, w.cfg.Agents...).ID}
	}
}

// do gives an order and waits for its answer no longer than the switch may take for it.
func (w *world) do(l *leg, c callflow.Control) bool {
	w.mu.Lock()
	l.story.conference = l.story.conference || c.Do == callflow.Conference
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.flows.Control(ctx, l.story.id, c)
	if ctx.Err() != nil {
		w.fault2("%s of %s by %s has no answer: %v", c.Do, l.story.id, c.Agent, err)
	}
	return err == nil
}

// judgeHolds: the holds that were told make the hold of each talk, and none is longer than
// its talk.
func (w *world) judgeHolds(s *story, told []call.Event) {
	held := map[call.OfferID]call.Millis{}
	for _, ev := range told {
		switch ev.Kind {
		case call.HoldEnded:
			held[ev.Offer] += ev.Held
		case call.TalkEnded:
			if ev.Hold != held[ev.Offer] || ev.Hold > ev.Talk {
				w.fault("%s %s: %d ms on hold of a talk of %d, told were %d", s.id, ev.Offer, ev.Hold, ev.Talk, held[ev.Offer])
			}
		default:
		}
	}
}

// judgeOutside: every number that was dialled has one end, and who talked had picked up.
func (w *world) judgeOutside(s *story, told []call.Event) {
	dialled, ended := map[call.LegID]int{}, map[call.LegID]int{}
	for _, ev := range told {
		switch ev.Kind {
		case call.Dialled:
			dialled[ev.Leg]++
		case call.DialEnded:
			ended[ev.Leg]++
		default:
		}
	}
	for _, l := range s.legs {
		if l.agent == "" && (dialled[l.id] != 1 || ended[l.id] != 1) {
			w.fault("%s was dialled %d times and ended %d times", l.id, dialled[l.id], ended[l.id])
		}
	}
}
