package phonesim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// maxRinging is how long a caller waits for an answer at most (RFC 3261, timer C).
const maxRinging = 3 * time.Minute

// ErrTarget marks a target that is not a SIP URI with a number.
var ErrTarget = errors.New("call target must look like sip:NUMBER@HOST:PORT")

// CallOptions describes one call and the caller's patience.
type CallOptions struct {
	// To is the SIP URI to dial, sip:NUMBER@HOST:PORT.
	To string
	// From is the caller's own number.
	From string
	// Patience is how long, from the INVITE, the caller waits to hear an agent
	// before hanging up; 0 means for ever.
	Patience time.Duration
	// Talk is how long the caller talks, from the first sound of an agent,
	// before hanging up; 0 means until the other side does.
	Talk time.Duration
	// Audio is what the caller says, after the caller's code; nil repeats the
	// code alone.
	Audio *Audio
	// FirstNumber is the RTP sequence number of the telephone's first packet; nil
	// takes one by chance, as telephones do.
	FirstNumber *uint16
}

// Call dials. The error tells only of a call that could not even begin; how it
// went is in the leg's record.
func (s *Sim) Call(ctx context.Context, opts CallOptions) (*Leg, error) {
	var target sip.Uri
	if err := sip.ParseUri(opts.To, &target); err != nil || target.User == "" || target.Host == "" {
		return nil, fmt.Errorf("%w: %q", ErrTarget, opts.To)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial %s: %w", opts.To, err)
	}
	d := s.callers.newOutgoing(opts.From, target)
	invite := sip.NewRequest(sip.INVITE, target)
	if err := s.callers.guard(invite); err != nil {
		return nil, err
	}
	if !s.enter() {
		return nil, ErrClosed
	}
	l, err := s.newLeg(Record{
		Role: RoleCaller, Party: opts.From, Peer: target.User, Invite: time.Now().UTC(),
	}, opts.Audio)
	if err != nil {
		s.wg.Done()
		return nil, err
	}
	l.begin(opts.FirstNumber)
	l.attach(d)
	go func() {
		defer s.wg.Done()
		defer l.finish()
		c := caller{Leg: l, opts: opts}
		c.run()
	}()
	return l, nil
}

// caller runs the script of one call; it lives in one goroutine.
type caller struct {
	*Leg
	opts   CallOptions
	auth   *sipgo.DigestAuth // answers a challenge, once; nil when there is none to be
	invite *sip.Request
	tx     sip.ClientTransaction
	// giveUp fires when the patience ends; nil for a patient caller.
	giveUp <-chan time.Time
}

func (c *caller) run() {
	c.invite = c.dialog.request(sip.INVITE, c.describe(sendrecv))
	c.update(func(r *Record) { r.Invite = time.Now().UTC() })
	c.tell(WhatInvite)
	if c.opts.Patience > 0 {
		timer := time.NewTimer(c.opts.Patience)
		defer timer.Stop()
		c.giveUp = timer.C
	}
	tx, err := c.dialog.station.start(c.sim.life, c.invite)
	if err != nil {
		c.fail(err.Error())
		return
	}
	c.tx = tx
	defer func() { c.tx.Terminate() }()
	if res := c.await(); res != nil {
		c.confirm(res)
	}
}

func (c *caller) fail(reason string) {
	c.ended(time.Now().UTC(), SideLocal, ResultFailed, 0, reason)
}

// await waits for the answer and returns the 200, or nil when the call ended
// without one.
func (c *caller) await() *sip.Response {
	limit := time.NewTimer(c.sim.opts.Timeout)
	defer limit.Stop()
	for progress := false; ; {
		select {
		case res := <-c.tx.Responses():
			switch {
			case res.IsSuccess():
				return res
			case c.auth != nil && res.StatusCode == sip.StatusUnauthorized:
				if err := c.prove(res); err != nil {
					c.fail(err.Error())
					return nil
				}
				continue
			case !res.IsProvisional():
				c.refused(res)
				return nil
			}
			if !progress {
				progress = true
				limit.Reset(maxRinging)
			}
			c.progress(res)
		case <-c.giveUp:
			return c.cancel(progress)
		case <-c.hangup:
			return c.cancel(progress)
		case <-c.sim.closing:
			return c.cancel(progress)
		case <-limit.C:
			if progress {
				return c.cancel(true)
			}
			c.fail(fmt.Sprintf("no response to INVITE within %v", c.sim.opts.Timeout))
			return nil
		case <-c.tx.Done():
			c.fail(fmt.Sprintf("INVITE failed: %v", c.tx.Err()))
			return nil
		}
	}
}

