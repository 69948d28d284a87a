package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
)

// ringMax is Asterisk's own limit for a phone that rings. The engine's limit is shorter;
// this one ends legs that nobody watches any more.
const ringMax = 2 * time.Minute

// phone is the switch as the call flow knows it, carried out over ARI.
type phone struct {
	ari       *ari.Client
	endpoints map[call.AgentID]string
	pickUp    map[call.AgentID]bool // phones that are asked to pick up by themselves
	refresh   []string              // media of Refresh
	trunk     trunk
}

var errUnknownAgent = errors.New("agent has no endpoint")

// OpenBridge makes the caller's bridge and puts him into it.
func (p *phone) OpenBridge(ctx context.Context, b callflow.BridgeID, caller call.LegID) error {
	if err := p.ari.CreateBridge(ctx, string(b), "mixing", string(b)); err != nil {
		return err
	}
	err := p.ari.AddChannel(ctx, string(b), string(caller))
	// Asterisk says "not in the application" of a channel that is ending, and refuses the
	// request as a wrong one (400) when it has ended.
	refused, ok := errors.AsType[*ari.Error](err)
	if errors.Is(err, ari.ErrGone) || errors.Is(err, ari.ErrConflict) || ok && refused.Status == http.StatusBadRequest {
		return fmt.Errorf("%w: %w", callflow.ErrLegGone, err)
	}
	return err
}

// Join puts an agent's leg into the bridge.
func (p *phone) Join(ctx context.Context, b callflow.BridgeID, leg call.LegID) error {
	return p.ari.AddChannel(ctx, string(b), string(leg))
}

// Leave takes an agent's leg out of the bridge.
func (p *phone) Leave(ctx context.Context, b callflow.BridgeID, leg call.LegID) error {
	return p.ari.RemoveChannel(ctx, string(b), string(leg))
}

// CloseBridge ends the bridge.
func (p *phone) CloseBridge(ctx context.Context, b callflow.BridgeID) error {
	return p.ari.DeleteBridge(ctx, string(b))
}

// Play plays prompts to the caller.
func (p *phone) Play(ctx context.Context, caller call.LegID, id callflow.PlaybackID, sounds ...string) error {
	return p.ari.PlayOnChannel(ctx, string(caller), string(id), "", sounds...)
}

// StopPlay ends a prompt.
func (p *phone) StopPlay(ctx context.Context, id callflow.PlaybackID) error {
	return p.ari.StopPlayback(ctx, string(id))
}

// StartMusic plays music to the caller's leg.
func (p *phone) StartMusic(ctx context.Context, caller call.LegID, class string) error {
	return p.ari.StartMusic(ctx, string(caller), class)
}

// StopMusic ends it.
func (p *phone) StopMusic(ctx context.Context, caller call.LegID) error {
	return p.ari.StopMusic(ctx, string(caller))
}

// Refresh must be called whenever somebody else than the last agent, or the same after a
// hold, is about to be heard by the caller: before his leg joins the bridge. Without it the
// recording drops every word of an agent whose RTP numbers lie behind those of the agent
// before, although the caller hears him (docs/adr/0010-a-fresh-decoder-for-each-agent.md).
//
// It plays 20 ms of silence to the caller alone, which ends by itself; music that plays to
// him goes on behind it. He misses at most 40 ms of who speaks meanwhile. It may be called
// in mid-talk, and twice does no harm.
func (p *phone) Refresh(ctx context.Context, caller call.LegID) error {
	return p.ari.PlayOnChannel(ctx, string(caller), refreshPrefix+string(caller), "", p.refresh...)
}

// refreshPrefix begins the playback's id of a Refresh; the caller's leg follows.
const refreshPrefix = "refresh-"

// refreshFailed tells that a Refresh could not be played: the caller has hung up, or the
// sounds are not installed.
func refreshFailed(p *ari.Playback) bool {
	return p.State == "failed" && strings.HasPrefix(p.ID, refreshPrefix)
}

