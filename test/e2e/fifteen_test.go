package e2e

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/reports"
	"hotline/test/house"
)

// TestS1AnsweredWithinFifteenSeconds: with the default ring time and idle agents every caller
// is answered within 15 s although the first two phones are not picked up. When the third is
// not either, the call is listed with its agent, the reason and whoever let it ring.
func TestS1AnsweredWithinFifteenSeconds(t *testing.T) {
	const agents = 4
	h := house.Open(t, agents, func(c *configs.Config) { c.Queues[0].RingFor = configs.DefaultQueue().RingFor })
	var asleep atomic.Int32
	asleep.Store(2)
	for i := range agents {
		h.Agent(i, func(phonesim.Offer) phonesim.Action {
			if int32(i) < asleep.Load() {
				return phonesim.RingOut()
			}
			return phonesim.Answer(time.Second, 0)
		})
	}
	serve := func(i int) {
		h.Over(h.Call(phonesim.CallOptions{From: house.Number(i), Talk: time.Second}))
		h.Until("all agents are idle again", func() bool {
			return !slices.ContainsFunc(h.Config.Agents, func(a configs.Agent) bool { return h.State(a.ID) != call.Ready })
		})
	}
	serve(0)
	serve(1)
	asleep.Store(3)
	serve(2)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	for i, missed := range []int{2, 0, 3} {
		s := all[house.Number(i)]
		answered := s.One(t, call.Answered)
		if got := len(s.Kinds[call.OfferEnded]); got < missed {
			t.Errorf("caller %d was let ring by %d agents, the test wants %d", i, got, missed)
		}
		if late := answered.Wait > call.MillisOf(15*time.Second); late != (missed == 3) {
			t.Errorf("caller %d waited %v with %d who did not pick up", i, answered.Wait.Duration(), missed)
		}
		house.CompareCall(t, s)
	}
	late := h.Report(events).Late
	if len(late) != 1 {
		t.Fatalf("%d calls are listed as late, want one: %+v", len(late), late)
	}
	want := all[house.Number(2)]
	if l := late[0]; l.Call != want.ID || l.Agent != want.One(t, call.Answered).Agent || l.Cause != reports.Missed ||
		len(l.Missed) < 3 {
		t.Errorf("listed as %+v", l)
	}
}
