package phonesim

import (
	"errors"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Offer is one call that rings at an agent's telephone.
type Offer struct {
	// Agent is the user name of the telephone.
	Agent string
	// From is the caller's number as the INVITE tells it.
	From string
	// Name is the display name beside it; "" when there is none.
	Name string
	// CallID is the Call-ID of this leg.
	CallID string
	// Number counts the offers to this telephone, from 1.
	Number int

	invite *sip.Request
}

// Header is the value of the first header of a name in the INVITE, "" when there is none.
func (o Offer) Header(name string) string {
	if o.invite != nil {
		if h := o.invite.GetHeader(name); h != nil {
			return h.Value()
		}
	}
	return ""
}

// Action is what an agent does with an offer. Answer, RingOut and Reject make one.
type Action struct {
	// Ring is how long the telephone rings before it answers or declines.
	Ring time.Duration
	// Code is the final answer: 200 picks up, a failure code declines, 0 lets
	// the telephone ring until the other side gives up.
	Code int
	// Talk is how long the agent talks, from the answer, before hanging up; 0
	// means until the other side does.
	Talk time.Duration
	// Silence is how long nobody may be heard in a talk until the agent gives it up; 0
	// means for ever.
	Silence time.Duration
	// Audio is what the agent says, after the agent's code; nil repeats the
	// code alone.
	Audio *Audio
	// FirstNumber is the RTP sequence number of the telephone's first packet; nil
	// takes one by chance, as telephones do.
	FirstNumber *uint16
}

// Answer rings, picks up and talks. With talk 0 the other side hangs up.
func Answer(ring, talk time.Duration) Action {
	return Action{Ring: ring, Code: sip.StatusOK, Talk: talk}
}

// RingOut rings and never answers.
func RingOut() Action {
	return Action{}
}

// Reject rings and then declines with a failure code, such as 486 (busy) or 603
// (declined). With ring 0 it declines without ringing.
func Reject(ring time.Duration, code int) Action {
	return Action{Ring: ring, Code: code}
}

// offer makes what takes an INVITE for a telephone of the role.
func (s *Sim) offer(role Role) func(*sip.Request, sip.ServerTransaction) {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		st := s.agents
		if role == RoleOutside {
			st = s.callers
		}
		a := s.phone(role, req.Recipient.User)
		if a == nil || !a.reachable() {
			st.respond(tx, req, sip.StatusNotFound, "Not Found")
			return
		}
		s.take(a, st, req, tx)
	}
}

// take runs one offer to a telephone, in the goroutine of the request, and owns the leg
// until it ends.
func (s *Sim) take(a *Agent, st *station, req *sip.Request, tx sip.ServerTransaction) {
	d, err := st.newIncoming(a.opts.User, req)
	if err != nil {
		s.log.Warn("INVITE not usable", "user", a.opts.User, "error", err)
		st.respond(tx, req, sip.StatusBadRequest, "Bad Request")
		return
	}
	l, err := s.newLeg(Record{
		Role: a.role, Party: a.opts.User, Peer: req.From().Address.User, Invite: time.Now().UTC(),
	}, nil)
	if err != nil {
		s.log.Warn("call not taken", "user", a.opts.User, "error", err)
		st.respond(tx, req, sip.StatusInternalServerError, "No Audio")
		return
	}
	l.attach(d)
	defer l.finish()
	o := offered{Leg: l, req: req, tx: tx, cancelled: make(chan struct{})}
	if !tx.OnCancel(func(*sip.Request) { close(o.cancelled) }) {
		l.ended(time.Now().UTC(), SideRemote, ResultCancelled, sip.StatusRequestTerminated, "")
		return
	}
	number, free := a.take(l)
	defer a.release(l)
	l.tell(WhatInvite)
	if !free {
		o.decline(sip.StatusBusyHere)
		return
	}
	o.run(a.opts.Behave(Offer{
		Agent: a.opts.User, From: req.From().Address.User, Name: req.From().DisplayName, CallID: d.callID,
		Number: number, invite: req,
	}))
}

// take enters a leg at the telephone; free is false when all lines are in use.
func (a *Agent) take(l *Leg) (number int, free bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	free = len(a.legs) < a.opts.Lines
	a.legs = append(a.legs, l)
	a.offers++
	return a.offers, free
}

func (a *Agent) release(l *Leg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.legs = slices.DeleteFunc(a.legs, func(other *Leg) bool { return other == l })
}

// offered runs the script of one offer.
type offered struct {
	*Leg
	req       *sip.Request
	tx        sip.ServerTransaction
	cancelled chan struct{}
}

