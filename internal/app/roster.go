package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hotline/acd"
	"hotline/ari"
	"hotline/call"
	"hotline/web"
)

// roster signs agents in and out by their phones: an agent is signed in while his phone is
// registered, unless he signed out himself. So a phone that dies takes its agent out of the
// queue before anybody is offered to him.
type roster struct {
	acd engine
	log *slog.Logger

	mu     sync.Mutex
	agents map[string]*person // by endpoint, such as PJSIP/a1001
}

// engine is where sign-ins go.
type engine interface{ Submit(c acd.Command) error }

type person struct {
	id      call.AgentID
	online  bool
	away    bool // signed out by himself; his phone stays registered
	pending bool // not told to the engine yet
	held    bool // has a call that the engine does not know of, see fallback

	idle  time.Time   // since when his phone is seen free again while he is held
	after acd.Restore // his state when that call is over; of State "" = as his phone tells
}

func newRoster(e engine, endpoints map[call.AgentID]string, log *slog.Logger) *roster {
	r := &roster{acd: e, log: log, agents: map[string]*person{}}
	for id, endpoint := range endpoints {
		r.agents[endpoint] = &person{id: id, pending: true}
	}
	return r
}

// sources are the event subscriptions that tell of phones coming and going. An endpoint's
// own events would tell it too, but bring every event of its channels a second time.
func (r *roster) sources() (subscribe, watch []string) {
	for e := range r.agents {
		subscribe = append(subscribe, "deviceState:"+e)
		watch = append(watch, e)
	}
	return subscribe, watch
}

// seen takes the state of an endpoint from a look at the switch.
func (r *roster) seen(e ari.Endpoint) { r.set(e.Tech+"/"+e.Resource, e.State == ari.EndpointOnline) }

// event takes a change of a device. Any state but these two is a phone that can be reached.
func (r *roster) event(e *ari.Event) {
	if e.Device != nil {
		r.set(e.Device.Name, e.Device.State != "UNAVAILABLE" && e.Device.State != "INVALID")
	}
}

func (r *roster) set(endpoint string, online bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ours := r.agents[endpoint]
	if !ours || p.online == online && !p.pending {
		return
	}
	p.online, p.pending = online, false
	switch {
	case p.held: // told when that call is over
		p.away = p.away && online
	case !online:
		p.away = false
		r.submit(acd.SignOut{Agent: p.id, Reason: "phone unregistered"})
	case !p.away:
		r.submit(acd.SignIn{Agent: p.id})
	}
}

// ask carries out what an agent asked for on his own.
func (r *roster) ask(_ context.Context, id call.AgentID, state call.AgentState, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.person(id)
	if p == nil {
		return web.ErrUnknownAgent
	}
	if p.held {
		if state != call.Offline {
			return web.BadField("state", "the agent has a call that began while no controller was there")
		}
		p.away = true
		return nil
	}
	if !p.online {
		return web.BadField("state", "the agent's phone must be registered first")
	}
	switch state {
	case call.Offline:
		p.away = true
		return r.acd.Submit(acd.SignOut{Agent: id, Reason: reason})
	case call.Break:
		if err := r.signBackIn(p); err != nil {
			return err
		}
		return r.acd.Submit(acd.TakeBreak{Agent: id, Reason: reason})
	default:
		if err := r.signBackIn(p); err != nil {
			return err
		}
		if err := r.acd.Submit(acd.GoReady{Agent: id}); err != nil {
			return err
		}
		return r.acd.Submit(acd.WrapUpDone{Agent: id})
	}
}

func (r *roster) signBackIn(p *person) error {
	if !p.away {
		return nil
	}
	p.away = false
	return r.acd.Submit(acd.SignIn{Agent: p.id})
}

func (r *roster) person(id call.AgentID) *person {
	for _, p := range r.agents {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (r *roster) submit(c acd.Command) {
	if err := r.acd.Submit(c); err != nil {
		r.log.Error("agent's sign-in or sign-out is lost", "error", err)
	}
}
