package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/call"
	"hotline/callflow"
)

// The answers of the switch.
var (
	errRefused  = errors.New("500 refused")
	errConflict = errors.New("409 conflict")
	errMissing  = errors.New("404 not found")
)

// phone is the switch as the flow commands it. The embedded interface is nil: a command
// that the flow learns compiles, and the first run that uses it says which one is missing
// here.
type phone struct {
	callflow.Phone
	*world
}

// command carries out an order as the switch does: after a while, not at all, or with a
// wrong report. do runs with w.mu held.
func (p phone) command(ctx context.Context, s *story, verb, subject string, do func() error) (err error) {
	p.mu.Lock()
	key := verb + " " + subject
	p.commands[key]++
	d := p.chance.of("command", key, fmt.Sprint(p.commands[key]))
	p.mu.Unlock()
	begin := time.Now()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.busy = append(s.busy, span{begin, time.Now()})
		if err != nil && p.broken() {
			s.kept = time.Now()
		}
	}()
	fate := d.Float64()
	happens := func(p float64) bool { fate -= p; return fate < 0 }
	there, back := d.between(0, p.latency/2), d.between(0, p.latency/2)
	switch {
	case happens(p.hung):
		return errors.Join(context.DeadlineExceeded, wait(ctx, commandMax))
	case happens(p.stalled):
		p.in(commandMax+d.between(0, commandMax), func() { _ = do() }) // whoever asked is not told
		return errors.Join(context.DeadlineExceeded, wait(ctx, commandMax))
	case happens(p.refused):
		return errors.Join(errRefused, wait(ctx, there))
	}
	if err := wait(ctx, there); err != nil {
		return err
	}
	p.mu.Lock()
	err = do()
	p.mu.Unlock()
	if happens(p.lied) {
		return errors.Join(context.DeadlineExceeded, wait(ctx, commandMax-there))
	}
	return errors.Join(err, wait(ctx, back))
}

// of is the story of a call.
func (p phone) of(id call.ID) *story {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stories[id]
}

func (p phone) bridgeOf(b callflow.BridgeID) *story {
	return p.legOf(string(b[len(callflow.BridgePrefix):]))
}

// legOf is the story to which the name of a leg or a bridge belongs.
func (p phone) legOf(id string) *story {
	id1, _ := callflow.CallOf(id)
	return p.of(id1)
}

// OpenBridge makes the bridge with the caller in it, or with the agent who asks.
func (p phone) OpenBridge(ctx context.Context, b callflow.BridgeID, id call.LegID) error {
	return p.command(ctx, p.bridgeOf(b), "bridge", string(b), func() error {
		l := p.legs[id]
		if l == nil {
			return errMissing
		}
		if p.bridges[b] == nil {
			p.bridges[b] = map[call.LegID]*leg{}
		}
		p.into(b, l)
		return nil
	})
}

// into moves a leg into a bridge: a channel is in one at most.
func (w *world) into(b callflow.BridgeID, l *leg) {
	delete(w.bridges[l.bridge], l.id)
	w.bridges[b][l.id] = l
	l.bridge = b
}

// Join puts an agent's leg into the bridge.
func (p phone) Join(ctx context.Context, b callflow.BridgeID, id call.LegID) error {
	p.mu.Lock()
	l := p.legs[id]
	first := l != nil && l.joined.IsZero()
	if l != nil {
		p.notForNobody(l)
	}
	p.mu.Unlock()
	if l == nil {
		return errMissing
	}
	err := p.command(ctx, l.story, "join", string(id), func() error { return p.join(b, l) })
	p.mu.Lock()
	defer p.mu.Unlock()
	if first {
		l.liedJoin = err != nil
	}
	return err
}

// notForNobody holds that no agent is joined with a caller of whom the house knows that he is
// gone. What it was told while it waited for a command it does not know yet.
func (w *world) notForNobody(l *leg) {
	s, now := l.story, time.Now()
	if told := s.caller.heardGone; !told.IsZero() && now.Sub(told) > s.waited(told, now) && !told.Before(s.arrived) {
		w.fault("%s is joined %v after the house knew that %s is gone", l.id, now.Sub(told), s.id)
	}
}

// Leave takes a leg out of a bridge.
func (p phone) Leave(ctx context.Context, b callflow.BridgeID, id call.LegID) error {
	return p.command(ctx, p.bridgeOf(b), "leave", string(id), func() error {
		if l := p.legs[id]; l != nil && l.bridge == b {
			delete(p.bridges[b], id)
			l.bridge = ""
		}
		return nil
	})
}

// Refresh makes the recording ready; the world does not record.
func (p phone) Refresh(ctx context.Context, caller call.LegID) error {
	return p.plain(ctx, "refresh", caller)
}

// SendKeys sends keys to a leg.
func (p phone) SendKeys(ctx context.Context, id call.LegID, _ string) error {
	return p.plain(ctx, "keys", id)
}

// Note leaves word for a controller that takes the call up; here none does.
func (p phone) Note(ctx context.Context, caller call.LegID, _ string) error {
	return p.plain(ctx, "note", caller)
}

// plain is a command that needs a living leg and changes nothing that the world looks at.
func (p phone) plain(ctx context.Context, verb string, id call.LegID) error {
	return p.command(ctx, p.legOf(string(id)), verb, string(id), func() error {
		if p.legs[id] == nil {
			return errMissing
		}
		return nil
	})
}

