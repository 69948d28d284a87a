package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// S13: an agent calls a user over the recorded line. Both are heard in the recording, each on
// his side, from the first second to the last, and the agent's talk is his phone's.
func TestS13AgentDialsOutAndIsRecorded(t *testing.T) {
	d := openOffice(t, 2, nil)
	customer := d.outside("13900000001", phonesim.Answer(1500*time.Millisecond, 0))
	if status, text := d.post("/api/v1/agents/a1001/state", `{"state":"break","reason":"用餐"}`); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	d.Until("the agent is on a break", func() bool { return d.State("a1001") == call.Break })
	id := d.dialOut("a1001", "13900000001")
	d.Until("the customer answers", func() bool {
		calls := customer.Calls()
		return len(calls) == 1 && !calls[0].Record().Answered.IsZero()
	})
	his, agent := customer.Calls()[0], d.leg(0)
	if n := agent.Record().RTP.Received; n < 50 {
		t.Errorf("the agent had %d packets while the number rang for 1.5 s: does he hear the tone?", n)
	}
	d.hears(his, agent)
	d.hears(agent, his)
	c := d.one()
	if !c.Outbound || c.ID != id || c.Number != "13900000001" || c.Agent != "a1001" || c.Stage != "talking" {
		t.Errorf("live %+v", c)
	}
	if r := his.Record(); r.Peer != "95001" {
		t.Errorf("the customer sees %q", r.Peer)
	}
	d.do(id, "a1001", "hold", "")
	d.Until("the caller is held", func() bool { return d.one().Held })
	d.do(id, "a1001", "resume", "")
	d.hears(his, agent)
	customer.Hangup()
	d.Over(his, agent)
	events := d.Settle()
	d.talks(events)
	ended := of(events, id, call.Ended)
	if len(ended) != 1 || ended[0].Ending != (call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}) {
		t.Errorf("ended %+v", ended)
	}
	if f := d.Report(events).Total.Figures; f.Offered != 0 || f.Answered != 0 {
		t.Errorf("a queue counts the call: %+v", f)
	}
	if got := d.State("a1001"); got != call.Break {
		t.Errorf("after the call the agent is %s, want his break", got)
	}
	d.recorded(events, id, his, agent)
}

// recorded holds the recording of a call that an agent made against both phones.
func (d *office) recorded(events []call.Event, id call.ID, his, agent *phonesim.Leg) {
	d.T.Helper()
	rec := of(events, id, call.Recorded)
	if faults := of(events, id, call.RecordingFault); len(rec) != 1 || len(faults) > 0 {
		d.T.Fatalf("recorded %+v, faults %+v", rec, faults)
	}
	sound, length := house.Codes(d.T, filepath.Join(d.Config.Recordings.Dir, filepath.FromSlash(rec[0].Recording.Path)))
	r, a := his.Record(), agent.Record()
	if off := (length - r.Ended.Sub(r.Answered)).Abs(); off > 100*time.Millisecond {
		d.T.Errorf("recorded %v of %v", length, r.Ended.Sub(r.Answered))
	}
	left, right := sound[0][r.Tone], sound[1][a.Tone]
	if left.First > 200*time.Millisecond || length-left.Last > 200*time.Millisecond {
		d.T.Errorf("the customer is heard from %v to %v of %v", left.First, left.Last, length)
	}
	if right.First > 300*time.Millisecond || right.Windows < 100 {
		d.T.Errorf("the agent is heard from %v, %d windows", right.First, right.Windows)
	}
	if sound[0][a.Tone].Windows > 0 || sound[1][r.Tone].Windows > 0 {
		d.T.Errorf("the sides are mixed up: %+v", sound)
	}
}

