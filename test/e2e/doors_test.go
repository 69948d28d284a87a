package e2e

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/configs/prompts"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// The numbers of the further lines of these tests.
const (
	messageLine = "95011" // closed, takes messages
	shutLine    = "95012" // closed, takes none
	narrowLine  = "95013" // one may wait, others leave a message
)

// shut closes a line whatever the clock says: the days around now are holidays.
func shut(c *configs.Config, l *configs.Line) {
	now := time.Now()
	c.Holidays = []configs.Holiday{{
		Date:  configs.Date(now.AddDate(0, 0, -2).Format(time.DateOnly)),
		Until: configs.Date(now.AddDate(0, 0, 2).Format(time.DateOnly)),
	}}
	l.Hours = []configs.Opening{{Days: 1 << configs.Monday, From: 0, To: configs.EndOfDay}}
}

// when waits until the ledger has an event of a kind for a caller's call.
func when(h *house.House, number string, kind call.Kind) call.Event {
	h.T.Helper()
	var found call.Event
	defer func() {
		if found.Kind == "" {
			for _, e := range h.Events() {
				h.T.Logf("%+v", e)
			}
		}
	}()
	h.Until(string(kind)+" of "+number, func() bool {
		events := h.Events()
		i := slices.IndexFunc(events, func(e call.Event) bool { return e.Kind == call.Arrived && e.Number == number })
		if i < 0 {
			return false
		}
		j := slices.IndexFunc(events, func(e call.Event) bool { return e.Kind == kind && e.Call == events[i].Call })
		if j >= 0 {
			found = events[j]
		}
		return j >= 0
	})
	return found
}

func press(h *house.House, leg *phonesim.Leg, keys string) {
	h.T.Helper()
	if err := leg.Press(keys); err != nil {
		h.T.Fatal(err)
	}
}

// lengthOf is how long a prompt lasts.
func lengthOf(t *testing.T, prompt string) time.Duration {
	t.Helper()
	raw, err := prompts.Sound("zh-CN", prompt)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(len(raw)) * time.Second / 8000
}

// compareMessage holds a message against the recording of its call: the caller speaks within
// its span, and it begins when the prompt is over.
//
// Who pressed a key is not heard under it, so his recording is not held against his words
// to the window.
func compareMessage(h *house.House, s *house.Story, pressed bool, prompt string) {
	t := h.T
	t.Helper()
	if !pressed {
		h.CompareRecording(s)
	}
	m, begun := s.One(t, call.Messaged), s.One(t, call.MessageBegun)
	if m.Offset != begun.Offset || m.Number != s.Caller.Party {
		t.Errorf("message %+v, begun as %+v", m, begun)
	}
	rec := s.One(t, call.Recorded).Recording
	if rec == nil {
		return
	}
	sound, length := house.Codes(t, filepath.Join(h.Config.Recordings.Dir, filepath.FromSlash(rec.Path)))
	from, to := m.Offset.Duration(), (m.Offset + m.Held).Duration()
	said := sound[0][s.Caller.Tone]
	if said.First > from || said.Last+house.Window < min(to, length) || to > length+200*time.Millisecond || from >= to {
		t.Errorf("message of %s from %v to %v, he is heard from %v to %v of %v",
			s.Caller.Party, from, to, said.First, said.Last, length)
	}
	if prompt != "" {
		if d := (from - lengthOf(t, prompt)).Abs(); d > 400*time.Millisecond {
			t.Errorf("message of %s begins after %v, the prompt lasts %v", s.Caller.Party, from, lengthOf(t, prompt))
		}
	}
}

// TestS11MessagesOnARealSwitch: outside the hours a caller leaves a message and ends it by
// key; one by hanging up; one says nothing and is refused; a line without messages lets go.
func TestS11MessagesOnARealSwitch(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) {
		addLine(c, messageLine, "a", nop)
		addLine(c, shutLine, "b", nop)
		shut(c, &c.Lines[1])
		shut(c, &c.Lines[2])
		c.Lines[1].Messages = []configs.Occasion{"closed"}
	})
	h.Until("Asterisk is connected", func() bool { return h.Live().Health.OK })
	byKey := dial(h, messageLine, phonesim.CallOptions{From: house.Number(0)})
	byHangUp := dial(h, messageLine, phonesim.CallOptions{From: house.Number(1)})
	silent := dial(h, messageLine, phonesim.CallOptions{From: house.Number(2), Patience: time.Second})
	turned := dial(h, shutLine, phonesim.CallOptions{From: house.Number(3)})
	when(h, house.Number(0), call.MessageBegun)
	when(h, house.Number(1), call.MessageBegun)
	pass(t, 4*time.Second)
	press(h, byKey, "#")
	byHangUp.Hangup()
	h.Over(byKey, byHangUp, silent, turned)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	for number, want := range map[string]call.Ending{
		house.Number(0): {Class: call.ClassMessage, Reason: call.Closed},
		house.Number(1): {Class: call.ClassMessage, Reason: call.Closed},
		house.Number(2): {Class: call.ClassRefused, Reason: call.Closed},
		house.Number(3): {Class: call.ClassRefused, Reason: call.Closed},
	} {
		s := all[number]
		if e := s.One(t, call.Ended).Ending; e != want {
			t.Errorf("call of %s ended %v, want %v", number, e, want)
		}
		if want.Class == call.ClassMessage {
			compareMessage(h, s, number == house.Number(0), prompts.MessageClosed)
		} else {
			h.CompareRecording(s)
		}
	}
	if d := all[house.Number(3)].Caller; d.EndedBy != phonesim.SideRemote {
		t.Errorf("the line without messages did not hang up: %+v", d)
	}
	for _, l := range h.Report(events).Lines {
		if l.Line == messageLine && (l.Messages != 2 || l.Closed != 3) || l.Line == shutLine && l.Closed != 1 {
			t.Errorf("line %+v", l)
		}
	}
}

