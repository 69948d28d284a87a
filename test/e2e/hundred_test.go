package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// lengthMax is how far a recording's length and its call's may differ.
const lengthMax = 50 * time.Millisecond

var (
	mixSeed  = flag.Uint64("mix.seed", 0, "seed of the mixed calls; 0 = a new one")
	mixCalls = flag.Int("mix.calls", 100, "how many mixed calls")
)

// TestS22HundredMixedCallsAgree: ten agents and a hundred callers who are held,
// transferred, asked about, joined in conferences and sent to numbers outside. Phones,
// ledger, Redis and report agree to the call and to 50 ms, each agent has his own talk time
// after every kind of transfer, and whatever voice a caller heard is in his recording.
func TestS22HundredMixedCallsAgree(t *testing.T) {
	if *mixSeed == 0 {
		*mixSeed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -mix.seed=%d -mix.calls=%d", *mixSeed, *mixSeed, *mixCalls)
	const agents = 10
	h := house.Open(t, agents, func(c *configs.Config) {
		c.Queues[0].RingFor = 3 * time.Second
		c.Dialing.Allow = []configs.Pattern{"9*"}
		c.Dialing.MaxCalls, c.Dialing.MaxPerHour = 100, 1000
	})
	dice := rand.New(rand.NewPCG(*mixSeed, 0))
	for i := range agents {
		h.Agent(i, willing(dice.Uint64()))
	}
	plays := mixed(h, dice)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	if len(all) != *mixCalls {
		t.Fatalf("%d calls in the ledger, %d were made", len(all), *mixCalls)
	}
	done, refused := map[string]int{}, 0
	for _, p := range plays {
		s := all[p.Number]
		for _, r := range h.Sim.Ledger() {
			if r.Role == phonesim.RoleOutside && r.Party == p.Outside {
				s.Outside = append(s.Outside, r)
			}
		}
		if len(s.Kinds[call.Answered]) == 0 {
			house.CompareCall(t, s)
			h.CompareRecording(s)
			continue
		}
		house.CompareControlled(t, p, s)
		h.CompareControlledRecording(s, lengthMax)
		for _, verb := range p.Asked {
			done[verb]++
		}
		refused += len(p.Refused)
		if len(p.Refused) > 0 {
			t.Logf("%s of %s: done %v, refused %s", p.Script, p.Number, p.Asked, strings.Join(p.Refused, "; "))
		}
	}
	f := h.CompareFigures(events)
	t.Logf("offered %d, answered %d, in time %d; done %v, refused %d", f.Offered, f.Answered, f.AnsweredInT, done, refused)
	for _, verb := range []string{"hold", "resume", "transfer", "consult", "complete", "conference", "drop", "hangup"} {
		if done[verb] == 0 {
			t.Errorf("nobody asked for %q: the mix is not what it should be", verb)
		}
	}
	if refused > *mixCalls/5 {
		t.Errorf("%d orders were refused", refused)
	}
}

// mixed plays the scripts one after another, some six at a time.
func mixed(h *house.House, dice *rand.Rand) []*house.Play {
	plays := make([]*house.Play, *mixCalls)
	var wg sync.WaitGroup
	seats := make(chan struct{}, 6)
	for i := range plays {
		seats <- struct{}{}
		outside := fmt.Sprintf("9%05d", i)
		if _, err := h.Sim.NewOutside(phonesim.OutsideOptions{Number: outside, Behave: func(phonesim.Offer) phonesim.Action {
			return phonesim.Answer(300*time.Millisecond, 0)
		}}); err != nil {
			h.T.Fatal(err)
		}
		plays[i] = h.NewPlay(house.Number(i), outside, house.Scripts[dice.IntN(len(house.Scripts))], dice.Uint64())
		wg.Go(func() { plays[i].Run(); <-seats })
	}
	wg.Wait()
	for _, p := range plays {
		h.Over(p.Leg)
	}
	return plays
}

// willing answers soon, and now and then not at all.
func willing(seed uint64) func(phonesim.Offer) phonesim.Action {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 1))
	return func(phonesim.Offer) phonesim.Action {
		mu.Lock()
		defer mu.Unlock()
		switch dice.IntN(12) {
		case 0:
			return phonesim.RingOut()
		case 1:
			return phonesim.Reject(200*time.Millisecond, 603)
		default:
			return phonesim.Answer(time.Duration(150+dice.IntN(600))*time.Millisecond, 0)
		}
	}
}
