package sim

import (
	"fmt"
	"slices"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
)

// messageKey is by which a caller asks to leave a message.
const messageKey = "9"

// furnish gives the house levels that widen, so that grades mean something.
func (w *world) furnish(d dice) {
	vip := &w.cfg.Queues[2]
	vip.Skill, vip.MinLevel = "vip", 1
	vip.Widen = []acd.Widen{{After: d.between(5*time.Second, 20*time.Second), Level: 0}}
	for i := range w.cfg.Agents {
		w.cfg.Agents[i].Skills = map[acd.Skill]acd.Level{"vip": acd.Level(d.IntN(4))}
	}
}

// furnishLine gives a line hours and messages, and its queue a survey.
func (w *world) furnishLine(line *callflow.Line, room *callflow.Room) {
	d := w.chance.of("line", line.Number)
	queue, closed := line.Queue, d.Float64()*0.3
	line.Notice = "sound:recorded"
	line.Hours = func(now time.Time) (call.QueueID, bool) {
		return queue, now.Minute()%10 >= int(10*closed)
	}
	line.Closed = "sound:closed"
	line.Message = callflow.Message{
		Prompts: map[call.Reason]string{}, Key: messageKey, Max: d.between(5*time.Second, time.Minute),
		Thanks: "sound:thanks",
	}
	for _, why := range []call.Reason{call.Closed, call.QueueFull, call.NoAgents, call.WaitedTooLong, call.OnWish} {
		if d.happens(0.7) {
			line.Message.Prompts[why] = "sound:speak"
		}
	}
	room.Survey = callflow.Survey{Prompt: "sound:how-was-it", Percent: d.IntN(100), Thanks: "sound:thanks"}
}

// standing is a grade, an agent he knows, or the place he had.
func (w *world) standing(a callflow.Arrival, queue call.QueueID) callflow.Standing {
	d := w.chance.of("standing", string(a.Call), string(queue))
	s := callflow.Standing{Priority: max(0, d.IntN(8)-5)}
	if queue == w.cfg.Queues[2].ID {
		s.Level = acd.Level(d.IntN(4))
	}
	if d.happens(0.2) {
		s.Prefer, s.PreferFor = one(d, w.cfg.Agents...).ID, d.between(0, 10*time.Second)
	}
	if d.happens(0.05) {
		s.Place = time.Now().Add(-d.between(0, time.Minute))
	}
	return s
}

// press is a caller who presses keys, whether anybody asked for them or not.
func (w *world) press(s *story) {
	d := w.chance.of("keys", string(s.id))
	for i := range d.IntN(4) {
		key := one(d, messageKey, "#", "5", "1", "0", "*")
		w.in(d.about(30*time.Second), func() {
			if s.caller.state == gone {
				return
			}
			w.tell(s.caller, fmt.Sprint("key ", s.id, i), nil, func() {
				w.flows.Deliver(s.id, callflow.KeyPressed{Leg: s.caller.id, Key: key})
			})
		})
	}
}

// nobodyAlone holds that nobody talks with nobody: where a call is said to be a talk, and the
// last other party has gone, the caller is soon with somebody else, in a queue, or told that
// it is over.
func (w *world) nobodyAlone() {
	calls := w.flows.Calls()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range calls {
		s := w.stories[c.Call]
		others := slices.ContainsFunc(s.legs, func(l *leg) bool { return l.state != gone })
		if c.Stage != callflow.Talking || others || s.caller.state == gone {
			delete(w.alone, c.Call)
			continue
		}
		since, known := w.alone[c.Call]
		if !known {
			w.alone[c.Call] = time.Now()
		} else if alone := time.Since(since); alone > w.silence()+time.Second {
			w.fault("%s has been talking with nobody for %v", c.Call, alone)
		}
	}
}
