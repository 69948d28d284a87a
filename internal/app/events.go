package app

import (
	"context"
	"strings"
	"time"

	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
)

// listen brings what Asterisk reports to the call it concerns. It only sorts: nothing here
// waits for the switch, so a burst of events is read as fast as it comes.
func (a *App) listen(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m, open := <-a.ari.Messages():
			if !open {
				return ari.ErrReplaced
			}
			a.message(ctx, m)
		}
	}
}

func (a *App) message(ctx context.Context, m ari.Message) {
	switch m := m.(type) {
	case *ari.Up:
		a.health.set("asterisk", nil)
		a.log.Info("connected to Asterisk", "version", m.Info.Version, "gap", m.Gap, "restarted", m.Restarted)
		if m.Gap > 0 {
			a.Record(call.Event{
				Kind: call.StreamGap, At: call.Stamp(time.Now()), Held: call.MillisOf(m.Gap), Reason: "reconnected",
			})
		}
		if m.Restarted {
			a.calls.SwitchDied(a.reach.since())
		}
		a.reach.up(ctx, a, m.Snapshot.Channels, a.take(ctx, m.Snapshot))
	case *ari.Down:
		a.health.set("asterisk", m.Cause)
		a.reach.down(a)
		a.log.Error("Asterisk is out of reach; calls go on there", "error", m.Cause)
	case *ari.Resync:
		a.log.Warn("events were lost, looking again", "reason", m.Reason, "lost", m.Lost)
		a.take(ctx, m.Snapshot)
	case *ari.Event:
		a.event(ctx, m)
	}
}

// take brings the house into line with what the switch holds. The channel is
// closed when every call has been compared with it.
func (a *App) take(ctx context.Context, s ari.Snapshot) <-chan struct{} {
	taken := time.Now()
	ours := make(map[string]bool, len(s.App.Channels))
	for _, id := range s.App.Channels {
		ours[id] = true
	}
	// Before anybody is rung: some phones may be in use by Asterisk's own queue.
	if a.passFallback(ctx, s.Channels, taken) {
		a.fallback.nudge()
	}
	if !a.looked.Swap(true) {
		if err := a.adopt(ctx, s); err != nil {
			a.log.Error("what an earlier run left behind is not taken up", "error", err)
		}
	}
	a.strays.find(s, a.calls.Known)
	legs := make(map[call.LegID]callflow.LegState, len(s.Channels))
	for _, c := range s.Channels {
		legs[call.LegID(c.ID)] = callflow.LegState{Up: c.State == ari.ChannelUp}
		owner, isLeg := callOfLeg(c.ID)
		switch {
		case a.calls.Known(owner) || a.strays.has(owner):
		case isLeg:
			a.orphan(ctx, c.ID)
		case a.fromTrunk(c) && ours[c.ID]:
			a.stranger(ctx, c)
		}
	}
	compared := a.calls.Reconcile(taken, legs)
	a.closeEmpty(ctx, s.Bridges)
	for _, e := range s.Endpoints {
		a.roster.seen(e)
	}
	return compared
}

// bridgePrefix begins the name of every caller's bridge; the call's id follows.
const bridgePrefix = callflow.BridgePrefix

// argsOf are the arguments with which the dialplan gave a channel to the application.
func argsOf(c ari.Channel) []string {
	_, args, _ := strings.Cut(c.AppData, ",")
	return strings.Split(args, ",")
}

// fromTrunk tells a caller from other channels of the application.
func (a *App) fromTrunk(c ari.Channel) bool {
	return strings.HasPrefix(c.AppData, a.cfg.Asterisk.App+",in")
}

func (a *App) event(ctx context.Context, e *ari.Event) {
	switch e.Type {
	case ari.StasisStart:
		a.stasisStart(ctx, e)
	case ari.StasisEnd, ari.ChannelDestroyed:
		a.legEnd(ctx, e)
	case ari.ChannelStateChange:
		if owner, isLeg := callOfLeg(e.Channel.ID); isLeg && e.Channel.State == ari.ChannelUp {
			a.calls.Deliver(owner, callflow.LegUp{Leg: call.LegID(e.Channel.ID)})
		}
	case ari.PlaybackFinished:
		if refreshFailed(e.Playback) {
			a.log.Warn("recording not made ready for the next voice: are the silence-* sounds installed?",
				"playback", e.Playback.ID, "media", e.Playback.Media)
		}
		if id, ok := strings.CutPrefix(e.Playback.Target, "channel:"); ok {
			owner, _ := callOfLeg(id) // the customer of a call that an agent made has a leg's name
			a.calls.Deliver(owner, callflow.PlayEnded{Playback: callflow.PlaybackID(e.Playback.ID)})
		}
	case ari.ChannelDtmfReceived:
		owner, _ := callOfLeg(e.Channel.ID)
		a.calls.Deliver(owner, callflow.KeyPressed{Leg: call.LegID(e.Channel.ID), Key: e.Digit})
	case ari.ChannelHold, ari.ChannelUnhold:
		owner, _ := callOfLeg(e.Channel.ID)
		a.calls.Deliver(owner, callflow.PhoneHold{Leg: call.LegID(e.Channel.ID), On: e.Type == ari.ChannelHold})
	case ari.DeviceStateChanged:
		a.roster.event(e)
		if a.fallback.warm.Load() {
			a.fallback.nudge()
		}
	default: // the others tell nothing that the walk needs
	}
}

