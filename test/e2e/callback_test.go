package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
	"hotline/web"
)

// The numbers of these tests, which may be dialled.
const (
	backNumber  = "13900000021"
	otherNumber = "13900000022"
)

// openBack opens a site with one agent, who has to be told when he is at his desk, and whose
// callers may ask to be called back by the key 1.
func openBack(t *testing.T, change func(*configs.Config)) *office {
	t.Helper()
	d := openOffice(t, 2, func(c *configs.Config) {
		c.Queues[0].Callback.Key = "1"
		c.Queues[0].Callback.After = 0
		if change != nil {
			change(c)
		}
	})
	d.state("break")
	return d
}

// state sends the agent of the first queue on a break, or back to work.
func (d *office) state(state string) {
	d.T.Helper()
	body := fmt.Sprintf(`{"state":%q,"reason":"小休"}`, state)
	if state != "break" {
		body = fmt.Sprintf(`{"state":%q}`, state)
	}
	if status, text := d.post("/api/v1/agents/a1001/state", body); status != http.StatusNoContent {
		d.T.Fatalf("%s: %d %s", state, status, text)
	}
	if state == "break" {
		d.Until("the agent is on his break", func() bool { return d.State("a1001") == call.Break })
	}
}

// callbacks asks the API who is to be called back.
func (d *office) callbacks() []web.Callback {
	d.T.Helper()
	status, text := d.ask(http.MethodGet, "/api/v1/callbacks", "")
	var answer struct{ Callbacks []web.Callback }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		d.T.Fatalf("callbacks: %d %s", status, text)
	}
	return answer.Callbacks
}

// asks lets a caller wait, ask to be called back, and be let go with a word.
func (d *office) asks(number string) web.Callback {
	d.T.Helper()
	caller := d.Call(phonesim.CallOptions{From: number})
	d.Until("the caller waits", func() bool { return d.Live().Queues[0].Waiting > 0 })
	if err := caller.Press("1"); err != nil {
		d.T.Fatal(err)
	}
	d.Over(caller)
	var open []web.Callback
	d.Until("he is to be called back", func() bool { open = d.callbacks(); return len(open) > 0 })
	return open[len(open)-1]
}

// A caller asks for a callback by a key and hangs up. A caller who comes later is served
// after him: the agent's phone rings for the callback first, then the customer's; both hear
// each other, and it is recorded. The first stay counts as a callback, the second as nothing.
func TestPeers13CallerIsCalledBackAtHisPlace(t *testing.T) {
	d := openBack(t, nil)
	customer := d.outside(backNumber, phonesim.Answer(time.Second, 0))
	asked := d.asks(backNumber)
	if asked.Number != backNumber || asked.Queue != d.Config.Queues[0].ID || asked.Tries != 0 {
		t.Errorf("callback %+v", asked)
	}
	later := d.Call(phonesim.CallOptions{From: house.Number(2)})
	d.Until("the later one waits", func() bool { return d.Live().Queues[0].Waiting == 1 })
	if n := d.Live().Queues[0].Callbacks; n != 1 {
		t.Errorf("the live view shows %d callbacks", n)
	}
	d.Until("it stands in the line", func() bool { return d.callbacks()[0].Current != "" })
	d.state("ready")
	d.Until("the customer answers", func() bool {
		calls := customer.Calls()
		return len(calls) == 1 && !calls[0].Record().Answered.IsZero()
	})
	his, agent := customer.Calls()[0], d.leg(0)
	d.hears(his, agent)
	d.hears(agent, his)
	if r := his.Record(); r.Peer != "95001" {
		t.Errorf("the customer sees %q", r.Peer)
	}
	if o := <-d.offers; o.From != backNumber || o.Name != "回呼 "+backNumber {
		t.Errorf("the agent's phone shows %q %q, want that it is a callback, and whose", o.Name, o.From)
	}
	var id call.ID
	for _, c := range d.Live().Calls {
		if c.Outbound {
			id = c.ID
		}
	}
	if len(d.callbacks()) != 0 {
		t.Errorf("he is still to be called: %+v", d.callbacks())
	}
	customer.Hangup()
	d.Over(his, agent)
	second := d.leg(0)
	d.hears(later, second)
	later.Hangup()
	d.Over(later, second)
	events := d.Settle()
	d.talks(events)
	d.recorded(events, id, his, agent)
	d.toldOfCallback(events, asked.Call, id)
}

// toldOfCallback holds the ledger of a callback that reached its customer.
func (d *office) toldOfCallback(events []call.Event, asked, id call.ID) {
	d.T.Helper()
	ended := of(events, asked, call.CallbackEnded)
	if len(of(events, asked, call.CallbackAsked)) != 1 || len(ended) != 1 ||
		ended[0].Reason != string(call.CallbackReached) || ended[0].Of != id {
		d.T.Errorf("callback ended %+v", ended)
	}
	if e := of(events, asked, call.Ended); len(e) != 1 || e[0].Ending.Class != call.ClassCallback {
		d.T.Errorf("the first call ended %+v", e)
	}
	if e := of(events, id, call.Arrived); len(e) != 1 || e[0].Of != asked || e[0].Direction != call.CallBack {
		d.T.Errorf("the call back is %+v", e)
	}
	f := d.Report(events).Total.Figures
	if f.Offered != 2 || f.Answered != 1 || f.Callback != 1 || f.Talks != 2 {
		d.T.Errorf("figures %+v, want 2 offered: 1 answered, 1 callback, and 2 talks", f)
	}
}

