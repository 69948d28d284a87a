package app

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
	"hotline/web"
)

const (
	// outboundPrefix begins the ids of calls that agents make, which are ours: the ids of
	// others are Asterisk's.
	outboundPrefix = "out-"
	// customerPart is the rest of the id of the leg to the number. The call's id alone would
	// be refused: Asterisk takes an id for taken when one of a channel, here of the agent's,
	// begins with it.
	customerPart = "-o0"
	// calledContext is where a number that answers enters the dialplan.
	calledContext = "hotline-called"
)

// customerLeg tells whether a channel is the leg to the number of a call that an agent makes.
func customerLeg(id string) bool {
	return strings.HasPrefix(id, outboundPrefix) && strings.HasSuffix(id, customerPart)
}

// DialOut rings an agent and then a number outside.
func (a *App) DialOut(ctx context.Context, agent call.AgentID, number string) (call.ID, error) {
	if err := a.mayDialOut(ctx, agent); err != nil {
		return "", err
	}
	checked, err := a.outsideNumber(agent, number)
	if err != nil {
		return "", err
	}
	return a.startOutbound(agent, checked), nil
}

// outsideNumber is the number outside that an agent dials. It counts as a call from now on,
// see dialer.
func (a *App) outsideNumber(agent call.AgentID, dialled string) (string, error) {
	to, rule := a.number(agent, dialled)
	switch {
	case rule != "":
		return "", web.BadField("number", rule)
	case to.Number == "":
		return "", web.BadField("number", "must be a number outside")
	}
	return to.Number, nil
}

// startOutbound makes the call.
func (a *App) startOutbound(agent call.AgentID, number string) call.ID {
	queue, line := a.nameOf(agent)
	id := call.ID(fmt.Sprintf("%s%d.%d", outboundPrefix, time.Now().UnixMilli(), a.dialled.Add(1)))
	a.calls.DialOut(callflow.Arrival{
		Call: id, Leg: call.LegID(id + customerPart), Number: number, Line: line,
		Grade: a.grades.of(number).Grade, Begin: time.Now(),
	}, agent, queue)
	return id
}

// mayDialOut refuses an agent whom the engine would not reserve. It may change its mind
// until it is asked; then the call ends as not reached.
func (a *App) mayDialOut(ctx context.Context, agent call.AgentID) error {
	snap, err := a.acd.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("acd: %w", err)
	}
	for _, g := range snap.Agents {
		switch {
		case g.ID != agent:
		case g.State == call.Ready, g.State == call.Break, g.State == call.WrapUp:
			return nil
		default:
			return web.Problem{Status: http.StatusConflict, Field: "agent", Detail: "the agent is " + string(g.State)}
		}
	}
	return web.ErrUnknownAgent
}

// nameOf is in whose name an agent calls: his first queue and its line.
func (a *App) nameOf(agent call.AgentID) (call.QueueID, string) {
	g, _ := a.agent(agent)
	queue := a.cfg.Queues[0].ID
	if len(g.Queues) > 0 {
		queue = g.Queues[0]
	} else if i := slices.IndexFunc(a.cfg.Queues, g.Serves); i >= 0 {
		queue = a.cfg.Queues[i].ID
	}
	for _, l := range a.cfg.Lines {
		if l.Queue == queue {
			return queue, l.Number
		}
	}
	if len(a.cfg.Lines) > 0 {
		return queue, a.cfg.Lines[0].Number
	}
	return queue, ""
}

// calledUp is a number that answered.
func (a *App) calledUp(ctx context.Context, e *ari.Event) {
	owner, _ := callOfLeg(e.Channel.ID)
	if !a.calls.Deliver(owner, callflow.CallerUp{At: e.At}) {
		a.orphan(ctx, e.Channel.ID)
	}
}
