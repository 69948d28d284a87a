package callflow

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hotline/acd"
	"hotline/call"
)

// Verb is what an agent does with the call he talks on.
type Verb string

// The verbs. They work the same from the API and from a phone's keys.
const (
	Hold       Verb = "hold"       // the caller hears music 持线
	Resume     Verb = "resume"     // back to the caller from hold, or from a consultation that ends with it
	Transfer   Verb = "transfer"   // give the caller away without a word; needs To 盲转
	Consult    Verb = "consult"    // ask To while the caller is on hold 咨询
	Complete   Verb = "complete"   // give the caller to whom one consults 完成转接
	Conference Verb = "conference" // join caller, agent and the one he consults 三方通话
	Drop       Verb = "drop"       // end the leg of the other party of a conference or consultation
	HangUp     Verb = "hangup"     // end one's own leg, and with it the call unless others talk on
	Keys       Verb = "keys"       // send Keys to the other side
)

// Target is whom a caller is sent to or who is asked: exactly one of Agent, Queue and
// Number.
type Target struct {
	Agent  call.AgentID
	Queue  call.QueueID
	Level  acd.Level // of Queue: the least level of agent
	Number string    // outside, checked by whoever resolved it
}

// String is the form of call.Event.Target.
func (t Target) String() string {
	switch {
	case t.Agent != "":
		return "agent:" + string(t.Agent)
	case t.Queue != "":
		if t.Level > 0 {
			return fmt.Sprintf("queue:%s/%d", t.Queue, t.Level)
		}
		return "queue:" + string(t.Queue)
	default:
		return "number:" + t.Number
	}
}

// ParseTarget reads what String wrote; false when it is something else.
func ParseTarget(text string) (Target, bool) {
	kind, what, _ := strings.Cut(text, ":")
	switch kind {
	case "agent":
		return Target{Agent: call.AgentID(what)}, what != ""
	case "number":
		return Target{Number: what}, what != ""
	case "queue":
		queue, level, leveled := strings.Cut(what, "/")
		n, err := strconv.Atoi(level)
		return Target{Queue: call.QueueID(queue), Level: acd.Level(n)}, queue != "" && (err == nil) == leveled
	default:
		return Target{}, false
	}
}

// Control is what an agent asks for.
type Control struct {
	Agent call.AgentID // who asks; he must talk on the call
	Do    Verb
	To    Target // of Transfer and Consult
	Keys  string // of Keys: 0 to 9, *, #, A to D
}

// The errors of Control.
var (
	// ErrNoCall says that there is no such call, or that it has just ended.
	ErrNoCall = errors.New("no such call")
	// ErrNotInCall says that the agent does not talk on the call.
	ErrNotInCall = errors.New("the agent does not talk on this call")
	// ErrNotNow says that the call is not in a state in which that can be done; the text says
	// which is wanted.
	ErrNotNow = errors.New("not possible now")
	// ErrTarget says that a target is missing or is the agent himself.
	ErrTarget = errors.New("no target that can be called")
)

// Control does what an agent asks for and returns when the switch has done its first step:
// the caller hears music, or the parties hear each other. The error is one of the above, that
// of ctx, or the switch's.
func (m *Manager) Control(ctx context.Context, id call.ID, c Control) error {
	f := m.flow(id)
	if f == nil {
		return fmt.Errorf("%s: %w", id, ErrNoCall)
	}
	reply := make(chan error, 1)
	if !m.post(f, request{Control: c, reply: reply}) {
		return fmt.Errorf("%s: %w", id, ErrNoCall)
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s of call %s: %w", c.Do, id, ctx.Err())
	}
}

// Move brings a caller who waits into another queue. Whoever is answered meanwhile stays where
// he is. It reports false when there is no such call.
func (m *Manager) Move(id call.ID, queue call.QueueID) bool { return m.Deliver(id, moved{queue}) }

// move is a supervisor's wish.
func (f *flow) move(queue call.QueueID) {
	if f.stage != Waiting || f.gone || f.queue == queue {
		return
	}
	f.use(queue)
	f.submit(acd.Move{Call: f.a.Call, Queue: queue})
}

// request brings a Control to its flow.
type request struct {
	Control
	reply chan<- error // holds one
}

func (request) signal() {}

// control answers a request when its first step is done.
func (f *flow) control(ctx context.Context, c Control) error {
	id, l := f.legOf(c.Agent)
	switch {
	case l == nil:
		return ErrNotInCall
	case f.stage == Dialling && c.Do == HangUp: // the one thing that can be done while a number rings
	case f.gone || f.then != nil || f.stage != Talking:
		return fmt.Errorf("%w: the call is about to end or to be transferred", ErrNotNow)
	}
	switch c.Do {
	case Hold:
		return f.hold(ctx, id)
	case Resume:
		return f.resumeTalk(ctx, id)
	case Transfer:
		return f.transfer(ctx, id, c.To)
	case Consult:
		return f.ask(ctx, id, c.To)
	case Complete:
		return f.complete(ctx, id)
	case Conference:
		return f.conference(ctx, id)
	case Drop:
		return f.dropOther(ctx, id)
	case HangUp:
		l.by = call.ByAgent
		f.hangUpLeg(ctx, id, CauseNormal)
		return nil
	case Keys:
		return f.press(ctx, id, c.Keys)
	default:
		return fmt.Errorf("%w: unknown verb %q", ErrNotNow, c.Do)
	}
}

// legOf is the leg on which an agent talks, with the caller or on a consultation.
func (f *flow) legOf(agent call.AgentID) (call.LegID, *leg) {
	for id, l := range f.legs {
		if agent != "" && l.agent == agent && l.up && !l.dropped {
			return id, l
		}
	}
	return "", nil
}

// others are the legs in the caller's bridge but one.
func (f *flow) others(but call.LegID) []call.LegID {
	var out []call.LegID
	for id, l := range f.legs {
		if id != but && l.joined {
			out = append(out, id)
		}
	}
	return out
}

// press sends keys to the party the agent hears.
func (f *flow) press(ctx context.Context, id call.LegID, keys string) error {
	to := f.a.Leg
	if k := f.consult; k != nil && k.by == id && k.up {
		to = k.leg
	}
	return f.m.opt.Phone.SendKeys(ctx, to, keys)
}

// checkTarget refuses what cannot be rung: nobody, or the agent himself.
func (f *flow) checkTarget(from call.LegID, to Target) error {
	if to == (Target{}) || to.Agent != "" && to.Agent == f.legs[from].agent {
		return ErrTarget
	}
	return nil
}
