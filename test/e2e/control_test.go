package e2e

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// S16: hold by the API; each hold is timed.
func TestS16HoldByTheAPI(t *testing.T) {
	d := openOffice(t, 2, nil)
	caller, ann, id := d.talking(0)
	begun := time.Now()
	d.do(id, "a1001", "hold", "")
	if c := d.one(); !c.Held || d.State("a1001") != call.Hold {
		t.Errorf("held %t, agent %s", c.Held, d.State("a1001"))
	}
	if status, text := d.post("/api/v1/calls/"+string(id)+"/control", `{"agent":"a1001","do":"hold"}`); status != 409 {
		t.Errorf("hold twice: %d %s", status, text)
	}
	if status, text := d.post("/api/v1/calls/"+string(id)+"/control", `{"agent":"a1002","do":"resume"}`); status != 409 {
		t.Errorf("an agent who does not talk: %d %s", status, text)
	}
	if status, _ := d.post("/api/v1/calls/none/control", `{"agent":"a1001","do":"resume"}`); status != 404 {
		t.Errorf("no call: %d", status)
	}
	d.do(id, "a1001", "resume", "")
	held := time.Since(begun)
	d.hears(caller, ann)
	d.do(id, "a1001", "keys", `,"keys":"12#"`)
	d.Until("the caller hears keys", func() bool { return caller.Record().Keys == "12#" })
	d.do(id, "a1001", "hangup", "")
	d.Over(caller, ann)
	events := d.Settle()
	d.talks(events)
	holds := of(events, id, call.HoldEnded)
	if len(holds) != 1 || holds[0].Held.Duration() > held {
		t.Errorf("holds %+v, at most %v", holds, held)
	}
}

// S16: the hold key of the agent's own phone is timed like the desktop's, and the caller hears
// music all the while.
func TestS16HoldOfThePhone(t *testing.T) {
	d := openOffice(t, 2, nil)
	caller, ann, id := d.talking(0)
	begun := time.Now()
	if err := ann.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Until("the caller is on hold", func() bool { return d.one().Held && d.State("a1001") == call.Hold })
	before := caller.Record().RTP.Received
	pass(t, 2*time.Second)
	if heard := caller.Record().RTP.Received - before; heard < 90 {
		t.Errorf("the caller was sent %d frames in two seconds: where is the music?", heard)
	}
	if err := ann.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Until("the caller is back", func() bool { return !d.one().Held && d.State("a1001") == call.Talking })
	most, least := time.Since(begun), 2*time.Second
	d.hears(caller, ann)
	d.hears(ann, caller)
	d.do(id, "a1001", "hangup", "")
	d.Over(caller, ann)
	events := d.Settle()
	d.talks(events)
	holds := of(events, id, call.HoldEnded)
	if len(holds) != 1 || holds[0].Held.Duration() > most || holds[0].Held.Duration() < least {
		t.Errorf("holds %+v, want one of %v to %v", holds, least, most)
	}
	for _, s := range house.Stories(t, events, d.Sim.Ledger()) {
		d.CompareControlledRecording(s, tolerance)
	}
}

// Complaint P6 and S16: whatever the way a caller is passed on, each agent has the talk that
// his own phone had.
func TestPeers06TalkIsRightAfterEachTransfer(t *testing.T) {
	for name, pass := range map[string]func(d *office, id call.ID, ann *phonesim.Leg){
		"blind to an agent": func(d *office, id call.ID, _ *phonesim.Leg) {
			d.do(id, "a1001", "transfer", `,"target":{"agent":"a1002"}`)
		},
		"blind to a queue": func(d *office, id call.ID, _ *phonesim.Leg) {
			d.do(id, "a1001", "transfer", `,"target":{"queue":"seniors"}`)
		},
		"attended": func(d *office, id call.ID, ann *phonesim.Leg) {
			d.do(id, "a1001", "consult", `,"target":{"agent":"1002"}`)
			d.hears(ann, d.leg(1))
			d.do(id, "a1001", "complete", "")
		},
		"hung up in the consultation": func(d *office, id call.ID, ann *phonesim.Leg) {
			d.do(id, "a1001", "consult", `,"target":{"agent":"a1002"}`)
			d.hears(ann, d.leg(1))
			ann.Hangup()
		},
		"conference": func(d *office, id call.ID, ann *phonesim.Leg) {
			d.do(id, "a1001", "consult", `,"target":{"agent":"a1002"}`)
			d.hears(ann, d.leg(1))
			d.do(id, "a1001", "conference", "")
			d.Until("three are joined", func() bool {
				p := d.one().Parties
				return len(p) == 2 && p[0].With && p[1].With
			})
			d.do(id, "a1001", "hangup", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			// Of two agents the second is the only one who can take over.
			d := openOffice(t, 2, nil)
			caller, ann, id := d.talking(0)
			pass(d, id, ann)
			d.Over(ann)
			next := d.leg(1)
			d.hears(caller, next)
			if c := d.one(); c.Agent != "a1002" || c.ID != id || c.Held {
				t.Errorf("live %+v", c)
			}
			caller.Hangup()
			d.Over(caller, next)
			events := d.Settle()
			d.talks(events)
			if n := len(of(events, id, call.Transferred)); n != 1 {
				t.Errorf("%d transfers", n)
			}
			if n := len(of(events, id, call.Recorded)); n != 1 {
				t.Errorf("%d recordings", n)
			}
		})
	}
}

