package e2e

import (
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
)

// dial dials on an agent's own phone and waits for the end of that leg.
func (d *office) dial(i int, number string) phonesim.Record {
	d.T.Helper()
	l, err := d.phones[i].Dial(d.T.Context(), number)
	if err != nil {
		d.T.Fatal(err)
	}
	d.Over(l)
	return l.Record()
}

// S18: an agent without a desktop sets his state on his phone, and can dial nothing else.
func TestS18CodesOfAnIdlePhone(t *testing.T) {
	d := openOffice(t, 2, func(c *configs.Config) { c.Breaks = []string{"用餐", "培训"} })
	for _, c := range []struct {
		code string
		want call.AgentState
		why  string
	}{
		{"*82", call.Break, "培训"},
		{"*80", call.Ready, ""},
		{"*99", call.Offline, "signed out by phone"},
		{"*99", call.Ready, ""},
		{"*81", call.Break, "用餐"},
	} {
		if r := d.dial(0, c.code); r.Answered.IsZero() || r.EndedBy != phonesim.SideRemote {
			t.Errorf("%s: %+v", c.code, r)
		}
		d.Until("the agent is "+string(c.want)+" by "+c.code, func() bool { return d.State("a1001") == c.want })
		if a := d.Live().Agents[0]; a.Reason != c.why {
			t.Errorf("%s: reason %q, want %q", c.code, a.Reason, c.why)
		}
	}
	for _, wrong := range []string{
		"*89", "*70", "*8", "*800", "1002", "1", "7001", "13800000000", "13900000000", "95001",
	} {
		if r := d.dial(0, wrong); !r.Answered.IsZero() || r.Result != phonesim.ResultRejected {
			t.Errorf("%s was taken: %s %d", wrong, r.Result, r.Code)
		}
	}
	if d.State("a1001") != call.Break || len(d.Live().Calls) != 0 {
		t.Errorf("state %s, calls %v", d.State("a1001"), d.Live().Calls)
	}
}

// S13, S14: what an agent dials on his own phone goes over the recorded line: he is rung back.
func TestS13AgentDialsOnHisPhone(t *testing.T) {
	d := openOffice(t, 2, nil)
	department := d.outside("110", phonesim.Answer(300*time.Millisecond, 0))
	if r := d.dial(0, "110"); r.Answered.IsZero() || r.EndedBy != phonesim.SideRemote {
		t.Fatalf("his own leg: %+v", r)
	}
	d.Until("the number answers", func() bool {
		calls := department.Calls()
		return len(calls) == 1 && !calls[0].Record().Answered.IsZero()
	})
	his, agent := department.Calls()[0], d.leg(0)
	d.hears(agent, his)
	d.hears(his, agent)
	id := d.one().ID
	agent.Hangup()
	d.Over(his, agent)
	events := d.Settle()
	if e := d.ended(id); e.Ending != (call.Ending{Class: call.ClassAnswered, Reason: call.AgentHungUp}) {
		t.Errorf("ended %v", e.Ending)
	}
	d.recorded(events, id, his, agent)
}

// S16: the same verbs by the keys of a phone: hold, consultation, conference, drop, transfer,
// and the state after the call.
func TestS16KeysOfAPhoneInACall(t *testing.T) {
	d := openOffice(t, 3, nil)
	caller, ann, _ := d.talking(0)
	press := func(keys string) {
		t.Helper()
		if err := ann.Press(keys); err != nil {
			t.Fatal(err)
		}
	}
	press("*1")
	d.Until("the caller is held", func() bool { return d.one().Held })
	press("*1")
	d.Until("the caller is back", func() bool { return !d.one().Held })
	d.hears(caller, ann)
	press("*39#")
	d.Until("the phone hears that it was wrong", func() bool { return ann.Record().Keys != "" })
	press("*31002#")
	d.Until("the other agent is asked", func() bool { return d.one().Consulting == "agent:a1002" })
	bob := d.leg(1)
	d.hears(ann, bob)
	press("*5")
	d.Until("three are joined", func() bool {
		p := d.one().Parties
		return len(p) == 2 && p[0].With && p[1].With
	})
	press("*6")
	d.Over(bob)
	d.hears(caller, ann)
	press("*71")
	d.Until("the break is noted", func() bool { return d.Live().Agents[0].Next == call.Break })
	press("*27001#")
	d.Over(ann)
	senior := d.leg(2)
	d.hears(caller, senior)
	caller.Hangup()
	d.Over(caller, senior)
	events := d.Settle()
	d.talks(events)
	if d.State("a1001") != call.Break {
		t.Errorf("the agent is %s, want his break", d.State("a1001"))
	}
}
