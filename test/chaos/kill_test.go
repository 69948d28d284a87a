// Package chaos breaks the running hotline under load, by a seed that is printed, and holds
// what the phones witnessed against ledger, counters and recordings.
package chaos

import (
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

var (
	seed  = flag.Uint64("chaos.seed", 0, "seed of the faults; 0 = a new one")
	kills = flag.Int("chaos.kills", 6, "how often the controller is killed")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPeers10KillUnderLoad: the controller is killed (kill -9) again and again while callers
// arrive, wait, ring and talk. No call is dropped, no second of recording is lost, no agent
// is stuck or rung twice at once, and the figures are equal afterwards.
func TestPeers10KillUnderLoad(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -chaos.seed=%d -chaos.kills=%d", *seed, *seed, *kills)
	dice := rand.New(rand.NewPCG(*seed, 0))
	const agents = 6
	h := house.OpenOutside(t, agents, func(c *configs.Config) { c.Queues[0].RingFor = 5 * time.Second })
	controller := h.Controller(house.Build(t), "controller")
	h.Until("the controller acts", func() bool { return len(h.Live().Agents) == agents })
	for i := range agents {
		h.Agent(i, phone(dice.Uint64()))
	}
	stop, arrivals := make(chan struct{}), sync.WaitGroup{}
	var legs []*phonesim.Leg
	pace := dice.Uint64()
	arrivals.Go(func() { legs = callers(h, pace, 2, stop) })
	for range *kills {
		pass(t, time.Duration(1500+dice.IntN(3000))*time.Millisecond)
		controller.Kill()
		pass(t, time.Duration(dice.IntN(800))*time.Millisecond)
		controller.Start()
		h.Until("the controller acts again", func() bool { return len(h.Live().Agents) == agents })
	}
	close(stop)
	arrivals.Wait()
	h.Over(legs...)
	judge(t, h, h.Settle(), len(legs))
}

// TestPeers10KilledAtThePickUp: the controller is killed as soon as the caller hears the
// agent, and the caller has hung up before the next one comes. It counts as answered.
func TestPeers10KilledAtThePickUp(t *testing.T) {
	h := house.OpenOutside(t, 1, nil)
	controller := h.Controller(house.Build(t), "controller")
	h.Until("the controller acts", func() bool { return len(h.Live().Agents) == 1 })
	h.Agent(0, func(phonesim.Offer) phonesim.Action { return phonesim.Answer(200*time.Millisecond, 0) })
	leg := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second})
	h.Heard(leg)
	controller.Kill()
	h.Over(leg)
	controller.Start()
	h.Until("the controller acts again", func() bool { return len(h.Live().Agents) == 1 })
	judge(t, h, h.Settle(), 1)
}

// phone answers after a while, and now and then not at all.
func phone(seed uint64) func(phonesim.Offer) phonesim.Action {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 1))
	return func(phonesim.Offer) phonesim.Action {
		mu.Lock()
		defer mu.Unlock()
		if dice.IntN(10) == 0 {
			return phonesim.RingOut()
		}
		return phonesim.Answer(time.Duration(200+dice.IntN(1500))*time.Millisecond, 0)
	}
}

// callers come every half second or so, or so many times slower, until they are stopped.
func callers(h *house.House, seed uint64, slower int, stop <-chan struct{}) (legs []*phonesim.Leg) {
	dice := rand.New(rand.NewPCG(seed, 2))
	for i := 0; ; i++ {
		select {
		case <-stop:
			return legs
		case <-h.T.Context().Done(): // the test has failed
			return legs
		case <-time.After(time.Duration(slower*(200+dice.IntN(1000))) * time.Millisecond):
		}
		legs = append(legs, h.Call(phonesim.CallOptions{
			From: house.Number(i), Talk: time.Duration(1000+dice.IntN(4000)) * time.Millisecond,
		}))
	}
}

func pass(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// judge prints the pass line: what was dropped, lost, stuck, rung twice or counted wrongly.
func judge(t *testing.T, h *house.House, events []call.Event, calls int) {
	t.Helper()
	dropped, twice, lost, alone := 0, 0, call.Millis(0), time.Duration(0)
	all := house.Stories(t, events, h.Sim.Ledger())
	for _, s := range all {
		if s.Caller.Result != phonesim.ResultAnswered || s.Caller.EndedBy != phonesim.SideLocal || len(s.Caller.Heard) == 0 {
			dropped++
			t.Errorf("dropped: %+v\n%s", s.Caller, house.Tell(events, s.ID))
		}
		if n := len(s.Offers); n > 0 && len(s.Caller.Heard) > 0 {
			alone = max(alone, s.Caller.Heard[0].First.Sub(s.Offers[n-1].Answered))
		}
		for _, e := range s.Kinds[call.Recorded] {
			lost += e.Recording.Missing
		}
		for i := 1; i < len(s.Offers); i++ {
			// An INVITE and a CANCEL may cross on their ways to two phones.
			const cross = 100 * time.Millisecond
			if s.Offers[i].Invite.Add(cross).Before(s.Offers[i-1].Ended) && s.Offers[i-1].Answered.IsZero() {
				twice++
				t.Errorf("%s rang at two phones at once", s.Caller.Party)
			}
		}
		h.CompareRecording(s)
	}
	busy := overlaps(t, h.Sim.Ledger())
	f := h.CompareFigures(events)
	if len(all) != calls || f.Offered != int64(calls) || f.Answered != int64(calls) {
		t.Errorf("%d calls were made, %d are in the ledger, %d offered, %d answered", calls, len(all), f.Offered, f.Answered)
	}
	t.Logf("calls %d, dropped %d, rung twice %d, phones with two calls %d, recording lost %d ms, answered %d, "+
		"longest from pick-up to voice %v", calls, dropped, twice, busy, lost, f.Answered, alone)
}

// overlaps counts the offers that reached a phone which had one already.
func overlaps(t *testing.T, records []phonesim.Record) (n int) {
	t.Helper()
	last := map[string]phonesim.Record{}
	slices.SortFunc(records, func(a, b phonesim.Record) int { return a.Invite.Compare(b.Invite) })
	for _, r := range records {
		if r.Role != phonesim.RoleAgent {
			continue
		}
		if before, rang := last[r.Party]; rang && before.Ended.After(r.Invite) {
			n++
			t.Errorf("%s was rung at %v by %s and had a call of %s until %v",
				r.Party, r.Invite, r.Peer, before.Peer, before.Ended)
		}
		last[r.Party] = r
	}
	return n
}
