package house

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"hotline/call"
	"hotline/internal/demo"
	"hotline/internal/phonesim"
	"hotline/web"
)

// Control asks the hotline for something in a running call, by the API when it is a process
// of its own.
func (h *House) Control(ctx context.Context, id call.ID, c web.Control) error {
	if h.App != nil {
		return h.App.Control(ctx, id, c)
	}
	client, addr := h.api()
	if client == nil {
		return errNobodyActs
	}
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s/api/v1/calls/%s/control", addr, id)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+programToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("%s: %s", res.Status, text)
	}
	return nil
}

// Play is one caller and what his agents do with him, by a script.
type Play struct {
	h      *House
	Leg    *phonesim.Leg
	Number string
	Script string
	dice   *rand.Rand

	Outside string        // a number outside that this call may be sent to
	Asked   []string      // verbs that were done, in order
	Refused []string      // verbs that were refused, and why
	Held    time.Duration // on hold, by the watch of the one who asked
}

// Scripts are the names of what can happen to a call, for Play.
var Scripts = []string{
	"talk", "hold", "two holds", "blind to an agent", "blind to the queue", "consult and hand over",
	"consult and back", "consult, asker hangs up", "conference, agent leaves", "conference, third leaves",
	"conference, caller leaves", "blind outside", "consult outside and hand over", "handed over twice", GivesUp,
}

// GivesUp is the script of a caller who hangs up before anybody answers, or just after.
const GivesUp = "gives up"

// NewPlay dials for a script. The caller waits with any patience and hangs up at the end.
func (h *House) NewPlay(number, outside, script string, seed uint64) *Play {
	return &Play{
		h: h, Leg: h.Call(phonesim.CallOptions{From: number}), Number: number, Outside: outside, Script: script,
		dice: rand.New(rand.NewPCG(seed, 7)),
	}
}

// Run plays the script to its end and hangs up. Orders that are refused, or that nobody hears
// because the controller is down, are noted: the call goes on as it stands.
func (p *Play) Run() {
	defer p.Leg.Hangup()
	if p.Script == GivesUp {
		p.pass(50, 700)
		return
	}
	if !p.heard() {
		return
	}
	p.pass(700, 1500)
	switch p.Script {
	case "hold":
		p.hold()
	case "two holds":
		p.hold()
		p.hold()
	case "blind to an agent":
		p.order("transfer", p.someone())
	case "blind to the queue":
		p.order("transfer", &web.Target{Queue: string(demo.Queue)})
	case "blind outside":
		p.order("transfer", &web.Target{Number: p.Outside})
	case "consult and hand over":
		p.consult(p.someone())
		p.order("complete", nil)
	case "consult outside and hand over":
		p.consult(&web.Target{Number: p.Outside})
		p.order("complete", nil)
	case "consult and back":
		p.consult(p.someone())
		p.order("drop", nil)
	case "consult, asker hangs up":
		p.consult(p.someone())
		if c, found := p.call(); found && c.Consulting != "" { // else the caller is his alone again
			p.order("hangup", nil)
		}
	case "conference, agent leaves", "conference, third leaves", "conference, caller leaves":
		p.conference()
	case "handed over twice":
		p.consult(p.someone())
		p.order("complete", nil)
		p.pass(1000, 1500)
		p.order("transfer", p.someone())
	}
	p.settle()
}

func (p *Play) conference() {
	p.consult(p.someone())
	if !p.order("conference", nil) {
		return
	}
	p.pass(800, 1500)
	switch p.Script {
	case "conference, agent leaves":
		if c, found := p.call(); found && len(c.Parties) > 1 {
			p.order("hangup", nil)
		}
	case "conference, third leaves":
		p.order("drop", nil)
	}
}

// settle lets the last party talk for a while before the caller hangs up.
func (p *Play) settle() {
	if p.Script == "conference, caller leaves" {
		return
	}
	p.until(8*time.Second, func(c web.LiveCall) bool { return c.Stage == "talking" && !c.Held })
	p.pass(1200, 2000)
}

func (p *Play) hold() {
	begun := time.Now()
	if !p.order("hold", nil) {
		return
	}
	p.pass(800, 2000)
	if p.order("resume", nil) {
		p.Held += time.Since(begun)
	}
	p.pass(600, 1000)
}

// consult asks somebody and waits until he answers, or nobody asks any more.
func (p *Play) consult(to *web.Target) {
	if !p.order("consult", to) {
		return
	}
	p.until(8*time.Second, func(c web.LiveCall) bool {
		for _, other := range c.Parties {
			if other.Up && !other.With && other.Agent != c.Agent {
				return true
			}
		}
		return c.Consulting == ""
	})
	p.pass(700, 1200)
}

// order has the agent of the call ask for something.
func (p *Play) order(verb string, to *web.Target) bool {
	c, found := p.call()
	if !found || c.Agent == "" {
		p.Refused = append(p.Refused, verb+": nobody talks on the call")
		return false
	}
	ctx, cancel := context.WithTimeout(p.h.T.Context(), 5*time.Second)
	defer cancel()
	if err := p.h.Control(ctx, c.ID, web.Control{Agent: c.Agent, Do: verb, Target: to}); err != nil {
		p.Refused = append(p.Refused, verb+": "+err.Error())
		return false
	}
	p.Asked = append(p.Asked, verb)
	return true
}

// someone is an agent who is ready, or the queue when nobody is.
func (p *Play) someone() *web.Target {
	var ready []string
	for _, a := range p.h.Live().Agents {
		if a.State == call.Ready {
			ready = append(ready, string(a.ID))
		}
	}
	if len(ready) == 0 {
		return &web.Target{Queue: string(demo.Queue)}
	}
	return &web.Target{Agent: ready[p.dice.IntN(len(ready))]}
}

func (p *Play) call() (web.LiveCall, bool) {
	for _, c := range p.h.Live().Calls {
		if c.Number == p.Number {
			return c, true
		}
	}
	return web.LiveCall{}, false
}

// until looks at the call until something holds, or the time is over, or the call is.
func (p *Play) until(most time.Duration, holds func(web.LiveCall) bool) {
	tick, limit := time.NewTicker(30*time.Millisecond), time.NewTimer(most)
	defer tick.Stop()
	defer limit.Stop()
	for {
		if c, found := p.call(); found && holds(c) {
			return
		}
		select {
		case <-tick.C:
		case <-limit.C:
			return
		case <-p.Leg.Done():
			return
		}
	}
}

// pass lets a while go by, unless the call ends before.
func (p *Play) pass(least, most int) {
	timer := time.NewTimer(time.Duration(least+p.dice.IntN(most-least)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.Leg.Done():
	}
}

// heard waits for the first agent.
func (p *Play) heard() bool {
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	select {
	case <-p.Leg.Heard():
		return true
	case <-p.Leg.Done():
	case <-limit.C:
	}
	return false
}
