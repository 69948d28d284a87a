package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline/acd"
	"hotline/ari"
	"hotline/configs/asterisk"
)

// reach holds the engine back while the switch is out of reach: a phone that is rung
// meanwhile would ring for a call of which nobody hears, and an agent would be charged with
// calls that never reached him.
type reach struct {
	mu     sync.Mutex
	halted bool
	lost   time.Time // when the line broke last
	times  int       // how often it came or went
}

// compareMax bounds the wait for the calls: one whose commands hang must not keep all others
// from being served.
const compareMax = 5 * time.Second

func (r *reach) down(a *App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times++
	r.lost = time.Now()
	if !r.halted {
		r.halted = true
		a.submit(acd.Halt{})
	}
}

// since is when the line broke; now when nobody was told of it.
func (r *reach) since() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.halted {
		return time.Now()
	}
	return r.lost
}

// comeIn is how long callers who found no controller have to come in before anybody is rung:
// whoever rings only now must not be served before them.
const comeIn = asterisk.TryEvery + 100*time.Millisecond

// onTheWay tells whether there are such callers: the dialplan lets nobody else wait.
func onTheWay(channels []ari.Channel) bool {
	return slices.ContainsFunc(channels, func(c ari.Channel) bool { return c.App == "Wait" })
}

// up lets the engine go on as soon as every call knows what happened to it meanwhile: until
// then callers who have left and agents who talk would be paired anew.
func (r *reach) up(ctx context.Context, a *App, channels []ari.Channel, compared <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times++
	if !r.halted {
		return
	}
	times := r.times
	in := time.NewTimer(0)
	if onTheWay(channels) {
		in.Reset(comeIn)
	}
	a.side.Go(func() {
		late := time.NewTimer(compareMax)
		defer late.Stop()
		defer in.Stop()
		select {
		case <-compared:
		case <-late.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-in.C:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.times == times { // else the line has broken again, or its return waits itself
			r.halted = false
			a.submit(acd.Proceed{})
		}
	})
}