func TestS13NumberThatDoesNotAnswer(t *testing.T) {
	d := openOffice(t, 2, nil)
	for number, act := range map[string]phonesim.Action{
		"13900000002": phonesim.Reject(200*time.Millisecond, 486),
		"13900000003": phonesim.Reject(200*time.Millisecond, 603),
	} {
		d.outside(number, act)
	}
	for number, want := range map[string]call.Reason{
		"13900000002": call.NumberBusy, "13900000003": call.NumberRejected, "13900000004": call.NumberUnreachable,
	} {
		id := d.dialOut("a1001", number)
		if ended := d.ended(id); ended.Ending != (call.Ending{Class: call.ClassUnreached, Reason: want}) {
			t.Errorf("%s ended %+v, want %s", number, ended, want)
		}
		d.Until("the agent is ready again", func() bool { return d.State("a1001") == call.Ready })
	}
	d.talks(d.Events())
}

// S13, S14: each rule refuses, by the API and from a phone alike.
func TestS13NumberIsRefusedByEachRule(t *testing.T) {
	d := openOffice(t, 2, func(c *configs.Config) { c.Dialing.MaxPerHour = 1 })
	d.outside("110", phonesim.Answer(100*time.Millisecond, 500*time.Millisecond))
	for number, want := range map[string]string{
		"13900000000": "forbidden", "13800000000": "allowed", "1390000000000000": "at most 15 digits",
		"110@elsewhere": "digits alone", "1001": "a number outside", "7001": "a number outside",
	} {
		status, text := d.post("/api/v1/agents/a1001/calls", `{"number":"`+number+`"}`)
		if status != http.StatusUnprocessableEntity || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %q", number, status, text, want)
		}
	}
	d.dialOut("a1001", "110")
	d.Until("the call is over", func() bool { return len(d.Live().Calls) == 0 })
	d.Until("the agent is ready again", func() bool { return d.State("a1001") == call.Ready })
	if status, text := d.post("/api/v1/agents/a1001/calls", `{"number":"110"}`); status != 422 ||
		!strings.Contains(text, "1 calls within an hour") {
		t.Errorf("second call: %d %s", status, text)
	}
	if status, _ := d.post("/api/v1/agents/nobody/calls", `{"number":"110"}`); status != http.StatusNotFound {
		t.Errorf("an agent who is not known: %d", status)
	}
}

// A call that an agent made goes on when the hotline is started again, with its recording; one
// that was not answered yet is let go.
func TestPeers10CallOutOutlivesTheController(t *testing.T) {
	d := openOffice(t, 2, nil)
	customer := d.outside("13900000001", phonesim.Answer(200*time.Millisecond, 0))
	slow := d.outside("13900000002", phonesim.RingOut())
	id := d.dialOut("a1001", "13900000001")
	d.Until("the customer answers", func() bool {
		calls := customer.Calls()
		return len(calls) == 1 && !calls[0].Record().Answered.IsZero()
	})
	his, agent := customer.Calls()[0], d.leg(0)
	d.hears(agent, his)
	ringing := d.dialOut("a1002", "13900000002")
	d.Until("the other number rings", func() bool { return len(slow.Calls()) == 1 })
	d.Events() // is complete only when the ledger has all of it
	if err := d.StopApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.StartApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := d.ended(ringing); e.Ending != (call.Ending{Class: call.ClassUnreached, Reason: call.Lost}) {
		t.Errorf("the number that rang ended as %v", e.Ending)
	}
	d.Until("it rings no more", func() bool { return len(slow.Calls()) == 0 })
	if c := d.one(); c.ID != id || c.Agent != "a1001" || c.Stage != "talking" || !c.Outbound {
		t.Errorf("live %+v", c)
	}
	d.do(id, "a1001", "hold", "")
	d.do(id, "a1001", "resume", "")
	d.hears(his, agent)
	customer.Hangup()
	d.Over(his, agent)
	events := d.Settle()
	d.talks(events)
	if e := d.ended(id); e.Ending.Class != call.ClassAnswered || e.Direction != call.Outbound {
		t.Errorf("ended %+v", e)
	}
	d.recorded(events, id, his, agent)
}

