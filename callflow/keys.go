package callflow

import (
	"context"
	"strings"
	"time"

	"hotline/call"
)

// Codes are what an agent presses on his phone in a call in place of a desktop's buttons: a
// star and digits, none the beginning of another. "" turns one off.
type Codes struct {
	Hold       string // and back
	Transfer   string // then a number and #
	Consult    string // then a number and #
	Complete   string
	Conference string
	Drop       string
	Next       string // then a digit, see Desk.Next
}

// Desk knows what the digits mean that an agent presses. No method may block.
type Desk interface {
	// Number finds whom an agent dials. Back takes back what it allowed, because the switch or
	// the call's state did not.
	Number(agent call.AgentID, dialled string) (Target, error)
	Back(agent call.AgentID, to Target)
	// Next is the state that an agent wants after the call: 0 ready, 1 to 9 a break.
	Next(agent call.AgentID, digit int) error
}

const (
	// betweenKeys is how long an agent may think between two keys of a code.
	betweenKeys = 4 * time.Second
	// longestCode bounds what is kept of his keys.
	longestCode = 32
	// wrongCode is the key that an agent's phone hears when a code cannot be carried out.
	wrongCode = "0"
)

// keyPressed brings a key to whoever waits for it; any other is ignored.
func (f *flow) keyPressed(ctx context.Context, s KeyPressed) {
	if s.Leg == f.a.Leg {
		if f.onKey != nil {
			f.onKey(ctx, s.Key)
		}
		return
	}
	l, ok := f.legs[s.Leg]
	if !ok || l.agent == "" || !l.up || f.m.opt.Desk == nil {
		return
	}
	now := time.Now()
	if s.Key == "*" || now.Sub(l.keyed) > betweenKeys || len(l.keys) >= longestCode {
		l.keys = "" // a star begins anew
	}
	l.keyed = now
	if l.keys == "" && s.Key != "*" {
		return // for the other side, such as a menu
	}
	l.keys += s.Key
	f.code(ctx, s.Leg, l)
}

// code carries out a code that is complete.
func (f *flow) code(ctx context.Context, id call.LegID, l *leg) {
	k := f.m.opt.Codes
	if digit, ok := after(l.keys, k.Next); ok && len(digit) == 1 && strings.Trim(digit, "0123456789") == "" {
		l.keys = ""
		f.answerCode(ctx, id, f.m.opt.Desk.Next(l.agent, int(digit[0]-'0')))
		return
	}
	for _, c := range []struct {
		code string
		do   Verb
	}{
		{k.Hold, Hold}, {k.Complete, Complete}, {k.Conference, Conference}, {k.Drop, Drop},
	} {
		if c.code == "" || l.keys != c.code {
			continue
		}
		l.keys = ""
		if c.do == Hold && !l.joined {
			c.do = Resume
		}
		f.answerCode(ctx, id, f.control(ctx, Control{Agent: l.agent, Do: c.do}))
		return
	}
	f.codeTo(ctx, id, l, k.Transfer, Transfer)
	f.codeTo(ctx, id, l, k.Consult, Consult)
}

// codeTo carries out a code that ends with a number and #.
func (f *flow) codeTo(ctx context.Context, id call.LegID, l *leg, code string, do Verb) {
	number, ok := after(l.keys, code)
	if !ok {
		return
	}
	if number, ok = strings.CutSuffix(number, "#"); !ok {
		return
	}
	l.keys = ""
	to, err := f.m.opt.Desk.Number(l.agent, number)
	if err == nil {
		if err = f.control(ctx, Control{Agent: l.agent, Do: do, To: to}); err != nil {
			f.m.opt.Desk.Back(l.agent, to)
		}
	}
	f.answerCode(ctx, id, err)
}

// answerCode lets the agent hear that a code was not carried out.
func (f *flow) answerCode(ctx context.Context, id call.LegID, err error) {
	if err == nil {
		return
	}
	f.log.Info("code of an agent not carried out", "leg", id, "error", err)
	if err := f.m.opt.Phone.SendKeys(ctx, id, wrongCode); err != nil {
		f.log.Warn("agent not told of a wrong code", "leg", id, "error", err)
	}
}

// after is what follows a code.
func after(keys, code string) (string, bool) {
	if code == "" {
		return "", false
	}
	return strings.CutPrefix(keys, code)
}
