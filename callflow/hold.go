package callflow

import (
	"context"
	"fmt"

	"hotline/acd"
	"hotline/call"
)

// hold lets the caller hear music. He stays in his bridge and the agent leaves it: so the
// recording goes on, and what the agent says meanwhile is heard by nobody.
func (f *flow) hold(ctx context.Context, id call.LegID) error {
	switch {
	case !f.legs[id].joined:
		return fmt.Errorf("%w: the caller is on hold already", ErrNotNow)
	case len(f.others(id)) > 0:
		return fmt.Errorf("%w: a conference has no hold", ErrNotNow)
	}
	if err := f.part(ctx, id); err != nil {
		return err
	}
	f.held = true
	f.submit(acd.Hold{Offer: call.OfferID(id)})
	return nil
}

// phoneHold makes the hold of an agent's phone one of ours, so that it is timed (S16) and the
// caller hears the queue's music. A phone that holds during a consultation or a conference
// does so for itself: nobody goes back to the caller because it stops.
func (f *flow) phoneHold(ctx context.Context, s PhoneHold) {
	l, ok := f.legs[s.Leg]
	if !ok || l.agent == "" || f.consult != nil || l.joined != s.On {
		return
	}
	do := Resume
	if s.On {
		do = Hold
	}
	if err := f.control(ctx, Control{Agent: l.agent, Do: do}); err != nil {
		f.log.Info("hold of an agent's phone is not counted", "leg", s.Leg, "on", s.On, "error", err)
	}
}

// part takes an agent from the caller, who hears music from the first moment. The refreshing
// comes before it, so that the next voice is in the recording, whoever's it is.
func (f *flow) part(ctx context.Context, id call.LegID) error {
	f.refresh(ctx)
	f.music(ctx)
	if err := f.m.opt.Phone.Leave(ctx, f.bridge, id); err != nil {
		f.stopMusic(ctx)
		return err
	}
	f.legs[id].joined = false
	return nil
}

func (f *flow) refresh(ctx context.Context) {
	if err := f.m.opt.Phone.Refresh(ctx, f.a.Leg); err != nil {
		f.log.Warn("recording not made ready for the next voice", "error", err)
	}
}

// resumeTalk brings the agent back to the caller.
func (f *flow) resumeTalk(ctx context.Context, id call.LegID) error {
	switch {
	case f.consult != nil && f.consult.by == id:
		f.endConsult(ctx)
		return nil // back comes with the end of the consultation
	case f.legs[id].joined:
		return fmt.Errorf("%w: the caller is not on hold", ErrNotNow)
	}
	return f.back(ctx, id)
}

// back joins an agent with the caller who was on hold.
func (f *flow) back(ctx context.Context, id call.LegID) error {
	if err := f.m.opt.Phone.Join(ctx, f.bridge, id); err != nil {
		return err
	}
	f.legs[id].joined = true
	f.endHold(ctx, id)
	return nil
}

// endHold ends the music after somebody has joined.
func (f *flow) endHold(ctx context.Context, id call.LegID) {
	f.stopMusic(ctx)
	if f.held {
		f.held = false
		f.submit(acd.Unhold{Offer: call.OfferID(id)})
	}
}
