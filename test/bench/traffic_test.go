package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"hotline/internal/phonesim"
)

// ring is how long an agent's phone rings before it is picked up.
const ring = 200 * time.Millisecond

// talkTime is a length of talk as B3 S3 asks for it: 1.5 to 3.5 s.
func talkTime() time.Duration {
	return 1500*time.Millisecond + time.Duration(rand.Int64N(int64(2*time.Second)))
}

// manners is how agents treat offers: all are answered, and half of the talks are ended by
// the agent, the other half by the caller.
func manners(wait time.Duration) func(phonesim.Offer) phonesim.Action {
	return func(o phonesim.Offer) phonesim.Action {
		if agentHangsUp(o.From) {
			return phonesim.Answer(wait, talkTime())
		}
		return phonesim.Answer(wait, 0)
	}
}

// crowd keeps as many callers in the house for a time: whoever is done is followed by the
// next at once, so that somebody waits at every moment.
func (h *house) crowd(s side, size int, during time.Duration) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), during)
	defer cancel()
	done := make(chan *phonesim.Leg, size)
	living := map[*phonesim.Leg]struct{}{}
	add := func() {
		talk := time.Duration(0)
		if h.callers%2 == 0 {
			talk = talkTime()
		}
		leg := h.call(s, talk)
		living[leg] = struct{}{}
		go func() {
			<-leg.Done()
			done <- leg
		}()
	}
	// The first ones come one by one: a flood at the start would measure the start.
	entry := time.NewTicker(25 * time.Millisecond)
	defer entry.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case leg := <-done:
			delete(living, leg)
			add()
		case <-entry.C:
			if len(living) < size {
				add()
			}
		}
	}
	for leg := range living {
		leg.Hangup()
	}
	for range len(living) {
		<-done
	}
}

// stream sends a caller at fixed moments, however the calls before are going, and waits
// for the end of all.
func (h *house) stream(s side, every, talk, during time.Duration) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), during)
	defer cancel()
	legs := []*phonesim.Leg{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		legs = append(legs, h.call(s, talk))
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	limit := time.NewTimer(endMax)
	defer limit.Stop()
	for _, leg := range legs {
		select {
		case <-leg.Done():
		case <-limit.C:
			h.Fatalf("a call does not end: %+v%s", leg.Record(), h.program.tail())
		}
	}
}
