package e2e

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/configs/prompts"
	"hotline/internal/demo"
	"hotline/internal/phonesim"
	"hotline/test/house"
	"hotline/web"
)

// The numbers of the further lines of these tests.
const (
	helpedLine = "95002"
	fullLine   = "95003"
	emptyLine  = "95004"
)

// keyNumber is the number of a key account.
const keyNumber = "13899990001"

// addLine adds a queue like the first one with a line of its own.
func addLine(c *configs.Config, number string, id call.QueueID, change func(*configs.Queue)) {
	q, l := c.Queues[0], c.Lines[0]
	q.ID, q.Name = id, string(id)
	l.Number, l.Name, l.Queue = number, "", id
	change(&q)
	c.Queues, c.Lines = append(c.Queues, q), append(c.Lines, l)
}

// dial calls one of the lines.
func dial(h *house.House, line string, o phonesim.CallOptions) *phonesim.Leg {
	h.T.Helper()
	o.To = "sip:" + line + "@" + h.Asterisk.TrunkAddr
	leg, err := h.Sim.Call(h.T.Context(), o)
	if err != nil {
		h.T.Fatal(err)
	}
	return leg
}

// desk is an agent's phone that picks up at once and keeps what it was offered.
type desk struct {
	h      *house.House
	id     call.AgentID
	offers chan phonesim.Offer
}

func newDesk(h *house.House, i int, talk time.Duration) *desk {
	d := &desk{h: h, id: call.AgentID(h.Asterisk.Agents[i].Name), offers: make(chan phonesim.Offer, 16)}
	h.Agent(i, func(o phonesim.Offer) phonesim.Action {
		d.offers <- o
		return phonesim.Answer(100*time.Millisecond, talk)
	})
	return d
}

func (d *desk) set(state call.AgentState) {
	d.h.T.Helper()
	if err := d.h.App.SetAgent(d.h.T.Context(), d.id, state, ""); err != nil {
		d.h.T.Fatal(err)
	}
	d.h.Until(string(d.id)+" is "+string(state), func() bool { return d.h.State(d.id) == state })
}

// rung is the next offer to the phone.
func (d *desk) rung() phonesim.Offer {
	d.h.T.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	select {
	case o := <-d.offers:
		return o
	case <-limit.C:
		d.h.T.Fatalf("the phone of %s does not ring", d.id)
		return phonesim.Offer{}
	}
}

// found is the running call of a number in the live view.
func found(h *house.House, number string) web.LiveCall {
	h.T.Helper()
	for _, c := range h.Live().Calls {
		if c.Number == number {
			return c
		}
	}
	return web.LiveCall{}
}

