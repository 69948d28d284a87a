package sim

import (
	"context"
	"time"

	"hotline/call"
	"hotline/reports"
)

// judge holds the house against the world when everything is over.
func (w *world) judge() {
	w.nothingLeft()
	w.mu.Lock()
	defer w.mu.Unlock()
	told := map[call.ID][]call.Event{}
	for _, ev := range w.events {
		told[ev.Call] = append(told[ev.Call], ev)
	}
	for _, s := range w.order {
		w.judgeCall(s, told[s.id])
	}
	if w.control == 0 {
		w.inOrder() // who is called for by name passes others
	}
	w.figures()
}

// nothingLeft holds that no flow, leg, bridge or caller is left and every agent can be rung.
func (w *world) nothingLeft() {
	snap, err := w.acd.Snapshot(context.Background())
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.fault("snapshot: %v", err)
	}
	for _, st := range w.flows.Calls() {
		w.fault("call %s is left in %s since %v", st.Call, st.Stage, st.Since)
	}
	for _, l := range w.legs {
		w.fault("leg %s is left, state %d, dropped %v, orders to end it %d", l.id, l.state, !l.dropped.IsZero(), l.hangUps)
	}
	for id := range w.bridges {
		if !w.broken() {
			w.fault("bridge %s is left", id)
		}
	}
	for _, q := range snap.Queues {
		for _, c := range q.Callers {
			w.fault("the engine still knows %s in %s", c.Call, q.ID)
		}
	}
	for _, a := range snap.Agents {
		if a.State != call.Ready || a.Resting {
			w.fault("agent %s is stuck: %s since %v, resting %v, call %s", a.ID, a.State, a.Since, a.Resting, a.Call)
		}
	}
	if s := snap.Stats; !w.broken() && !w.lossy() && s.ForcedLegs+s.ForcedTalks > 0 {
		w.fault("forced: %+v", s)
	}
}

// judgeCall holds one call against what the world saw of it.
func (w *world) judgeCall(s *story, told []call.Event) {
	if s.arrived.IsZero() {
		if len(told) > 0 {
			w.fault("%s never reached the house and has %d events", s.id, len(told))
		}
		return
	}
	var arrived, ended []call.Event
	offers := map[call.OfferID]*offer{}
	for _, ev := range told {
		switch ev.Kind {
		case call.Arrived:
			arrived = append(arrived, ev)
		case call.Ended:
			ended = append(ended, ev)
		case call.Offered, call.OfferEnded, call.Answered, call.Connected, call.TalkEnded:
			if offers[ev.Offer] == nil {
				offers[ev.Offer] = &offer{}
			}
			offers[ev.Offer].take(ev)
		case call.LeftQueue:
			if s.goodbye {
				s.expired = ev.Outcome
			}
		default: // the figures count them
		}
	}
	if len(arrived) != 1 || len(ended) != 1 || s.recBegun != 1 || s.recEnded != 1 {
		w.fault("%s arrived %d times, ended %d times, recording begun %d and ended %d times",
			s.id, len(arrived), len(ended), s.recBegun, s.recEnded)
		return
	}
	w.judgeEnd(s, ended[0])
	w.judgeHolds(s, told)
	w.judgeOutside(s, told)
	for id, o := range offers {
		w.judgeOffer(s, id, o)
	}
	for _, l := range s.legs {
		if offers[call.OfferID(l.id)] == nil && l.agent != "" {
			w.fault("%s has no offer", l.id)
		}
	}
}

// judgeEnd: the end of the call is when the caller hung up, for ledger and recording.
func (w *world) judgeEnd(s *story, ended call.Event) {
	lost := ended.Ending.Reason == call.Lost || s.recEnd.IsZero()
	switch {
	case lost && w.late == 0:
		w.fault("%s is lost in a world that loses nothing", s.id)
	case lost:
		return
	case !s.recEnd.Equal(s.caller.ended):
		w.fault("%s: recording ends at %v, the caller left at %v", s.id, s.recEnd, s.caller.ended)
	}
	w.punctual(s, "ended", s.caller.ended, s.caller.heardGone, ended.At)
	if w.late == 0 && w.latency == 0 && w.control == 0 && ended.Ending != w.ending(s) {
		w.fault("%s ended as %v, the world saw %v", s.id, ended.Ending, w.ending(s))
	}
}

