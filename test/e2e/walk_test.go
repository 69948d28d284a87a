package e2e

import (
	"sync"
	"testing"
	"time"

	"hotline/internal/phonesim"
	"hotline/test/house"
)

// TestS22FiftyCallsAgree: fifty callers, five agents who answer, ring out, reject and are
// busy, callers who give up. The phones' ledger, the SQL ledger, Redis and the report agree
// to the call and to 50 ms, and every call is recorded from its first to its last second.
func TestS22FiftyCallsAgree(t *testing.T) {
	const calls, agents = 50, 5
	h := house.Open(t, agents, nil)
	for i := range agents {
		h.Agent(i, moods(i))
	}
	legs := make([]*phonesim.Leg, calls)
	tick := time.NewTicker(700 * time.Millisecond)
	defer tick.Stop()
	for i := range legs {
		o := phonesim.CallOptions{From: house.Number(i), Talk: time.Duration(2000+i%5*500) * time.Millisecond}
		switch {
		case i%12 == 11: // gives up after the limit of a short call
			o.Patience = time.Duration(5500+i*20) * time.Millisecond
		case i%6 == 5:
			o.Patience = time.Duration(400+i*60) * time.Millisecond
		}
		legs[i] = h.Call(o)
		<-tick.C
	}
	h.Over(legs...)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	if len(all) != calls {
		t.Fatalf("%d calls in the ledger, %d were made", len(all), calls)
	}
	var wg sync.WaitGroup
	for _, s := range all {
		house.CompareCall(t, s)
		wg.Go(func() { h.CompareRecording(s) })
	}
	wg.Wait()
	f := h.CompareFigures(events)
	t.Logf("offered %d, answered %d, in time %d, abandoned %d, short %d",
		f.Offered, f.Answered, f.AnsweredInT, f.Abandoned, f.Short)
	if f.Offered != calls || f.Answered < calls/2 || f.Abandoned == 0 || f.Short == 0 {
		t.Errorf("the mix is not what it should be: %+v", f)
	}
}

// moods is what an agent does with one offer after another.
func moods(i int) func(phonesim.Offer) phonesim.Action {
	var mu sync.Mutex
	n := i
	return func(phonesim.Offer) phonesim.Action {
		mu.Lock()
		defer mu.Unlock()
		n++
		switch n % 8 {
		case 3:
			return phonesim.RingOut()
		case 5:
			return phonesim.Reject(300*time.Millisecond, 603)
		case 7:
			return phonesim.Reject(0, 486)
		case 0:
			return phonesim.Answer(500*time.Millisecond, 1500*time.Millisecond)
		default:
			return phonesim.Answer(time.Duration(200+100*(n%4))*time.Millisecond, 0)
		}
	}
}