// TestS5KeyAccountGoesToTheSenior: two levels of agents and a key account. It reaches the
// senior while one is there; without one it reaches the junior after the widening, and
// ledger, live view and phone show whom he has. Others go to the junior, so that the senior
// stays free. The junior's phone is asked to pick up by itself, as the settings say.
func TestS5KeyAccountGoesToTheSenior(t *testing.T) {
	const widen = 1500 * time.Millisecond
	h := house.Open(t, 2, func(c *configs.Config) {
		q := &c.Queues[0]
		q.Skill, q.Widen = "complaints", []configs.Widen{{After: widen, Level: "junior"}}
		c.Agents[0].Skills = map[string]configs.Level{"complaints": "junior"}
		c.Agents[1].Skills = map[string]configs.Level{"complaints": "senior"}
		c.Agents[0].AutoAnswer = true
		c.Grades = []configs.Grade{
			{ID: "key-account", Name: "大用户", Level: "senior", Priority: 2, Numbers: []string{"1389999*"}},
		}
	})
	junior, senior := newDesk(h, 0, 0), newDesk(h, 1, 0)

	first := h.Call(phonesim.CallOptions{From: keyNumber, Talk: time.Second})
	if o := senior.rung(); o.Name != "大用户 "+keyNumber || o.From != keyNumber || o.Header("Call-Info") != "" {
		t.Errorf("the senior's phone shows %q %q, Call-Info %q", o.Name, o.From, o.Header("Call-Info"))
	}
	h.Heard(first)
	if c := found(h, keyNumber); c.Grade != "key-account" || c.GradeName != "大用户" || c.Below || c.Agent != senior.id {
		t.Errorf("live view %+v, want the key account with the senior", c)
	}
	h.Over(first)

	h.Until("the senior is ready again", func() bool { return h.State(senior.id) == call.Ready })
	plain := h.Call(phonesim.CallOptions{From: house.Number(1), Talk: time.Second})
	o := junior.rung()
	if o.From != house.Number(1) || o.Name != "" || !strings.Contains(o.Header("Call-Info"), "answer-after=0") ||
		!strings.Contains(o.Header("Alert-Info"), "alert-autoanswer") {
		t.Errorf("the junior's phone shows %q %q, Call-Info %q, Alert-Info %q",
			o.Name, o.From, o.Header("Call-Info"), o.Header("Alert-Info"))
	}
	h.Over(plain)

	senior.set(call.Break)
	h.Until("the junior is ready again", func() bool { return h.State(junior.id) == call.Ready })
	const second = "13899990002"
	late := h.Call(phonesim.CallOptions{From: second, Talk: time.Second})
	h.Until("the key account waits", func() bool { return found(h, second).Stage == "waiting" })
	if c := found(h, second); c.Below {
		t.Errorf("live view %+v, want no flag before a junior is rung", c)
	}
	junior.rung()
	h.Heard(late)
	if c := found(h, second); !c.Below || c.GradeName != "大用户" || c.Agent != junior.id {
		t.Errorf("live view %+v, want the flag: a junior has the key account", c)
	}
	h.Over(late)

	all := house.Stories(t, h.Settle(), h.Sim.Ledger())
	for number, want := range map[string]struct {
		grade string
		agent call.AgentID
		below bool
	}{
		keyNumber: {"key-account", senior.id, false}, house.Number(1): {"", junior.id, false},
		second: {"key-account", junior.id, true},
	} {
		s := all[number]
		a := s.One(t, call.Answered)
		if grade := s.One(t, call.Arrived).Grade; grade != want.grade || a.Agent != want.agent || a.Below != want.below {
			t.Errorf("%s: grade %q, agent %s, below %t; want %+v", number, grade, a.Agent, a.Below, want)
		}
		house.CompareCall(t, s)
	}
	if wait := all[second].One(t, call.Answered).Wait.Duration(); wait < widen {
		t.Errorf("a junior has the key account after %v, before the widening at %v", wait, widen)
	}
}

// TestS8CallersAreSentAwayWithTheReason: a queue that is full and one where nobody is signed
// in let callers go with a goodbye, and the ledger holds why (S17: they could not get in). A
// queue without anybody gets help from another after a while.
func TestS8CallersAreSentAwayWithTheReason(t *testing.T) {
	const help = time.Second
	h := house.Open(t, 1, func(c *configs.Config) {
		addLine(c, helpedLine, "helped", func(q *configs.Queue) {
			q.Help = []configs.Help{{After: help, Queue: demo.Queue}}
		})
		addLine(c, fullLine, "full", func(q *configs.Queue) { q.MaxWaiting = 1 })
		addLine(c, emptyLine, "empty", func(q *configs.Queue) { q.EmptyAfter = 500 * time.Millisecond })
	})
	newDesk(h, 0, 0)
	const waits, full, empty, helped = "13800000001", "13800000002", "13800000003", "13800000004"
	patient := dial(h, fullLine, phonesim.CallOptions{From: waits})
	h.Until("the queue is full", func() bool { return found(h, waits).Stage == "waiting" })
	sent := []*phonesim.Leg{
		dial(h, fullLine, phonesim.CallOptions{From: full}), dial(h, emptyLine, phonesim.CallOptions{From: empty}),
	}
	lucky := dial(h, helpedLine, phonesim.CallOptions{From: helped, Talk: time.Second})
	h.Over(append(sent, lucky)...)
	patient.Hangup()
	h.Over(patient)

	all := house.Stories(t, h.Settle(), h.Sim.Ledger())
	raw, err := prompts.Sound("zh-CN", "goodbye-busy")
	if err != nil {
		t.Fatal(err)
	}
	goodbye := time.Duration(len(raw)) * time.Second / 8000
	for number, want := range map[string]struct {
		outcome call.Outcome
		reason  call.Reason
	}{full: {call.Overflowed, call.QueueFull}, empty: {call.LeftEmpty, call.NoAgents}} {
		s := all[number]
		left, end := s.One(t, call.LeftQueue), s.One(t, call.Ended)
		if left.Outcome != want.outcome || end.Ending != (call.Ending{Class: call.ClassRefused, Reason: want.reason}) {
			t.Errorf("%s: left %q, ended %+v; want %+v", number, left.Outcome, end.Ending, want)
		}
		if heard := end.At.Sub(left.At); heard < goodbye {
			t.Errorf("%s is hung up on %v after he was sent away, the goodbye lasts %v", number, heard, goodbye)
		}
		if r := s.One(t, call.Recorded).Recording; r == nil || r.Length.Duration() < goodbye {
			t.Errorf("recording of %s: %+v, want the goodbye in it", number, r)
		}
	}
	if out := all[waits].One(t, call.LeftQueue).Outcome; out != call.Abandoned {
		t.Errorf("who waited in the full queue left as %q, want abandoned", out)
	}
	a := all[helped].One(t, call.Answered)
	if a.Queue != "helped" || a.Wait.Duration() < help {
		t.Errorf("helped after %v in queue %s, want %v or more in his own queue", a.Wait.Duration(), a.Queue, help)
	}
}