// He rings again before his turn: he has his place before a caller who came in between, and
// nobody calls him.
func TestPeers13WhoRingsAgainHasHisPlace(t *testing.T) {
	d := openBack(t, nil)
	customer := d.outside(backNumber, phonesim.Answer(time.Second, 0))
	asked := d.asks(backNumber)
	between := d.Call(phonesim.CallOptions{From: otherNumber})
	d.Until("the one in between waits", func() bool { return d.Live().Queues[0].Waiting == 1 })
	again := d.Call(phonesim.CallOptions{From: backNumber})
	d.Until("both wait, and nobody is to be called", func() bool {
		return d.Live().Queues[0].Waiting == 2 && len(d.callbacks()) == 0
	})
	d.state("ready")
	first := d.leg(0)
	d.hears(again, first)
	again.Hangup()
	d.Over(again, first)
	second := d.leg(0)
	d.hears(between, second)
	between.Hangup()
	d.Over(between, second)
	events := d.Settle()
	d.talks(events)
	ended := of(events, asked.Call, call.CallbackEnded)
	if len(ended) != 1 || ended[0].Reason != string(call.CallbackAgain) {
		t.Errorf("callback ended %+v", ended)
	}
	if n := len(customer.Calls()); n != 0 {
		t.Errorf("he was called %d times all the same", n)
	}
	if f := d.Report(events).Total.Figures; f.Offered != 3 || f.Answered != 2 || f.Callback != 1 {
		t.Errorf("figures %+v", f)
	}
}

// Who waits is told how long, and what he was told is in the ledger and in the report.
func TestPeers13WaitIsToldOnARealAsterisk(t *testing.T) {
	d := openOffice(t, 2, func(c *configs.Config) {
		e := &c.Queues[0].Estimate
		e.Every, e.Assume = 30*time.Second, 4*time.Minute
	})
	busy, first, _ := d.talking(0)
	waits := d.Call(phonesim.CallOptions{From: house.Number(2)})
	d.Until("the estimate is said", func() bool {
		for _, ev := range d.Events() {
			if ev.Kind == call.Estimated {
				return true
			}
		}
		return false
	})
	busy.Hangup()
	d.Over(busy, first)
	agent := d.leg(0)
	d.hears(waits, agent)
	waits.Hangup()
	d.Over(waits, agent)
	events := d.Settle()
	for _, ev := range events {
		if ev.Kind == call.Estimated && (ev.P50 <= 0 || ev.P90 < ev.P50 || ev.Said < ev.P50 || ev.Queue == "") {
			t.Errorf("said %+v", ev)
		}
	}
	if told := d.Report(events).Told; told.Told != 1 || told.Answered != 1 {
		t.Errorf("calibration %+v", told)
	}
}

// The list outlives the controller. The customer is busy at first, and called again; another
// one is taken off the list and never called.
func TestPeers13CallbackOutlivesARestart(t *testing.T) {
	d := openBack(t, func(c *configs.Config) { c.Queues[0].Callback.Pause = 10 * time.Second })
	other := d.outside(otherNumber, phonesim.Answer(time.Second, 0))
	tried := make(chan time.Time, 8)
	busyFirst := func(o phonesim.Offer) phonesim.Action {
		tried <- time.Now()
		if o.Number == 1 {
			return phonesim.Reject(200*time.Millisecond, 486)
		}
		return phonesim.Answer(200*time.Millisecond, 2*time.Second)
	}
	phone := phonesim.OutsideOptions{Number: backNumber, Lines: 4, Behave: busyFirst}
	if _, err := d.Sim.NewOutside(phone); err != nil {
		t.Fatal(err)
	}
	asked := d.asks(backNumber)
	canceled := d.asks(otherNumber)
	if err := d.StopApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.StartApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Until("both are on the list again", func() bool { return len(d.callbacks()) == 2 })
	if c := d.callbacks()[0]; c.Call != asked.Call || !c.Place.Equal(asked.Place) {
		t.Errorf("after the restart %+v, before %+v", c, asked)
	}
	d.cancel(canceled.Call)
	d.Until("the agent is still on his break", func() bool { return d.State("a1001") == call.Break })
	d.state("ready")
	first, second := <-tried, <-tried
	if pause := second.Sub(first); pause < 10*time.Second {
		t.Errorf("called again after %v, want the pause of 10 s", pause)
	}
	d.Until("nobody is to be called any more", func() bool { return len(d.callbacks()) == 0 && len(d.Live().Calls) == 0 })
	events := d.Settle()
	d.talks(events)
	for id, want := range map[call.ID]call.CallbackEnd{
		asked.Call: call.CallbackReached, canceled.Call: call.CallbackCanceled,
	} {
		if ended := of(events, id, call.CallbackEnded); len(ended) != 1 || ended[0].Reason != string(want) {
			t.Errorf("callback of %s ended %+v, want %s", id, ended, want)
		}
	}
	if n := len(other.Calls()); n != 0 {
		t.Errorf("who was taken off the list is called: %d", n)
	}
}

// cancel takes a callback off the list.
func (d *office) cancel(id call.ID) {
	d.T.Helper()
	if status, text := d.ask(http.MethodDelete, "/api/v1/callbacks/"+string(id), ""); status != http.StatusNoContent {
		d.T.Fatalf("cancel: %d %s", status, text)
	}
}