// ending is what a calm world saw.
func (w *world) ending(s *story) call.Ending {
	left := s.caller.ended
	for _, l := range s.legs {
		if l.current() {
			if s.turnedAway {
				return call.Ending{Class: call.ClassAnswered, Reason: call.AgentHungUp}
			}
			return call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}
		}
	}
	_, known := lines[s.line]
	switch {
	case !known:
		return call.Ending{Class: call.ClassRefused, Reason: call.UnknownLine}
	case s.expired != "":
		return call.RefusedFrom(s.expired)
	case s.queued.IsZero():
		return call.Ending{Class: call.ClassAbandoned, Reason: call.HungUpInGreeting}
	}
	for _, l := range s.legs {
		if l.born.Before(left) && !l.ended.Before(left) {
			return call.Ending{Class: call.ClassAbandoned, Reason: call.HungUpWhileRinged}
		}
	}
	return call.Ending{Class: call.ClassAbandoned, Reason: call.HungUpInQueue}
}

// current says that the phone was picked up while the offer stood: before the caller left
// and before the phone was told to stop.
func (l *leg) current() bool {
	up := l.heardUp
	before := func(t time.Time) bool { return t.IsZero() || up.Before(t) }
	return !up.IsZero() && before(l.story.caller.heardGone) && before(l.dropped) && before(l.heardGone)
}

// punctual holds that the ledger's time is that at which the house was told, but for the
// time in which the flow waited for a command: it may do one thing at a time. A look may tell
// it before the event does, but not before it was so.
func (w *world) punctual(s *story, what string, was, heard, at time.Time) {
	if at.Before(call.Stamp(was)) && !w.broken() {
		w.fault("%s %s at %v, in truth at %v", s.id, what, at, was)
	}
	if heard.IsZero() {
		if !w.lossy() {
			w.fault("%s %s at %v and the world never said so", s.id, what, at)
		}
		return
	}
	if heard.Before(s.arrived) {
		return // overtook the arrival, when nobody knew the call
	}
	late := at.Sub(call.Stamp(heard))
	waited := s.waited(heard, at.Add(call.Precision))
	if waited > 0 {
		waited += call.Precision
	}
	if late > waited {
		w.fault("%s %s %v after the world said so, of which the flow waited %v", s.id, what, late, waited)
	}
}

// offer is what the ledger tells of one.
type offer struct {
	offered, ended, answered, connected, over int
	endedEv, answeredEv, overEv               call.Event
}

func (o *offer) take(ev call.Event) {
	switch ev.Kind {
	case call.Offered:
		o.offered++
	case call.OfferEnded:
		o.ended++
		o.endedEv = ev
	case call.Answered:
		o.answered++
		o.answeredEv = ev
	case call.Connected:
		o.connected++
	default:
		o.over++
		o.overEv = ev
	}
}

