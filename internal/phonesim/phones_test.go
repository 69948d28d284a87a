package phonesim_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/internal/phonesim"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// limit bounds every wait of the tests; agreement is how far the two ends of
// one leg may differ in time.
const (
	limit     = 10 * time.Second
	agreement = 30 * time.Millisecond
)

// lab is one simulator whose callers dial its own agents, without a switch
// between them.
type lab struct {
	*phonesim.Sim
	events chan phonesim.Event
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{events: make(chan phonesim.Event, 1000)}
	sim, err := phonesim.New(phonesim.Options{
		Notify: func(e phonesim.Event) { l.events <- e },
		Log:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Sim = sim
	t.Cleanup(func() { l.close(t) })
	return l
}

func (l *lab) close(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		t.Error(err)
	}
}

// agent makes a telephone that treats every offer alike.
func (l *lab) agent(t *testing.T, user string, act phonesim.Action) *phonesim.Agent {
	t.Helper()
	a, err := l.NewAgent(t.Context(), phonesim.AgentOptions{
		User:   user,
		Behave: func(phonesim.Offer) phonesim.Action { return act },
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (l *lab) dial(t *testing.T, user string, opts phonesim.CallOptions) *phonesim.Leg {
	t.Helper()
	opts.To = fmt.Sprintf("sip:%s@%s", user, l.AgentAddr())
	if opts.From == "" {
		opts.From = "13800138000"
	}
	leg, err := l.Call(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return leg
}

// await waits for a step of a telephone and returns its record then.
func (l *lab) await(t *testing.T, role phonesim.Role, what phonesim.What) phonesim.Record {
	t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case e := <-l.events:
			if e.What == what && e.Record.Role == role {
				return e.Record
			}
		case <-timeout:
			t.Fatalf("no %s of the %s within %v", what, role, limit)
		}
	}
}

func finish(t *testing.T, leg *phonesim.Leg) phonesim.Record {
	t.Helper()
	select {
	case <-leg.Done():
		return leg.Record()
	case <-time.After(limit):
		t.Fatalf("call did not end within %v: %+v", limit, leg.Record())
		return phonesim.Record{}
	}
}

// ends waits for both ends of the only call and returns their records.
func (l *lab) ends(t *testing.T, leg *phonesim.Leg) (caller, agent phonesim.Record) {
	t.Helper()
	caller = finish(t, leg)
	for timeout := time.After(limit); ; {
		records := l.Ledger()
		if len(records) == 2 && records[0].Result != "" && records[1].Result != "" {
			for _, r := range records {
				if r.Role == phonesim.RoleAgent {
					agent = r
				}
			}
			return caller, agent
		}
		select {
		case <-l.events:
		case <-timeout:
			t.Fatalf("ledger is not complete within %v: %+v", limit, records)
		}
	}
}

func agree(t *testing.T, what string, a, b time.Time) {
	t.Helper()
	if a.IsZero() != b.IsZero() || a.Sub(b).Abs() > agreement {
		t.Errorf("%s: caller's ledger says %v, agent's %v", what, a, b)
	}
}

// agreeAll checks every moment that both ledgers hold.
func agreeAll(t *testing.T, caller, agent phonesim.Record) {
	t.Helper()
	agree(t, "invite", caller.Invite, agent.Invite)
	agree(t, "ringing", caller.Ringing, agent.Ringing)
	agree(t, "answered", caller.Answered, agent.Answered)
	agree(t, "acked", caller.Acked, agent.Acked)
	agree(t, "ended", caller.Ended, agent.Ended)
	if caller.CallID != agent.CallID || caller.Peer != agent.Party || caller.Party != agent.Peer {
		t.Errorf("the ledgers tell of different calls:\n%+v\n%+v", caller, agent)
	}
}

func expect(t *testing.T, r phonesim.Record, result phonesim.Result, code int, by phonesim.Side) {
	t.Helper()
	if r.Result != result || r.Code != code || r.EndedBy != by {
		t.Errorf("%s ended %s %d by %s (%s), want %s %d by %s",
			r.Role, r.Result, r.Code, r.EndedBy, r.Reason, result, code, by)
	}
}

// heardEachOther checks that both sides heard the other's code, and nothing else.
func heardEachOther(t *testing.T, caller, agent phonesim.Record) {
	t.Helper()
	if len(caller.Heard) != 1 || len(agent.Heard) != 1 {
		t.Fatalf("caller heard %+v, agent heard %+v, want one code each", caller.Heard, agent.Heard)
	}
	if caller.Heard[0].Tone != agent.Tone || agent.Heard[0].Tone != caller.Tone {
		t.Errorf("caller %d heard %d, agent %d heard %d",
			caller.Tone, caller.Heard[0].Tone, agent.Tone, agent.Heard[0].Tone)
	}
	for _, r := range []phonesim.Record{caller, agent} {
		if d := r.Heard[0].First.Sub(r.Answered); d < 0 || d > 100*time.Millisecond {
			t.Errorf("%s heard the other side %v after the answer", r.Role, d)
		}
		if r.RTP.Lost+r.RTP.OutOfOrder+r.RTP.Duplicates != 0 || r.RTP.Received == 0 {
			t.Errorf("%s received %+v", r.Role, r.RTP)
		}
	}
}

func TestCallerHangsUp(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.agent(t, "a1001", phonesim.Answer(50*time.Millisecond, 0))
	caller, agent := l.ends(t, l.dial(t, "a1001", phonesim.CallOptions{Talk: 200 * time.Millisecond}))
	expect(t, caller, phonesim.ResultAnswered, 200, phonesim.SideLocal)
	expect(t, agent, phonesim.ResultAnswered, 200, phonesim.SideRemote)
	agreeAll(t, caller, agent)
	heardEachOther(t, caller, agent)
	if d := agent.Answered.Sub(agent.Ringing); d < 50*time.Millisecond {
		t.Errorf("answered %v after ringing began, want at least 50 ms", d)
	}
}

func TestAgentHangsUp(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.agent(t, "a1001", phonesim.Answer(20*time.Millisecond, 200*time.Millisecond))
	caller, agent := l.ends(t, l.dial(t, "a1001", phonesim.CallOptions{}))
	expect(t, caller, phonesim.ResultAnswered, 200, phonesim.SideRemote)
	expect(t, agent, phonesim.ResultAnswered, 200, phonesim.SideLocal)
	agreeAll(t, caller, agent)
	heardEachOther(t, caller, agent)
}

func TestAgentGivesUpASilentTalk(t *testing.T) {
	t.Parallel()
	const silence = 200 * time.Millisecond
	l := newLab(t)
	act := phonesim.Answer(0, 0)
	act.Silence = silence
	l.agent(t, "a1001", act)
	leg := l.dial(t, "a1001", phonesim.CallOptions{})
	l.await(t, phonesim.RoleAgent, phonesim.WhatHeard)
	time.AfterFunc(3*silence, func() {
		if err := leg.Hold(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	caller, agent := l.ends(t, leg)
	expect(t, caller, phonesim.ResultAnswered, 200, phonesim.SideRemote)
	expect(t, agent, phonesim.ResultAnswered, 200, phonesim.SideLocal)
	last := agent.Heard[len(agent.Heard)-1].Last
	if talked := last.Sub(agent.Answered); talked < 2*silence {
		t.Errorf("the agent hung up %v after his answer, when the caller was heard", talked)
	}
	if quiet := agent.Ended.Sub(last); quiet < silence {
		t.Errorf("the agent hung up after %v without a voice, want %v at least", quiet, silence)
	}
}

func TestRingOutAndCancel(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.agent(t, "a1001", phonesim.RingOut())
	caller, agent := l.ends(t, l.dial(t, "a1001", phonesim.CallOptions{Patience: 100 * time.Millisecond}))
	expect(t, caller, phonesim.ResultCancelled, 487, phonesim.SideLocal)
	expect(t, agent, phonesim.ResultCancelled, 487, phonesim.SideRemote)
	agreeAll(t, caller, agent)
	if !caller.Answered.IsZero() || caller.RTP.Sent != 0 {
		t.Errorf("a call never answered has %+v", caller)
	}
}

func TestDeclines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		act    phonesim.Action
		result phonesim.Result
		rings  bool
	}{
		"declined at once":      {phonesim.Reject(0, 603), phonesim.ResultRejected, false},
		"declined while rings":  {phonesim.Reject(30*time.Millisecond, 603), phonesim.ResultRejected, true},
		"busy":                  {phonesim.Reject(0, 486), phonesim.ResultBusy, false},
		"unavailable (failure)": {phonesim.Reject(0, 480), phonesim.ResultFailed, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.agent(t, "a1001", c.act)
			caller, agent := l.ends(t, l.dial(t, "a1001", phonesim.CallOptions{}))
			expect(t, caller, c.result, c.act.Code, phonesim.SideRemote)
			expect(t, agent, c.result, c.act.Code, phonesim.SideLocal)
			agreeAll(t, caller, agent)
			if rang := !agent.Ringing.IsZero(); rang != c.rings {
				t.Errorf("rang: %v, want %v", rang, c.rings)
			}
		})
	}
}

func TestSecondCallFindsThePhoneBusy(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	a := l.agent(t, "a1001", phonesim.Answer(0, 0))
	first := l.dial(t, "a1001", phonesim.CallOptions{From: "1"})
	l.await(t, phonesim.RoleCaller, phonesim.WhatHeard)
	second := finish(t, l.dial(t, "a1001", phonesim.CallOptions{From: "2"}))
	expect(t, second, phonesim.ResultBusy, 486, phonesim.SideRemote)
	a.Hangup()
	expect(t, finish(t, first), phonesim.ResultAnswered, 200, phonesim.SideRemote)
}

func TestUnknownAgentIsNotFound(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	expect(t, finish(t, l.dial(t, "nobody", phonesim.CallOptions{})), phonesim.ResultFailed, 404, phonesim.SideRemote)
}

func TestCloseHangsUpEverything(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.agent(t, "a1001", phonesim.Answer(0, 0))
	l.agent(t, "a1002", phonesim.RingOut())
	talking, ringing := l.dial(t, "a1001", phonesim.CallOptions{}), l.dial(t, "a1002", phonesim.CallOptions{})
	l.await(t, phonesim.RoleCaller, phonesim.WhatHeard)
	for ringing.Record().Ringing.IsZero() {
		l.await(t, phonesim.RoleCaller, phonesim.WhatRinging)
	}
	l.close(t)
	if r := finish(t, talking); r.Result != phonesim.ResultAnswered || r.Ended.IsZero() {
		t.Errorf("the call that talked ended as %+v", r)
	}
	if r := finish(t, ringing); r.Result == "" || r.Result == phonesim.ResultAnswered {
		t.Errorf("the call that rang ended as %+v", r)
	}
	if n := len(l.Ledger()); n != 4 {
		t.Errorf("the ledger holds %d legs, want 4", n)
	}
	if _, err := l.Call(t.Context(), phonesim.CallOptions{To: "sip:1@127.0.0.1:5060"}); err == nil {
		t.Error("a closed simulator dialled")
	}
}
