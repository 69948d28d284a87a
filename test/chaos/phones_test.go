package chaos

import (
	"math/rand/v2"
	"testing"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// Limits of the house in which phones fail.
const (
	failRing   = time.Second // a phone rings so long
	failMisses = 2           // in a row, then its agent takes a break
	glareWidth = 8 * time.Millisecond
)

// TestPeers02PhonesThatFail: of ten agents two answer. The others lose their registration,
// go off in the middle of a ring and come back, never answer, are busy, decline, or pick up in
// the very moment in which they are told to stop. Every caller keeps his place and his time
// and is answered; who never answers is given a break; a phone that was picked up too late is
// hung up, and none rings or talks for nobody.
func TestPeers02PhonesThatFail(t *testing.T) {
	dice := chance(t)
	const agents = 10
	h := house.Open(t, agents, func(c *configs.Config) {
		c.Routing.SuspendAfter, c.Routing.MissPause = failMisses, time.Second
		c.Queues[0].RingFor, c.Queues[0].WrapUp = failRing, 100*time.Millisecond
	})
	f := failing{h: h, seed: dice.Uint64()}
	f.answer(0, 1)
	f.behave(2, func(*rand.Rand) phonesim.Action { return phonesim.RingOut() })
	f.behave(3, func(d *rand.Rand) phonesim.Action { return phonesim.Reject(between(d, 0, failRing/2), 486) })
	f.behave(4, func(d *rand.Rand) phonesim.Action { return phonesim.Reject(between(d, 0, failRing/2), 603) })
	for _, i := range []int{5, 6, 7} {
		f.behave(i, func(d *rand.Rand) phonesim.Action {
			return phonesim.Answer(failRing-glareWidth+between(d, 0, 2*glareWidth), 0)
		})
	}
	f.reboots(8)
	f.behave(9, func(*rand.Rand) phonesim.Action { return phonesim.RingOut() })
	if err := f.phones[9].Unregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Until("who has no phone is signed out", func() bool { return h.State(f.id(9)) == call.Offline })

	legs := make([]*phonesim.Leg, *calls)
	for i := range legs {
		legs[i] = h.Call(phonesim.CallOptions{From: house.Number(i), Talk: between(dice, 200*time.Millisecond, time.Second)})
		pass(t, between(dice, 0, 500*time.Millisecond))
	}
	h.Over(legs...)
	f.restore()
	events := h.Settle()
	_, all := verdict(h, events, nil)
	f.check(events, all)
}

// failing is a house whose phones do not do what they should.
type failing struct {
	h      *house.House
	seed   uint64
	phones [10]*phonesim.Agent
}

func (f *failing) id(i int) call.AgentID { return call.AgentID(f.h.Asterisk.Agents[i].Name) }

// behave registers a phone. It is called from one offer at a time.
func (f *failing) behave(i int, act func(*rand.Rand) phonesim.Action) {
	dice := rand.New(rand.NewPCG(f.seed, uint64(i)))
	f.phones[i] = f.h.Agent(i, func(phonesim.Offer) phonesim.Action { return act(dice) })
}

func (f *failing) answer(which ...int) {
	for _, i := range which {
		f.behave(i, func(d *rand.Rand) phonesim.Action {
			return phonesim.Answer(between(d, 100*time.Millisecond, failRing/2), 0)
		})
	}
}

// reboots makes a phone that goes off while it rings, and comes back two seconds later.
func (f *failing) reboots(i int) {
	off := make(chan struct{}, 1)
	f.behave(i, func(*rand.Rand) phonesim.Action {
		select {
		case off <- struct{}{}:
		default:
		}
		return phonesim.RingOut()
	})
	ctx, over := f.h.T.Context(), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-ctx.Done():
				return
			case <-off:
			}
			pass(f.h.T, failRing/3)
			if err := f.phones[i].Unregister(ctx); err != nil && ctx.Err() == nil {
				f.h.T.Errorf("phone goes off: %v", err)
			}
			pass(f.h.T, 2*time.Second)
			if err := f.phones[i].Register(ctx); err != nil && ctx.Err() == nil {
				f.h.T.Errorf("phone comes back: %v", err)
			}
		}
	}()
	f.h.T.Cleanup(func() { <-over })
}

// restore brings everybody back: phones that are off, and agents who were given a break.
func (f *failing) restore() {
	t := f.h.T
	if f.h.State(f.id(2)) != call.Break {
		t.Errorf("%s never answered and is %s", f.id(2), f.h.State(f.id(2)))
	}
	if err := f.phones[9].Register(t.Context()); err != nil {
		t.Error(err)
	}
	f.h.Until("everybody is back", func() bool {
		back := true
		for i := range f.phones {
			switch f.h.State(f.id(i)) {
			case call.Break:
				_ = f.h.App.SetAgent(t.Context(), f.id(i), call.Ready, "") // his phone may be off: again then
				back = false
			case call.Ready:
			default:
				back = false
			}
		}
		return back
	})
}

// check holds each story against the rules.
func (f *failing) check(events []call.Event, all map[string]*house.Story) {
	t := f.h.T
	outcomes, glare := map[call.Outcome]int{}, 0
	for _, s := range all {
		entered := s.One(t, call.Queued).Entered
		answered := s.One(t, call.Answered)
		if !answered.Entered.Equal(entered) {
			t.Errorf("call of %s entered at %v and was answered as of %v", s.Caller.Party, entered, answered.Entered)
		}
		glare += f.legs(s, answered)
		for _, o := range s.Kinds[call.OfferEnded] {
			outcomes[o.Outcome]++
			if !o.Entered.Equal(entered) {
				t.Errorf("call of %s lost his time: %v, %v", s.Caller.Party, entered, o.Entered)
			}
		}
		f.h.CompareRecording(s)
	}
	suspended, missed := 0, map[call.AgentID]int{}
	for _, e := range events {
		switch {
		case e.Kind == call.AgentChanged && e.Reason == acd.ReasonMissed:
			suspended++
		case e.Kind == call.OfferEnded && e.Outcome == call.NoAnswer:
			missed[e.Agent]++
		case e.Kind == call.Offered && e.Agent == f.id(9):
			t.Errorf("%s was offered a call while his phone was off", e.Agent)
		}
	}
	if n := missed[f.id(2)]; n != failMisses {
		t.Errorf("%s missed %d calls, want a break after %d", f.id(2), n, failMisses)
	}
	t.Logf("offers that failed: %v; picked up too late %d; breaks after misses %d", outcomes, glare, suspended)
}

// legs checks what the phones saw: whoever was picked up too late is hung up, and the phone of
// the agent who answered heard the caller. It counts those who were too late.
func (f *failing) legs(s *house.Story, answered call.Event) (glare int) {
	t := f.h.T
	const soon = 2 * time.Second
	for i, o := range s.Offers {
		last := i == len(s.Offers)-1
		switch {
		case last && (o.Party != string(answered.Agent) || !o.Hears(s.Caller.Tone)):
			t.Errorf("call of %s was answered by %s, but the last phone is %+v", s.Caller.Party, answered.Agent, o)
		case last || o.Answered.IsZero():
		default:
			glare++
			if o.Ended.Sub(o.Answered) > soon || o.EndedBy != phonesim.SideRemote || o.Hears(s.Caller.Tone) {
				t.Errorf("call of %s: picked up too late, but %+v", s.Caller.Party, o)
			}
		}
		if o.Ended.IsZero() || o.Ended.After(s.Caller.Ended.Add(soon)) {
			t.Errorf("call of %s: a phone goes on without him: %+v", s.Caller.Party, o)
		}
	}
	return glare
}