// progress takes a provisional response; with a session description the caller
// hears early media.
func (c *caller) progress(res *sip.Response) {
	if res.StatusCode != sip.StatusRinging && res.StatusCode != sip.StatusSessionInProgress {
		return
	}
	if len(res.Body()) > 0 {
		if _, err := c.join(res.Body()); err != nil {
			c.sim.log.Warn("early media not usable", "call_id", c.dialog.callID, "error", err)
		}
	}
	c.ringing(time.Now().UTC())
}

func (c *caller) refused(res *sip.Response) {
	c.ended(time.Now().UTC(), SideRemote, resultOfCode(res.StatusCode), res.StatusCode, res.Reason)
}

// cancel gives up before the answer. A 200 that crosses the CANCEL wins: it is
// returned, to be acknowledged and hung up.
func (c *caller) cancel(progress bool) *sip.Response {
	at := time.Now().UTC()
	limit := time.NewTimer(c.sim.opts.Timeout)
	defer limit.Stop()
	// A CANCEL may only follow a provisional response (RFC 3261, 9.1).
	if progress {
		c.sendCancel()
	}
	for {
		select {
		case res := <-c.tx.Responses():
			switch {
			case res.IsSuccess():
				c.Hangup()
				return res
			case res.IsProvisional() && !progress:
				progress = true
				c.sendCancel()
			case res.IsProvisional():
			case res.StatusCode == sip.StatusRequestTerminated:
				c.ended(at, SideLocal, ResultCancelled, res.StatusCode, "")
				return nil
			default:
				c.refused(res)
				return nil
			}
		case <-limit.C:
			c.ended(at, SideLocal, ResultCancelled, 0, "the other side did not confirm the CANCEL")
			return nil
		case <-c.tx.Done():
			c.ended(at, SideLocal, ResultCancelled, 0, "")
			return nil
		}
	}
}

func (c *caller) sendCancel() {
	req := sip.NewRequest(sip.CANCEL, *c.invite.Recipient.Clone())
	for _, h := range []sip.Header{c.invite.Via(), c.invite.From(), c.invite.To(), c.invite.CallID()} {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: c.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	if _, err := c.dialog.station.do(c.sim.life, req); err != nil {
		c.sim.log.Warn("CANCEL not confirmed", "call_id", c.dialog.callID, "error", err)
	}
}

// confirm acknowledges the 200 and talks.
func (c *caller) confirm(res *sip.Response) {
	now := time.Now().UTC()
	c.update(func(r *Record) { r.Answered, r.Code = now, res.StatusCode })
	c.dialog.confirm(res)
	// Before the ACK: the other side may speak the moment it arrives.
	_, unusable := c.join(res.Body())
	if err := c.dialog.acknowledge(c.invite, c.tx); err != nil {
		c.fail(err.Error())
		return
	}
	c.update(func(r *Record) { r.Acked = time.Now().UTC() })
	if unusable != nil {
		c.hangUp(ResultFailed, unusable.Error())
		return
	}
	c.speak()
	c.tell(WhatAnswered)
	c.talk()
}

// talk waits for an agent, talks, and ends the call as the script says.
func (c *caller) talk() {
	heard := c.heard
	var talked <-chan time.Time
	for {
		select {
		case <-heard:
			heard, c.giveUp = nil, nil
			if c.opts.Talk > 0 {
				timer := time.NewTimer(c.opts.Talk)
				defer timer.Stop()
				talked = timer.C
			}
			c.tell(WhatHeard)
			continue
		case <-c.dialog.over:
			c.ended(c.dialog.endedAt(), SideRemote, c.outcome(ResultUnserved), 0, "")
			return
		case <-c.giveUp:
		case <-talked:
		case <-c.hangup:
		case <-c.sim.closing:
		}
		c.hangUp(c.outcome(ResultAbandoned), "")
		return
	}
}

// outcome is the result of a connected call: answered when the caller heard an
// agent, else otherwise.
func (c *caller) outcome(otherwise Result) Result {
	select {
	case <-c.heard:
		return ResultAnswered
	default:
		return otherwise
	}
}

// hangUp sends BYE. The end is the moment the BYE leaves.
func (l *Leg) hangUp(result Result, reason string) {
	l.ended(time.Now().UTC(), SideLocal, result, 0, reason)
	if err := l.dialog.bye(l.sim.life); err != nil {
		l.sim.log.Warn("BYE not confirmed", "call_id", l.dialog.callID, "error", err)
	}
}