// S3, S4: one action sends the caller to the seniors, or to the manager hotline by level.
func TestS4ManagerLineByLevel(t *testing.T) {
	d := openOffice(t, 3, func(c *configs.Config) {
		second := &c.Agents[1]
		second.Skills, second.Queues = map[string]configs.Level{"complaints": "senior"}, nil
	})
	caller, ann, id := d.talking(0)
	d.do(id, "a1001", "transfer", `,"target":{"queue":"seniors","level":"manager"}`)
	d.Over(ann)
	manager := d.leg(2)
	d.hears(caller, manager)
	if c := d.one(); c.Agent != "a1003" || c.Queue != "seniors" {
		t.Errorf("live %+v", c)
	}
	caller.Hangup()
	d.Over(caller, manager)
	d.talks(d.Settle())
}

func TestS3SeniorQueueInOneAction(t *testing.T) {
	d := openOffice(t, 2, nil)
	caller, ann, id := d.talking(0)
	d.do(id, "a1001", "transfer", `,"target":{"number":"7001"}`)
	d.Over(ann)
	senior := d.leg(1)
	d.hears(caller, senior)
	senior.Hangup()
	d.Over(caller, senior)
	events := d.Settle()
	d.talks(events)
	given := of(events, id, call.Transferred)
	if len(given) != 1 || given[0].Target != "queue:seniors" || given[0].Reason != string(call.Blind) {
		t.Errorf("transfers %+v", given)
	}
}

// S14: a caller is passed on to a department outside, over the recorded line.
func TestS14TransferToADepartment(t *testing.T) {
	d := openOffice(t, 2, nil)
	department := d.outside("110", phonesim.Answer(300*time.Millisecond, 0))
	caller, ann, id := d.talking(0)
	path := "/api/v1/calls/" + string(id) + "/control"
	status, text := d.post(path, `{"agent":"a1001","do":"transfer","target":{"number":"13800000000"}}`)
	if status != 422 || !strings.Contains(text, `"field":"target.number"`) {
		t.Errorf("a number that is not allowed: %d %s", status, text)
	}
	d.do(id, "a1001", "transfer", `,"target":{"number":"110"}`)
	d.Over(ann)
	d.Until("the department answers", func() bool { return len(department.Calls()) == 1 })
	his := department.Calls()[0]
	d.hears(his, caller)
	department.Hangup()
	d.Over(caller, his)
	events := d.Settle()
	d.talks(events)
	if e := d.ended(id); e.Ending.Reason != call.OutsideHungUp {
		t.Errorf("ended %v", e.Ending)
	}
}

// A supervisor gives a waiting caller to an agent, or moves him to another queue.
func TestSupervisorAssignsAndMovesWaitingCallers(t *testing.T) {
	d := openOffice(t, 3, nil)
	for _, agent := range []string{"a1001", "a1002", "a1003"} {
		if status, text := d.post("/api/v1/agents/"+agent+"/state", `{"state":"break","reason":"x"}`); status != 204 {
			t.Fatalf("%d %s", status, text)
		}
	}
	caller := d.Call(phonesim.CallOptions{From: house.Number(1)})
	d.Until("the caller waits", func() bool { return d.Live().Queues[0].Waiting == 1 })
	id := d.one().ID
	path := "/api/v1/calls/" + string(id)
	if status, text := d.post(path+"/move", `{"queue":"7001"}`); status != 204 {
		t.Fatalf("move: %d %s", status, text)
	}
	d.Until("he waits for the seniors", func() bool {
		return d.Live().Queues[1].Waiting == 1 && d.one().Queue == "seniors"
	})
	for body, want := range map[string]int{`{"agent":"nobody"}`: 404, `{"agent":""}`: 422, `{"agent":"a1002"}`: 409} {
		if status, text := d.post(path+"/assign", body); status != want {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, _ := d.post("/api/v1/calls/nothing/assign", `{"agent":"a1002"}`); status != 404 {
		t.Errorf("no call: %d", status)
	}
	if status, _ := d.post(path+"/move", `{"queue":"nowhere"}`); status != 422 {
		t.Errorf("no queue: %d", status)
	}
	if status, text := d.post("/api/v1/agents/a1002/state", `{"state":"ready"}`); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	d.Until("the agent is ready", func() bool { return d.State("a1002") == call.Ready })
	if status, text := d.post(path+"/assign", `{"agent":"a1002","wait_ms":60000}`); status != 204 {
		t.Fatalf("assign: %d %s", status, text)
	}
	bob := d.leg(1)
	d.hears(caller, bob)
	if status, _ := d.post(path+"/assign", `{"agent":"a1002"}`); status != 409 {
		t.Errorf("a caller who talks is assigned: %d", status)
	}
	caller.Hangup()
	d.Over(caller, bob)
	d.talks(d.Settle())
}