// judgeOffer holds one offer against the leg of the same name.
func (w *world) judgeOffer(s *story, id call.OfferID, o *offer) {
	if o.offered != 1 || o.ended+o.answered != 1 || o.over != o.answered || o.connected > o.answered {
		w.fault("%s was offered %d, ended %d, answered %d, connected %d, over %d times",
			id, o.offered, o.ended, o.answered, o.connected, o.over)
		return
	}
	var l *leg
	for _, each := range s.legs {
		if each.id == call.LegID(id) {
			l = each
		}
	}
	switch {
	case l == nil:
		if o.answered > 0 {
			w.fault("%s was answered and has no leg", id)
		}
		if o.endedEv.Outcome == call.NoAnswer && !w.broken() {
			w.fault("%s rang out, and no phone rang", id)
		}
		return
	case o.answered > 0 && l.picked.IsZero():
		w.fault("%s was answered and nobody picked up", id)
	case (o.connected > 0) != (!l.joined.IsZero() && !l.liedJoin):
		w.fault("%s: connected %d times, joined %v, with a false report %v", id, o.connected, l.joined, l.liedJoin)
	case w.late == 0 && (o.answered > 0) != l.current():
		w.fault("%s: answered %d times, the world says %v", id, o.answered, l.current())
	}
	if o.answered == 0 {
		return
	}
	w.punctual(s, "answered "+string(id), l.picked, l.heardUp, o.answeredEv.At)
	w.punctual(s, "talk over "+string(id), l.ended, l.heardGone, o.overEv.At)
	if got, want := o.overEv.Talk, call.Between(o.answeredEv.At, o.overEv.At); got != want {
		w.fault("%s: talk of %d ms, from answer to end %d", id, got, want)
	}
}

// inOrder holds that nobody is offered an agent while somebody waits in the same queue who
// entered it before.
func (w *world) inOrder() {
	lines := map[call.QueueID][]call.ID{}
	rung := map[call.ID]bool{}
	remove := func(ev call.Event) {
		for i, id := range lines[ev.Queue] {
			if id == ev.Call {
				lines[ev.Queue] = append(lines[ev.Queue][:i:i], lines[ev.Queue][i+1:]...)
				return
			}
		}
	}
	for _, ev := range w.events {
		switch ev.Kind {
		case call.Queued:
			lines[ev.Queue] = append(lines[ev.Queue], ev.Call)
		case call.Offered:
			for _, id := range lines[ev.Queue] {
				if id == ev.Call {
					break
				}
				if !rung[id] {
					w.fault("%s is offered %s, and %s has waited longer in %s", ev.Call, ev.Agent, id, ev.Queue)
				}
			}
			rung[ev.Call] = true
		case call.OfferEnded:
			rung[ev.Call] = false
		case call.Answered, call.LeftQueue:
			remove(ev)
		default:
		}
	}
}

// figures holds the report against the world's own count.
func (w *world) figures() {
	rep, err := reports.Recompute(w.events, reports.Spec{
		Period: reports.Interval{Start: w.order[0].caller.born.Add(-24 * time.Hour), End: time.Now().Add(time.Hour)},
		Grid:   reports.Grid{Step: reports.Day, Zone: time.UTC},
		Rules:  reports.DefaultRules(),
	})
	if err != nil {
		w.fault("report: %v", err)
		return
	}
	f := rep.Total.Figures
	var offered, surely, perhaps int64
	for _, s := range w.order {
		if !s.queued.IsZero() {
			offered++
		}
		joined, picked := false, false
		for _, l := range s.legs {
			joined = joined || !l.joined.IsZero()
			picked = picked || !l.picked.IsZero()
		}
		switch {
		case joined:
			surely++
		case picked:
			perhaps++
		}
	}
	if err := f.Check(); err != nil {
		w.fault("figures: %v", err)
	}
	if f.Waiting != 0 || f.Lost != 0 || rep.Contradictions != 0 || f.Handled != f.Talks {
		w.fault("figures %+v, %d contradictions", f, rep.Contradictions)
	}
	if w.control > 0 {
		return // a call may be offered several times, and who was asked is in no queue's figures
	}
	if f.Offered != offered || f.Answered < surely || f.Answered > surely+perhaps || f.Talks != f.Answered {
		w.fault("figures %+v, %d contradictions; the world saw %d in queues, %d joined, %d more picked up",
			f, rep.Contradictions, offered, surely, perhaps)
	}
	w.t.Logf("%d calls, %d offered, %d answered, %d abandoned, %d short, %d timed out, %d overflowed, %d left empty; "+
		"excused %d", len(w.order), f.Offered, f.Answered, f.Abandoned, f.Short, f.TimedOut, f.Overflowed, f.LeftEmpty,
		w.excused)
}
