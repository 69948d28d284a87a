package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
	"hotline/web"
)

// Control does what an agent asks for in his call.
func (a *App) Control(ctx context.Context, id call.ID, c web.Control) error {
	if _, known := a.agent(c.Agent); !known {
		return web.ErrUnknownAgent
	}
	do := callflow.Control{Agent: c.Agent, Do: callflow.Verb(c.Do), Keys: c.Keys}
	if c.Target != nil {
		to, err := a.target(id, c.Agent, *c.Target)
		if err != nil {
			return err
		}
		do.To = to
	}
	err := a.calls.Control(ctx, id, do)
	if err != nil && do.To.Number != "" {
		a.dialer.back(c.Agent, do.To.Number)
	}
	return problemOf(err)
}

// problemOf says in the API's words why a control was refused.
func problemOf(err error) error {
	for _, p := range []struct {
		err    error
		status int
		field  string
	}{
		{callflow.ErrNoCall, http.StatusNotFound, "call"},
		{callflow.ErrNotInCall, http.StatusConflict, "agent"},
		{callflow.ErrNotNow, http.StatusConflict, ""},
		{callflow.ErrTarget, http.StatusUnprocessableEntity, "target"},
	} {
		if errors.Is(err, p.err) {
			return web.Problem{Status: p.status, Field: p.field, Detail: err.Error()}
		}
	}
	return err
}

// target finds whom an agent means. A number outside counts as a call from now on, see
// dialer.
func (a *App) target(id call.ID, agent call.AgentID, t web.Target) (callflow.Target, error) {
	switch {
	case t.Agent != "":
		for _, g := range a.cfg.Agents {
			if string(g.ID) == t.Agent || g.Extension == t.Agent {
				return callflow.Target{Agent: g.ID}, nil
			}
		}
		return callflow.Target{}, web.BadField("target.agent", "must be the id or the extension of an agent")
	case t.Number != "":
		to, rule := a.number(agent, t.Number)
		if rule != "" {
			return to, web.BadField("target.number", rule)
		}
		return to, nil
	}
	to := callflow.Target{Queue: a.queueOf(id)}
	if t.Queue != "" {
		q, known := a.queue(t.Queue)
		if !known {
			return to, web.BadField("target.queue", "must be the id or the extension of a queue")
		}
		to.Queue = q.ID
	}
	level, known := a.cfg.LevelOf(configs.Level(t.Level))
	if !known {
		return to, web.BadField("target.level", "must be one of the levels")
	}
	to.Level = acd.Level(level)
	return to, nil
}

// number is what an agent dials: an extension, or a number outside; else the rule that it
// breaks.
func (a *App) number(agent call.AgentID, dialled string) (to callflow.Target, rule string) {
	for _, g := range a.cfg.Agents {
		if g.Extension == dialled {
			return callflow.Target{Agent: g.ID}, ""
		}
	}
	for _, q := range a.cfg.Queues {
		if q.Extension == dialled {
			return callflow.Target{Queue: q.ID}, ""
		}
	}
	to.Number, rule = a.dialer.allow(agent, dialled)
	return to, rule
}

// queue finds a queue by id or extension.
func (a *App) queue(name string) (configs.Queue, bool) {
	for _, q := range a.cfg.Queues {
		if string(q.ID) == name || q.Extension == name {
			return q, true
		}
	}
	return configs.Queue{}, false
}

// queueOf is the queue where the caller of a call is or was last.
func (a *App) queueOf(id call.ID) call.QueueID {
	for _, c := range a.calls.Calls() {
		if c.Call == id {
			return c.Queue
		}
	}
	return ""
}

func (a *App) agent(id call.AgentID) (configs.Agent, bool) {
	for _, g := range a.cfg.Agents {
		if g.ID == id {
			return g, true
		}
	}
	return configs.Agent{}, false
}

// outsideLegs counts the legs to numbers outside.
func (a *App) outsideLegs() int {
	n := 0
	for _, c := range a.calls.Calls() {
		if c.Outbound {
			n++
		}
		for _, p := range c.Parties {
			if p.Number != "" {
				n++
			}
		}
	}
	return n
}

// Assign keeps a waiting caller for one agent.
func (a *App) Assign(ctx context.Context, id call.ID, agent call.AgentID, wait time.Duration) error {
	snap, err := a.waiting(ctx, id)
	if err != nil {
		return err
	}
	for _, g := range snap.Agents {
		switch {
		case g.ID != agent:
		case g.State == call.Offline || g.State == call.Break:
			return web.Problem{Status: http.StatusConflict, Field: "agent", Detail: "the agent is " + string(g.State)}
		default:
			return a.acd.Submit(acd.Assign{Call: id, Agent: agent, For: wait})
		}
	}
	return web.ErrUnknownAgent
}

// Move brings a waiting caller into another queue.
func (a *App) Move(ctx context.Context, id call.ID, queue call.QueueID) error {
	q, known := a.queue(string(queue))
	if !known {
		return web.BadField("queue", "must be the id or the extension of a queue")
	}
	if _, err := a.waiting(ctx, id); err != nil {
		return err
	}
	if !a.calls.Move(id, q.ID) {
		return problemOf(callflow.ErrNoCall)
	}
	return nil
}

// waiting looks whether a caller waits. He may be answered a moment later; then the engine
// leaves him there.
func (a *App) waiting(ctx context.Context, id call.ID) (acd.Snapshot, error) {
	snap, err := a.acd.Snapshot(ctx)
	if err != nil {
		return snap, fmt.Errorf("acd: %w", err)
	}
	for _, q := range snap.Queues {
		for _, c := range q.Callers {
			if c.Call == id {
				return snap, nil
			}
		}
	}
	if a.calls.Known(id) {
		return snap, web.Problem{Status: http.StatusConflict, Field: "call", Detail: "the caller does not wait in a queue"}
	}
	return snap, web.Problem{Status: http.StatusNotFound, Field: "call", Detail: callflow.ErrNoCall.Error()}
}