func (a *App) stasisStart(ctx context.Context, e *ari.Event) {
	switch {
	case e.Channel == nil || e.Replaces != nil:
		// A replaced channel is an artefact of a transfer, not a caller.
	case len(e.Args) > 0 && e.Args[0] == "in":
		line := e.Channel.Dialled
		if len(e.Args) > 1 && e.Args[1] != "" {
			line = e.Args[1]
		}
		if w, late := a.waitedOf(e.Channel, e.Args); late && !a.calls.Known(w.who.Call) {
			a.comeBack(ctx, w)
			return
		}
		a.calls.Arrive(a.arrival(e.Channel, line))
	case len(e.Args) > 0 && e.Args[0] == "called":
		a.calledUp(ctx, e)
	case len(e.Args) > 1 && (e.Args[0] == "code" || e.Args[0] == "dial"):
		a.dialledByAgent(ctx, e)
	case len(e.Args) > 1 && (e.Args[0] == "agent" || e.Args[0] == "outside"):
		if !a.calls.Deliver(call.ID(e.Args[1]), callflow.LegCreated{Leg: call.LegID(e.Channel.ID)}) {
			a.orphan(ctx, e.Channel.ID)
		}
	}
}

// legEnd is the end of a leg. For a caller StasisEnd is the end: an inbound channel that
// nobody subscribed to has no further event. An agent's leg ends with
// ChannelDestroyed, which carries the cause.
func (a *App) legEnd(ctx context.Context, e *ari.Event) {
	if e.Channel == nil {
		return
	}
	owner, isLeg := callOfLeg(e.Channel.ID)
	var s callflow.Signal = callflow.LegGone{Leg: call.LegID(e.Channel.ID), Outcome: outcomeOf(e.Cause)}
	switch {
	case customerLeg(e.Channel.ID) && e.Type == ari.ChannelDestroyed:
		s = callflow.CallerGone{At: e.At, Outcome: outcomeOf(e.Cause)}
	case !isLeg:
		s = callflow.CallerGone{At: e.At}
	case e.Type != ari.ChannelDestroyed:
		return
	}
	if !a.calls.Deliver(owner, s) {
		a.strayEnd(ctx, owner, e)
	}
}

// orphan hangs up a leg that no call owns, so that no phone rings for nobody
// (complaint P3). It runs beside the reader, which must not wait for a command.
func (a *App) orphan(ctx context.Context, id string) {
	a.log.Warn("leg without a call is hung up", "leg", id)
	a.side.Go(func() { a.hangUp(context.WithoutCancel(ctx), id) })
}

// hangUp ends a leg and waits for Asterisk's word.
func (a *App) hangUp(ctx context.Context, id string) {
	bound, cancel := context.WithTimeout(ctx, commandMax)
	defer cancel()
	if err := a.ari.Hangup(bound, id, "normal"); err != nil {
		a.log.Warn("leg without a call stays", "leg", id, "error", err)
	}
}

// stranger takes up a caller of whom the ledger knows nothing: his arrival was lost with an
// earlier run or in a gap. He has waited enough to be spared the greeting.
func (a *App) stranger(ctx context.Context, c ari.Channel) {
	if w, late := a.waitedOf(&c, argsOf(c)); late {
		a.comeBack(ctx, w)
		return
	}
	a.log.Warn("caller found in Asterisk", "call", c.ID)
	who := a.arrival(&c, c.Dialled)
	a.Record(arrivedEvent(who, c.Created))
	a.calls.Resume(who, callflow.Resumption{Began: c.Created})
}

// arrivedEvent is the arrival of a caller whose first moments nobody here saw.
func arrivedEvent(who callflow.Arrival, at time.Time) call.Event {
	return call.Event{
		Kind: call.Arrived, At: call.Stamp(at), Call: who.Call, Number: who.Number, Line: who.Line,
		Grade: who.Grade.ID,
	}
}

func (a *App) arrival(c *ari.Channel, line string) callflow.Arrival {
	number := callerNumber(c.CallerNumber)
	return callflow.Arrival{
		Call: call.ID(c.ID), Leg: call.LegID(c.ID), Number: number, Line: line,
		Grade: a.grades.of(number).Grade, Begin: c.Created,
	}
}

// numberMax bounds a caller's number: it is a stranger's text and is stored with each call.
const numberMax = 40

// callerNumber keeps what can be a number or a SIP user; a withheld one becomes "".
func callerNumber(raw string) string {
	switch strings.ToLower(raw) {
	case "anonymous", "unknown", "unavailable", "restricted":
		return ""
	}
	out := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("+*#._-", r) {
			return r
		}
		return -1
	}, raw)
	return out[:min(len(out), numberMax)]
}

// callOfLeg tells whose channel it is, and whether it is a leg that we made.
func callOfLeg(id string) (call.ID, bool) {
	owner, part := callflow.CallOf(id)
	return owner, part != ""
}

// outcomeOf maps the Q.850 cause of a leg that was not answered.
func outcomeOf(cause int) call.Outcome {
	switch cause {
	case 17: // 486 busy
		return call.Busy
	case 21: // 603 declined
		return call.Rejected
	case 16, 18, 19, 127, 0: // cancelled by us, 408, 480, 487, own time-out
		return call.NoAnswer
	default:
		return call.Unreachable
	}
}