// CreateLeg creates the agent's leg under the offer's id. It is in our application before
// the phone rings, so it can be bridged the moment it is up.
func (p *phone) CreateLeg(ctx context.Context, leg call.LegID, agent call.AgentID, a callflow.Arrival) error {
	endpoint, ok := p.endpoints[agent]
	if !ok {
		return fmt.Errorf("create leg to %s: %w", agent, errUnknownAgent)
	}
	given := variables(a.Number, p.pickUp[agent])
	switch shown := nameOf(a); {
	case a.Back:
		// Nobody is there to be dialled for: the leg itself says who is called back.
		given["CONNECTEDLINE(num)"], given["CONNECTEDLINE(name)"] = a.Number, backMark+cmp.Or(shown, a.Number)
	case shown != "":
		// Dial tells the phone what it finds at the caller's leg, not at this one. Without the
		// name the agent still has the number, so a failure stops nothing.
		_ = p.ari.SetVariable(ctx, string(a.Leg), "CALLERID(name)", shown)
	}
	_, err := p.ari.CreateChannel(ctx, ari.CreateParams{
		Endpoint:   endpoint,
		AppArgs:    []string{"agent", string(a.Call)},
		ChannelID:  string(leg),
		Originator: string(a.Leg),
		Variables:  given,
	})
	return err
}

// backMark begins the name that an agent's phone shows of somebody who is called back.
const backMark = "回呼 "

// withheld stands for the number of a caller who does not show it.
const withheld = "anonymous"

// nameOf is the name that an agent's phone shows of a caller, his grade first; "" when he has
// none, and the phone shows the number.
func nameOf(a callflow.Arrival) string {
	if a.Grade.Name == "" {
		return ""
	}
	return a.Grade.Name + " " + a.Number // a grade is known by the number, so there is one
}

// variables are what an agent's leg is given before it is dialled: who calls, and whether the
// phone is to pick up by itself. Phones differ in the header they know, so there are two.
func variables(number string, pickUp bool) map[string]string {
	if number == "" {
		number = withheld
	}
	given := map[string]string{"CALLERID(num)": number, "CALLERID(name)": number}
	if pickUp {
		given["PJSIP_HEADER(add,Call-Info)"] = "<sip:hotline>;answer-after=0"
		given["PJSIP_HEADER(add,Alert-Info)"] = "<http://hotline>;info=alert-autoanswer;delay=0"
	}
	return given
}

// CreateOutside creates a leg to a number outside, by the trunk. The number was checked by
// whoever resolved the target.
func (p *phone) CreateOutside(ctx context.Context, leg call.LegID, number string, a callflow.Arrival) error {
	_, err := p.ari.CreateChannel(ctx, ari.CreateParams{
		Endpoint:   p.trunk.dial(number),
		AppArgs:    []string{"outside", string(a.Call)},
		ChannelID:  string(leg),
		Originator: string(a.Leg),
		Variables:  map[string]string{"CALLERID(num)": p.trunk.callerID[a.Line], "CALLERID(name)": ""},
	})
	return err
}

// CallNumber calls a number outside for an agent. The dialplan records it from its answer on,
// before anybody here knows of it, and then brings it to the application.
func (p *phone) CallNumber(ctx context.Context, a callflow.Arrival) error {
	err := p.ari.Originate(ctx, ari.OriginateParams{
		Endpoint: p.trunk.dial(a.Number), ChannelID: string(a.Leg), Context: calledContext, Extension: "s",
		CallerID: p.trunk.callerID[a.Line], Timeout: ringMax / 2,
		Variables: map[string]string{"HOTLINE_CALL": string(a.Call)},
	})
	if err != nil {
		return err
	}
	return p.ari.Subscribe(ctx, "channel:"+string(a.Leg))
}

// SendKeys presses keys to the party of a leg.
func (p *phone) SendKeys(ctx context.Context, leg call.LegID, keys string) error {
	return p.ari.SendDTMF(ctx, string(leg), keys, 0)
}

// intentVariable is the variable of a caller's channel that holds the flow's note.
const intentVariable = "HOTLINE_NEXT"

// Note keeps the flow's word on the caller's channel.
func (p *phone) Note(ctx context.Context, caller call.LegID, text string) error {
	return p.ari.SetVariable(ctx, string(caller), intentVariable, text)
}

// DialLeg rings the phone. Asterisk answers 409 until the leg's StasisStart.
func (p *phone) DialLeg(ctx context.Context, leg, caller call.LegID, limit time.Duration) error {
	return p.ari.Dial(ctx, string(leg), string(caller), cmp.Or(limit, ringMax))
}

// HangUp ends a leg; the cause is what the phone shows.
func (p *phone) HangUp(ctx context.Context, leg call.LegID, why callflow.Cause) error {
	reason := map[callflow.Cause]string{
		callflow.CauseNoAnswer:          "no_answer",
		callflow.CauseAnsweredElsewhere: "answered_elsewhere",
		callflow.CauseUnknownNumber:     "unallocated",
	}[why]
	if reason == "" {
		reason = "normal"
	}
	return p.ari.Hangup(ctx, string(leg), reason)
}