func nop(*configs.Queue) {}

// TestS11MessageFromTheQueue: who finds the queue full leaves a message at once, who waits
// in it asks for it by key, and neither is an abandon.
func TestS11MessageFromTheQueue(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) {
		addLine(c, narrowLine, "narrow", func(q *configs.Queue) { q.MaxWaiting = 1 })
		c.Lines[1].Messages = []configs.Occasion{"queue_full", "on_wish"}
	})
	h.Until("Asterisk is connected", func() bool { return h.Live().Health.OK })
	waits := dial(h, narrowLine, phonesim.CallOptions{From: house.Number(0)})
	when(h, house.Number(0), call.Queued)
	full := dial(h, narrowLine, phonesim.CallOptions{From: house.Number(1)})
	when(h, house.Number(1), call.MessageBegun)
	press(h, waits, "2")
	when(h, house.Number(0), call.MessageBegun)
	pass(t, 3*time.Second)
	waits.Hangup()
	full.Hangup()
	h.Over(waits, full)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	for number, want := range map[string]call.Reason{house.Number(0): call.OnWish, house.Number(1): call.QueueFull} {
		s := all[number]
		if e := s.One(t, call.Ended).Ending; e != (call.Ending{Class: call.ClassMessage, Reason: want}) {
			t.Errorf("call of %s ended %v, want a message for %s", number, e, want)
		}
		if m := s.One(t, call.Messaged); m.Queue != "narrow" {
			t.Errorf("message of %s is of queue %q", number, m.Queue)
		}
		compareMessage(h, s, want == call.OnWish, "")
	}
	f := h.Report(events).Total.Figures
	if f.Offered != 2 || f.ToMessage != 1 || f.Overflowed != 1 || f.Abandoned+f.Short != 0 {
		t.Errorf("figures %+v", f)
	}
}

// TestS104SurveyAfterTheTalk: the agent hangs up, the callers answer 5 and 1 by key, and the
// talk ended with the agent. The notice of recording is heard before the queue.
func TestS104SurveyAfterTheTalk(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) {
		c.Lines[0].RecordingNotice = prompts.RecordingNotice
		c.Queues[0].Survey = configs.Survey{Prompt: "survey", Percent: 100}
	})
	h.Agent(0, func(phonesim.Offer) phonesim.Action {
		return phonesim.Answer(200*time.Millisecond, 1500*time.Millisecond)
	})
	for i, keys := range []string{"5", "91"} { // a wrong key is asked again
		number := house.Number(i)
		leg := h.Call(phonesim.CallOptions{From: number})
		when(h, number, call.SurveyBegun)
		pass(t, time.Second)
		press(h, leg, keys)
		h.Over(leg)
	}
	all := house.Stories(t, h.Settle(), h.Sim.Ledger())
	for i, score := range []int{5, 1} {
		s := all[house.Number(i)]
		if got := s.One(t, call.Surveyed); got.Score != score || string(got.Agent) != h.Asterisk.Agents[0].Name {
			t.Errorf("survey of %s: %+v, want %d", s.Caller.Party, got, score)
		}
		if e := s.One(t, call.Ended); e.Ending.Reason != call.AgentHungUp || e.By != call.ByAgent {
			t.Errorf("call of %s ended %v by %s", s.Caller.Party, e.Ending, e.By)
		}
		agent := s.Offers[0]
		talk := s.One(t, call.TalkEnded).Talk.Duration()
		if d := (talk - agent.Ended.Sub(agent.Answered)).Abs(); d > 50*time.Millisecond {
			t.Errorf("talk of %v, the phone says %v", talk, agent.Ended.Sub(agent.Answered))
		}
		told := s.One(t, call.Queued).At.Sub(s.One(t, call.Arrived).At)
		if d := (told - lengthOf(t, prompts.RecordingNotice)).Abs(); d > 400*time.Millisecond {
			t.Errorf("queued after %v, the notice lasts %v", told, lengthOf(t, prompts.RecordingNotice))
		}
	}
}

// TestS11MessageSpokenThroughARestart: the hotline is ended and started again in the middle
// of a message. The caller hears nothing of it, and the message is one, with its whole span.
func TestS11MessageSpokenThroughARestart(t *testing.T) {
	h := house.Open(t, 1, func(c *configs.Config) {
		addLine(c, messageLine, "a", nop)
		shut(c, &c.Lines[1])
		c.Lines[1].Messages = []configs.Occasion{"closed"}
	})
	h.Until("Asterisk is connected", func() bool { return h.Live().Health.OK })
	leg := dial(h, messageLine, phonesim.CallOptions{From: house.Number(0)})
	begun := when(h, house.Number(0), call.MessageBegun)
	if err := h.StopApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	pass(t, 2*time.Second)
	if err := h.StartApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Until("the call is taken up", func() bool {
		calls := h.Live().Calls
		return len(calls) == 1 && calls[0].Stage == "message"
	})
	pass(t, time.Second)
	leg.Hangup()
	h.Over(leg)
	s := house.Stories(t, h.Settle(), h.Sim.Ledger())[house.Number(0)]
	compareMessage(h, s, false, prompts.MessageClosed)
	m := s.One(t, call.Messaged)
	if said := leg.Record().Ended.Sub(begun.At); (said - m.Held.Duration()).Abs() > 100*time.Millisecond {
		t.Errorf("the message lasts %v, he spoke for %v", m.Held.Duration(), said)
	}
	if e := s.One(t, call.Ended).Ending; e != (call.Ending{Class: call.ClassMessage, Reason: call.Closed}) {
		t.Errorf("ended %v", e)
	}
}
