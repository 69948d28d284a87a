package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
	"hotline/web"
)

const (
	// beep is what an agent hears when what he dialled is done, for as long as beepFor.
	beep    = "tone:1000/300"
	beepFor = 300 * time.Millisecond
	// goneWithin is how long an agent's own leg may take to end before he is rung back.
	goneWithin = 2 * time.Second
	// diallingBound is how many phones may dial at once; one more is hung up.
	diallingBound = 64
)

// counter is what agents reach by the keys of their phones; see callflow.Desk.
type counter struct{ *App }

// Number finds whom an agent dials.
func (c counter) Number(agent call.AgentID, dialled string) (callflow.Target, error) {
	to, rule := c.number(agent, dialled)
	if rule != "" {
		return to, fmt.Errorf("%w: %s %s", callflow.ErrTarget, dialled, rule)
	}
	return to, nil
}

// Back returns what an allowed number took.
func (c counter) Back(agent call.AgentID, to callflow.Target) {
	if to.Number != "" {
		c.dialer.back(agent, to.Number)
	}
}

// Next asks for the state after the call.
func (c counter) Next(agent call.AgentID, digit int) error {
	state, reason, err := c.stateOf(digit)
	if err != nil {
		return err
	}
	return c.roster.ask(context.Background(), agent, state, reason)
}

var errNoSuchBreak = errors.New("no break has that digit")

// stateOf is the state that a digit means: 0 ready, from 1 on the breaks.
func (a *App) stateOf(digit int) (call.AgentState, string, error) {
	switch {
	case digit == 0:
		return call.Ready, "", nil
	case digit <= len(a.cfg.Breaks):
		return call.Break, a.cfg.Breaks[digit-1], nil
	default:
		return "", "", fmt.Errorf("%w: %d", errNoSuchBreak, digit)
	}
}

// codes are those that agents press in a call.
func (a *App) codes() callflow.Codes {
	k := a.cfg.Codes
	return callflow.Codes{
		Hold: k.Hold, Transfer: k.Transfer, Consult: k.Consult, Complete: k.Complete, Conference: k.Conference,
		Drop: k.Drop, Next: k.Next,
	}
}

// dialledByAgent is an agent's idle phone that dialled a code or a number. It runs beside the
// reader, and is over within a few seconds.
func (a *App) dialledByAgent(ctx context.Context, e *ari.Event) {
	kind, dialled, channel := e.Args[0], e.Args[1], *e.Channel
	select {
	case a.dialling <- struct{}{}:
	default:
		a.log.Error("too many phones dial at once", "bound", diallingBound)
		a.orphan(ctx, channel.ID)
		return
	}
	a.side.Go(func() {
		defer func() { <-a.dialling }()
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*commandMax)
		defer cancel()
		agent, known := a.agentAt(channel.Name)
		err := fmt.Errorf("%w: %s", errUnknownAgent, channel.Name)
		switch {
		case !known:
		case kind == "code":
			err = a.dialledCode(bound, agent, dialled)
		default:
			err = a.dialledNumber(bound, agent, dialled, channel.ID)
		}
		if err != nil {
			a.log.Info("what an agent dialled is not done", "channel", channel.Name, "dialled", dialled, "error", err)
			a.endDialling(bound, channel.ID, "rejected")
			return
		}
		if kind == "code" {
			a.beep(bound, channel.ID)
		}
	})
}

// agentAt is whose phone a channel belongs to.
func (a *App) agentAt(channel string) (call.AgentID, bool) {
	for _, g := range a.cfg.Agents {
		if endpointOf(channel) == g.Endpoint {
			return g.ID, true
		}
	}
	return "", false
}

// dialledCode asks for the state that a code means.
func (a *App) dialledCode(ctx context.Context, agent call.AgentID, dialled string) error {
	k := a.cfg.Codes
	if dialled == k.SignOut {
		snap, err := a.acd.Snapshot(ctx)
		if err != nil {
			return err
		}
		for _, g := range snap.Agents {
			if g.ID == agent && g.State == call.Offline {
				return a.roster.ask(ctx, agent, call.Ready, "")
			}
		}
		return a.roster.ask(ctx, agent, call.Offline, "signed out by phone")
	}
	digit, ok := strings.CutPrefix(dialled, k.State)
	if k.State == "" || !ok || len(digit) != 1 || digit < "0" || digit > "9" {
		return web.BadField("code", "is none of feature_codes")
	}
	state, reason, err := a.stateOf(int(digit[0] - '0'))
	if err != nil {
		return err
	}
	return a.roster.ask(ctx, agent, state, reason)
}

// dialledNumber calls a number outside that an agent dialled on his phone: his leg is ended
// with a beep and he is rung back. His own leg stands outside of the engine, which alone
// reserves agents; so a call that he makes is the same call, whatever he makes it with.
func (a *App) dialledNumber(ctx context.Context, agent call.AgentID, dialled, channel string) error {
	if err := a.mayDialOut(ctx, agent); err != nil {
		return err
	}
	number, err := a.outsideNumber(agent, dialled)
	if err != nil {
		return err
	}
	a.beep(ctx, channel)
	if err := a.awaitGone(ctx, channel); err != nil {
		a.dialer.back(agent, number)
		return err
	}
	a.startOutbound(agent, number)
	return nil
}

// beep lets an agent hear that it is done, and ends his leg.
func (a *App) beep(ctx context.Context, channel string) {
	err := a.ari.Answer(ctx, channel)
	if err == nil {
		err = a.ari.PlayOnChannel(ctx, channel, "beep-"+channel, "", beep)
	}
	if err != nil {
		a.log.Info("agent hears no beep", "error", err)
	}
	sounding := time.NewTimer(beepFor)
	defer sounding.Stop()
	select {
	case <-sounding.C:
	case <-ctx.Done():
	}
	a.endDialling(ctx, channel, "normal")
}

func (a *App) endDialling(ctx context.Context, channel, reason string) {
	if err := a.ari.Hangup(ctx, channel, reason); err != nil {
		a.log.Warn("an agent's own leg stays", "channel", channel, "error", err)
	}
}

// awaitGone waits until Asterisk has ended a channel: a phone that is still in a call would
// answer the next one with busy.
func (a *App) awaitGone(ctx context.Context, channel string) error {
	bound, cancel := context.WithTimeout(ctx, goneWithin)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		_, err := a.ari.Channel(bound, channel)
		if errors.Is(err, ari.ErrGone) {
			return nil
		}
		select {
		case <-again.C:
		case <-bound.Done():
			return fmt.Errorf("the agent's own leg does not end: %w", bound.Err())
		}
	}
}