func (o *offered) run(act Action) {
	o.audio = act.Audio
	o.begin(act.FirstNumber)
	if act.Code != sip.StatusOK && act.Code != 0 && act.Ring == 0 {
		o.decline(act.Code)
		return
	}
	if _, err := o.join(o.req.Body()); err != nil {
		o.sim.log.Warn("offer without usable audio", "call_id", o.dialog.callID, "error", err)
		o.decline(sip.StatusNotAcceptableHere)
		return
	}
	if !o.ring(act) {
		return
	}
	if act.Code != sip.StatusOK {
		o.decline(act.Code)
		return
	}
	o.answer(act)
}

// ring rings until the agent acts; false means the call is over before.
func (o *offered) ring(act Action) bool {
	res := sip.NewResponseFromRequest(o.req, sip.StatusRinging, "Ringing", nil)
	res.AppendHeader(o.dialog.contact.Clone())
	at := time.Now().UTC()
	if err := o.tx.Respond(res); err != nil {
		o.ended(at, SideRemote, ResultCancelled, sip.StatusRequestTerminated, err.Error())
		return false
	}
	o.ringing(at)
	var acts <-chan time.Time
	if act.Code != 0 {
		timer := time.NewTimer(act.Ring)
		defer timer.Stop()
		acts = timer.C
	}
	select {
	case <-o.cancelled:
		o.ended(time.Now().UTC(), SideRemote, ResultCancelled, sip.StatusRequestTerminated, "")
	case <-o.tx.Done():
		o.ended(time.Now().UTC(), SideRemote, ResultFailed, 0, "INVITE transaction ended")
	case <-o.hangup:
		o.decline(sip.StatusBusyHere)
	case <-o.sim.closing:
		o.decline(sip.StatusTemporarilyUnavailable)
	case <-acts:
		return true
	}
	return false
}

// decline refuses the call. A CANCEL that came first stands.
func (o *offered) decline(code int) {
	res := sip.NewResponseFromRequest(o.req, code, reasonOf(code), nil)
	at := time.Now().UTC()
	if err := o.tx.Respond(res); err != nil {
		o.ended(at, SideRemote, ResultCancelled, sip.StatusRequestTerminated, err.Error())
		return
	}
	o.ended(at, SideLocal, resultOfCode(code), code, "")
}

func reasonOf(code int) string {
	switch code {
	case sip.StatusBusyHere:
		return "Busy Here"
	case sip.StatusGlobalDecline:
		return "Decline"
	case sip.StatusTemporarilyUnavailable:
		return "Temporarily Unavailable"
	case sip.StatusNotAcceptableHere:
		return "Not Acceptable Here"
	default:
		return "Declined"
	}
}

// answer picks up and talks.
func (o *offered) answer(act Action) {
	remote, err := parseSession(o.req.Body())
	if err != nil {
		o.decline(sip.StatusNotAcceptableHere)
		return
	}
	body := o.describe(remote.direction)
	err = o.dialog.accept(o.sim.life, o.req, o.tx, body, func(at time.Time) {
		o.update(func(r *Record) { r.Answered, r.Code = at, sip.StatusOK })
		o.speak()
		o.tell(WhatAnswered)
	})
	switch {
	case errors.Is(err, errCancelled):
		o.ended(time.Now().UTC(), SideRemote, ResultCancelled, sip.StatusRequestTerminated, "")
		return
	case err != nil:
		o.hangUp(ResultFailed, err.Error())
		return
	}
	o.update(func(r *Record) { r.Acked = time.Now().UTC() })
	o.talk(act)
}

// heardLast is when the other side was last heard, or else the answer.
func (o *offered) heardLast() time.Time {
	r := o.Record()
	last := r.Answered
	for _, s := range r.Heard {
		if s.Last.After(last) {
			last = s.Last
		}
	}
	return last
}

// talk ends the call when the script or the other side says so.
func (o *offered) talk(act Action) {
	var talked, listen <-chan time.Time
	if act.Talk > 0 {
		timer := time.NewTimer(act.Talk)
		defer timer.Stop()
		talked = timer.C
	}
	if act.Silence > 0 {
		ticker := time.NewTicker(act.Silence / 4)
		defer ticker.Stop()
		listen = ticker.C
	}
	heard := o.heard
	for {
		select {
		case <-heard:
			heard = nil
			o.tell(WhatHeard)
			continue
		case <-o.dialog.over:
			o.ended(o.dialog.endedAt(), SideRemote, ResultAnswered, 0, "")
			return
		case now := <-listen:
			if now.Sub(o.heardLast()) < act.Silence {
				continue
			}
		case <-talked:
		case <-o.hangup:
		case <-o.sim.closing:
		}
		o.hangUp(ResultAnswered, "")
		return
	}
}