func (w *world) join(b callflow.BridgeID, l *leg) error {
	members := w.bridges[b]
	if members == nil || l.state == gone {
		return errMissing
	}
	if l.state != up {
		w.fault("%s is joined before it is picked up", l.id)
	}
	for _, other := range members {
		if !other.isCaller() && other != l && !l.story.conference && !w.asking(b) {
			w.fault("caller %s has two agents: %s and %s", l.story.id, other.id, l.id)
		}
		if other.story != l.story {
			w.fault("%s is joined with a stranger, %s", l.id, other.id)
		}
	}
	w.into(b, l)
	if l.joined.IsZero() {
		l.joined = time.Now()
		w.talk(l)
	}
	return nil
}

// CloseBridge ends the bridge. It must be empty of living legs.
func (p phone) CloseBridge(ctx context.Context, b callflow.BridgeID) error {
	s := p.bridgeOf(b)
	return p.command(ctx, s, "close", string(b), func() error {
		for _, l := range p.bridges[b] {
			l.bridge = ""
		}
		delete(p.bridges, b)
		return nil
	})
}

// Play plays a prompt of some seconds.
func (p phone) Play(ctx context.Context, caller call.LegID, id callflow.PlaybackID, sounds ...string) error {
	s := p.legOf(string(caller))
	p.mu.Lock()
	s.goodbye = s.goodbye || slices.Contains(sounds, soundGoodbye)
	p.mu.Unlock()
	return p.command(ctx, s, "play", string(id), func() error {
		if p.legs[caller] == nil {
			return errMissing
		}
		pr := &prompt{story: s}
		p.prompts[id] = pr
		length := p.chance.of("prompt", string(id)).between(time.Second, 4*time.Second)
		p.in(length, func() { p.endPrompt(id, pr) })
		return nil
	})
}

// StopPlay ends a prompt.
func (p phone) StopPlay(ctx context.Context, id callflow.PlaybackID) error {
	p.mu.Lock()
	pr := p.prompts[id]
	p.mu.Unlock()
	if pr == nil {
		return nil
	}
	return p.command(ctx, pr.story, "stop", string(id), func() error {
		p.endPrompt(id, pr)
		return nil
	})
}

func (w *world) endPrompt(id callflow.PlaybackID, pr *prompt) {
	if pr.over {
		return
	}
	pr.over = true
	w.tell(pr.story.caller, "play "+string(id), nil, func() {
		w.flows.Deliver(pr.story.id, callflow.PlayEnded{Playback: id})
	})
}

// StartMusic plays music to the caller. It is the first that the world notices of a caller
// in a queue.
func (p phone) StartMusic(ctx context.Context, caller call.LegID, _ string) error {
	s := p.legOf(string(caller))
	p.mu.Lock()
	if s.queued.IsZero() {
		s.queued = time.Now()
	}
	p.mu.Unlock()
	return p.plain(ctx, "music", caller)
}

// StopMusic ends it.
func (p phone) StopMusic(ctx context.Context, caller call.LegID) error {
	return p.plain(ctx, "quiet", caller)
}

// CreateLeg makes the leg to an agent's phone.
func (p phone) CreateLeg(ctx context.Context, id call.LegID, agent call.AgentID, a callflow.Arrival) error {
	s := p.of(a.Call)
	err := p.command(ctx, s, "create", string(id), func() error { return p.create(id, agent, s) })
	p.note(id, err)
	return err
}

// CreateOutside makes the leg to an outside number.
func (p phone) CreateOutside(ctx context.Context, id call.LegID, _ string, a callflow.Arrival) error {
	s := p.of(a.Call)
	err := p.command(ctx, s, "create", string(id), func() error { return p.create(id, "", s) })
	p.note(id, err)
	return err
}

// note keeps that the command that makes or dials a leg did not go as it should.
func (w *world) note(id call.LegID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.legs[id]; l != nil && err != nil {
		l.failed = true
	}
}

func (w *world) create(id call.LegID, agent call.AgentID, s *story) error {
	d := w.chance.of("create", string(id))
	switch {
	case w.legs[id] != nil:
		w.fault("%s is created twice", id)
		return errConflict
	case agent != "" && w.devices[agent].off && d.happens(0.5):
		return errRefused
	}
	l := &leg{id: id, story: s, agent: agent, state: created, born: time.Now()}
	s.legs = append(s.legs, l)
	w.legs[id] = l
	w.in(d.between(0, w.latency/4), func() {
		if l.state != created {
			return
		}
		l.state = ready
		w.tell(l, "created "+string(id), nil, func() { w.legCreated(l) })
	})
	return nil
}

// DialLeg rings the phone.
func (p phone) DialLeg(ctx context.Context, id, caller call.LegID, limit time.Duration) error {
	err := p.command(ctx, p.legOf(string(caller)), "dial", string(id), func() error {
		l := p.legs[id]
		switch {
		case l == nil || l.state == gone:
			return errMissing
		case l.state != ready:
			return errConflict
		}
		p.ring(l, cmp.Or(limit, ringMax))
		return nil
	})
	p.note(id, err)
	return err
}

// HangUp ends a leg after the moment that the phone needs.
func (p phone) HangUp(ctx context.Context, id call.LegID, _ callflow.Cause) error {
	s := p.legOf(string(id))
	p.mu.Lock()
	l := p.legs[id]
	if l != nil {
		if l.dropped.IsZero() {
			l.dropped = time.Now()
		}
		l.hangUps++
	}
	p.mu.Unlock()
	return p.command(ctx, s, "hangup", string(id), func() error {
		if l != nil && l.state != gone {
			p.hangUp(l)
		}
		return nil
	})
}

// asking says that a bridge is that of a consultation.
func (w *world) asking(b callflow.BridgeID) bool {
	_, part := callflow.CallOf(string(b))
	return part != ""
}