// S13: the caps hold for all ways to a number outside together.
func TestS13CallsOutsideAreCappedAndBlockedAtNight(t *testing.T) {
	d := openOffice(t, 3, func(c *configs.Config) { c.Dialing.MaxCalls = 1 })
	department := d.outside("110", phonesim.Answer(100*time.Millisecond, 0))
	d.dialOut("a1002", "110")
	d.Until("the number answers", func() bool { return len(department.Calls()) == 1 })
	first := d.leg(1)
	d.hears(first, department.Calls()[0])
	refused := func(path, body string, status int, want string) {
		t.Helper()
		if got, text := d.post(path, body); got != status || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %d %q", body, got, text, status, want)
		}
	}
	refused("/api/v1/agents/a1002/calls", `{"number":"110"}`, http.StatusConflict, "the agent is talking")
	refused("/api/v1/agents/a1001/calls", `{"number":"110"}`, http.StatusUnprocessableEntity, "1 calls outside at once")
	caller := d.Call(phonesim.CallOptions{From: house.Number(1)})
	d.Heard(caller)
	ann := d.leg(0)
	var id call.ID
	for _, c := range d.Live().Calls {
		if !c.Outbound {
			id = c.ID
		}
	}
	refused("/api/v1/calls/"+string(id)+"/control", `{"agent":"a1001","do":"consult","target":{"number":"110"}}`,
		http.StatusUnprocessableEntity, "1 calls outside at once")
	first.Hangup()
	d.Over(first)
	d.Until("the first call is over", func() bool { return len(d.Live().Calls) == 1 })
	d.do(id, "a1001", "consult", `,"target":{"number":"110"}`)
	d.Until("the number answers again", func() bool { return len(department.Calls()) == 1 })
	d.hears(ann, department.Calls()[0])
	d.do(id, "a1001", "drop", "")
	d.hears(caller, ann)
	caller.Hangup()
	d.Over(caller, ann)
	d.talks(d.Settle())

	night := openOffice(t, 1, func(c *configs.Config) { c.Dialing.Night.To = configs.EndOfDay })
	if got, text := night.post("/api/v1/agents/a1001/calls", `{"number":"110"}`); got != 422 ||
		!strings.Contains(text, "must not be dialled from 00:00 to 24:00") {
		t.Errorf("at night: %d %s", got, text)
	}
}

// S13, S16: a customer who was called is asked about, joined by a third and given away like a
// caller, and both agents are in his one recording.
func TestS13CalledCustomerIsPassedOn(t *testing.T) {
	d := openOffice(t, 2, nil)
	customer := d.outside("13900000001", phonesim.Answer(200*time.Millisecond, 0))
	id := d.dialOut("a1001", "13900000001")
	d.Until("the customer answers", func() bool {
		calls := customer.Calls()
		return len(calls) == 1 && !calls[0].Record().Answered.IsZero()
	})
	his, ann := customer.Calls()[0], d.leg(0)
	d.hears(his, ann)
	d.do(id, "a1001", "consult", `,"target":{"agent":"a1002"}`)
	bob := d.leg(1)
	d.hears(ann, bob)
	d.do(id, "a1001", "conference", "")
	d.do(id, "a1001", "drop", "")
	d.Over(bob)
	d.hears(his, ann)
	d.Until("the other agent is ready", func() bool { return d.State("a1002") == call.Ready })
	d.do(id, "a1001", "transfer", `,"target":{"queue":"seniors"}`)
	d.Over(ann)
	senior := d.leg(1)
	d.hears(his, senior)
	d.hears(senior, his)
	customer.Hangup()
	d.Over(his, senior)
	events := d.Settle()
	d.talks(events)
	if e := d.ended(id); e.Ending != (call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}) {
		t.Errorf("ended %v", e.Ending)
	}
	d.recorded(events, id, his, ann)
	rec := of(events, id, call.Recorded)[0].Recording
	sound, _ := house.Codes(t, filepath.Join(d.Config.Recordings.Dir, filepath.FromSlash(rec.Path)))
	if n := sound[1][senior.Record().Tone].Windows; n < 50 {
		t.Errorf("the senior is heard in %d windows", n)
	}
	if f := d.Report(events).Total.Figures; f.Offered != 1 || f.Answered != 1 {
		t.Errorf("the seniors had one customer in their queue: %+v", f)
	}
}