// TestPeers11RedialerHasHisAgentAndHisPlace: who redials after a talk reaches the agent he
// talked with, though another has been idle for longer; who gave up while he waited has his
// place again, and his wait counts anew.
func TestPeers11RedialerHasHisAgentAndHisPlace(t *testing.T) {
	h := house.Open(t, 2, func(c *configs.Config) {
		q := &c.Queues[0]
		q.WrapUp, q.StickyFor, q.StickyWait, q.ResumePlace = 0, 10*time.Minute, 5*time.Second, time.Minute
	})
	one, two := newDesk(h, 0, 300*time.Millisecond), newDesk(h, 1, 300*time.Millisecond)
	const sticky, gaveUp, behind = "13800000001", "13800000002", "13800000003"
	for range 3 { // each talk makes the other one idle for longer
		h.Over(h.Call(phonesim.CallOptions{From: sticky}))
		h.Until("all calls are over", func() bool { return len(h.Live().Calls) == 0 })
		one.rung()
	}

	one.set(call.Break)
	two.set(call.Break)
	wait := func(number string) *phonesim.Leg {
		leg := h.Call(phonesim.CallOptions{From: number})
		h.Until(number+" waits", func() bool { return found(h, number).Stage == "waiting" })
		return leg
	}
	first := wait(gaveUp)
	other := wait(behind)
	first.Hangup()
	h.Over(first)
	h.Until("he has left", func() bool { return found(h, gaveUp).Number == "" })
	again := wait(gaveUp)
	two.set(call.Ready)
	for i, want := range []string{gaveUp, behind} {
		if o := two.rung(); o.From != want {
			t.Errorf("call %d is %s, want %s", i+1, o.From, want)
		}
	}
	h.Over(again, other)

	var entries []call.Event // of the one who gave up
	calls := map[call.ID]bool{}
	for _, e := range h.Settle() {
		switch {
		case e.Kind == call.Arrived && e.Number == gaveUp:
			calls[e.Call] = true
		case e.Kind == call.Queued && calls[e.Call]:
			entries = append(entries, e)
		case e.Kind == call.Answered && calls[e.Call] && e.Wait != call.Between(entries[1].Entered, e.At):
			t.Errorf("%+v, want the wait of the second call alone", e)
		}
	}
	if len(entries) != 2 || !entries[0].Place.IsZero() || !entries[1].Place.Equal(entries[0].Entered) ||
		!entries[1].Entered.Equal(entries[1].At) {
		t.Errorf("entries %+v, want the place of the first in the second", entries)
	}
}
