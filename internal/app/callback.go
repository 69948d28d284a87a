package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
	"hotline/configs/prompts"
	"hotline/web"
)

// callbackEvery is how often the open callbacks are looked at: how late one enters the line
// after its pause, or after a call for it that failed.
const callbackEvery = 500 * time.Millisecond

// asking is what the calls know of the list.
type asking struct {
	*callbacks
	record func(call.Event)
}

// Ask puts a caller on the list.
func (l asking) Ask(a callflow.Arrival, queue call.QueueID, waited bool) {
	ev := l.want(a, queue, waited)
	if !waited {
		l.record(ev)
	}
}

// startCallbacks makes the list and restores it, when a queue has callbacks.
func (a *App) startCallbacks(ctx context.Context) error {
	b := newCallbacks(a.cfg, a.dialer)
	if len(b.rules) == 0 {
		return nil
	}
	a.callbacks = b
	return a.readCallbacks(ctx)
}

// asking is what the calls ask of the list, nil when no queue has callbacks.
func (a *App) asking() callflow.Callbacks {
	if a.callbacks == nil {
		return nil
	}
	return asking{a.callbacks, a.Record}
}

// act carries out what the engine decided. The call to somebody who is called back begins
// when an agent is rung for it: never are more numbers called than agents are reserved.
func (a *App) act(x acd.Action) {
	if r, ok := x.(acd.Ring); ok && a.callbacks != nil && !a.calls.Known(r.Call) {
		if c := a.callbacks.rung(r.Call); c != nil {
			a.calls.CallBack(callflow.Arrival{
				Call: r.Call, Leg: call.LegID(r.Call + customerPart), Number: c.asked.Number, Line: c.asked.Line,
				Grade: a.grades.of(c.asked.Number).Grade, Begin: time.Now(),
			}, c.asked.Call, r.Queue)
		}
	}
	a.calls.Act(x)
}

// runCallbacks brings open callbacks into the line of the engine when their time has come,
// and drops those whose time is over.
func (a *App) runCallbacks(ctx context.Context) error {
	tick := time.NewTicker(callbackEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if !a.looked.Load() {
			continue // somebody may be called back this very moment, by an earlier run
		}
		a.endCallbacks()
		busy := a.talking()
		for _, c := range a.callbacks.list() {
			a.tendCallback(c, busy)
		}
	}
}

// endCallbacks ends the calls to those who are not to be called any more.
func (a *App) endCallbacks() {
	for _, id := range a.callbacks.takeOff() {
		if !a.calls.Deliver(id, callflow.Recall{}) {
			a.submit(acd.Leave{Call: id, As: call.Callback})
		}
	}
}

// talking are the numbers that calls go out to now.
func (a *App) talking() map[string]bool {
	out := map[string]bool{}
	for _, c := range a.calls.Calls() {
		if c.Outbound {
			out[c.Number] = true
		}
	}
	return out
}

// tendCallback looks at one of them.
func (a *App) tendCallback(c callback, busy map[string]bool) {
	now, rule := time.Now(), a.callbacks.rules[c.asked.Queue]
	id := c.asked.Call
	called := c.current != "" && a.calls.Known(c.current)
	if now.Sub(c.asked.At) > rule.Keep && !called {
		ended, _ := a.callbacks.cancel(id, call.CallbackExpired)
		for _, ev := range ended {
			a.Record(ev)
		}
		return
	}
	switch may := a.mayCallBack(c, now); {
	case c.current == "" && may && !busy[c.asked.Number] && !c.next.After(now):
		a.enterCallback(c)
	case c.current != "" && !may && !called:
		a.callbacks.out(id)
	}
}

// mayCallBack tells whether the number may be called at this hour.
func (a *App) mayCallBack(c callback, now time.Time) bool {
	if a.dialer.rules.Night.Contains(now.In(a.cfg.Zone())) {
		return false
	}
	for _, l := range a.cfg.Lines {
		if l.Number == c.asked.Line {
			return a.cfg.ServiceAt(l)(now).Open
		}
	}
	return true
}

// enterCallback gives one its place in the engine's line. Its limits there are none: the list
// knows how long it is kept.
func (a *App) enterCallback(c callback) {
	id := call.ID(fmt.Sprintf("%s%d.%d", outboundPrefix, time.Now().UnixMilli(), a.dialled.Add(1)))
	if !a.callbacks.enter(c.asked.Call, id) {
		return
	}
	who := callflow.Arrival{Call: id, Number: c.asked.Number, Line: c.asked.Line, Begin: time.Now()}
	s := a.standing(who, c.asked.Queue)
	a.submit(acd.Enter{
		Call: id, Queue: c.asked.Queue, Direction: call.CallBack, Resumed: true, Place: c.asked.Entered,
		Level: s.Level, Priority: s.Priority,
	})
}

// Callbacks lists the open callbacks in the order of their places.
func (a *App) Callbacks(context.Context) ([]web.Callback, error) {
	out := []web.Callback{}
	for _, c := range a.callbacks.list() {
		out = append(out, web.Callback{
			Call: c.asked.Call, Number: c.asked.Number, Line: c.asked.Line, Queue: c.asked.Queue, Asked: c.asked.At,
			Place: c.asked.Entered, Tries: c.tries, Current: c.current,
		})
	}
	return out, nil
}

// CancelCallback takes one off the list.
func (a *App) CancelCallback(_ context.Context, id call.ID) error {
	ended, known := a.callbacks.cancel(id, call.CallbackCanceled)
	if !known {
		return web.Problem{Status: http.StatusNotFound, Field: "call", Detail: "nobody is to be called back for this call"}
	}
	for _, ev := range ended {
		a.Record(ev)
	}
	return nil
}

// callbackOf is what the callers of a queue hear of it.
func (a *App) callbackOf(q configs.Queue) callflow.Callback {
	return callflow.Callback{
		Key: q.Callback.Key, After: q.Callback.After, Every: q.Callback.Every, Offer: a.sound(q.Callback.Prompt),
		Taken: a.sound(prompts.CallbackTaken), Closed: a.sound(q.Callback.Closed),
	}
}
