package reports

import (
	"errors"
	"fmt"

	"hotline/call"
)

// ErrBroken is the cause of every error of Check.
var ErrBroken = errors.New("figures do not add up")

// Figures are the counts and sums of one queue over one interval. They are plain numbers
// so that figures from different sources compare with ==, and they add up over intervals
// and queues; rates and means are made from them last.
type Figures struct {
	// By the interval of queue entry.
	Offered    int64 // entered the queue
	Answered   int64 // reached an agent
	Abandoned  int64 // hung up while waiting, short ones not included
	Short      int64 // hung up below Rules.Short
	TimedOut   int64 // waited to the queue's limit
	LeftEmpty  int64 // no agent was signed in
	Overflowed int64 // moved to another queue
	Callback   int64 // took a call-back
	ToMessage  int64 // chose to leave a message
	Waiting    int64 // still in the queue at the last event

	AnsweredInT  int64 // of Answered: within Rules.T
	AbandonedInT int64 // of Abandoned: within Rules.T
	Lost         int64 // of Abandoned: the call ended by a fault, with no word on the queue
	Queued       int64 // of Offered: no agent was idle at entry

	AnsweredWait  call.Millis // sum over Answered
	AbandonedWait call.Millis // sum over Abandoned
	ShortWait     call.Millis // sum over Short
	MaxWait       call.Millis // longest wait that ended, however it ended

	// By the interval of the agent's answer.
	Talks       int64       // talks that are over
	Talk        call.Millis // sum over Talks, holds included
	Handled     int64       // of Talks: the work after the call is over too
	HandledTalk call.Millis // sum of the talk over Handled
	Wrap        call.Millis // sum of the work after the call over Handled
}

// Add adds the figures of another interval or queue.
func (f *Figures) Add(g Figures) {
	f.Offered += g.Offered
	f.Answered += g.Answered
	f.Abandoned += g.Abandoned
	f.Short += g.Short
	f.TimedOut += g.TimedOut
	f.LeftEmpty += g.LeftEmpty
	f.Overflowed += g.Overflowed
	f.Callback += g.Callback
	f.ToMessage += g.ToMessage
	f.Waiting += g.Waiting
	f.AnsweredInT += g.AnsweredInT
	f.AbandonedInT += g.AbandonedInT
	f.Lost += g.Lost
	f.Queued += g.Queued
	f.AnsweredWait += g.AnsweredWait
	f.AbandonedWait += g.AbandonedWait
	f.ShortWait += g.ShortWait
	f.MaxWait = max(f.MaxWait, g.MaxWait)
	f.Talks += g.Talks
	f.Talk += g.Talk
	f.Handled += g.Handled
	f.HandledTalk += g.HandledTalk
	f.Wrap += g.Wrap
}

// addStay counts one stay in the queue.
func (f *Figures) addStay(s Stay, r Rules) {
	f.Offered++
	if s.Queueing {
		f.Queued++
	}
	if s.End == Waiting {
		f.Waiting++
		return
	}
	f.MaxWait = max(f.MaxWait, s.Wait)
	switch s.End {
	case Answered:
		f.Answered++
		f.AnsweredWait += s.Wait
		if s.Wait <= r.T {
			f.AnsweredInT++
		}
	case Abandoned, Lost:
		f.addAbandon(s, r)
	case TimedOut:
		f.TimedOut++
	case LeftEmpty:
		f.LeftEmpty++
	case Overflowed:
		f.Overflowed++
	case Callback:
		f.Callback++
	case ToMessage:
		f.ToMessage++
	case Waiting:
	}
}

// addAbandon counts a stay that the caller ended, or that a fault ended: then it is never
// short, because not the caller lost patience.
func (f *Figures) addAbandon(s Stay, r Rules) {
	if s.End == Abandoned && s.Wait < r.Short {
		f.Short++
		f.ShortWait += s.Wait
		return
	}
	f.Abandoned++
	f.AbandonedWait += s.Wait
	if s.Wait <= r.T {
		f.AbandonedInT++
	}
	if s.End == Lost {
		f.Lost++
	}
}

// addLeg counts one agent's part in a call.
func (f *Figures) addLeg(l Leg) {
	if !l.TalkOver {
		return
	}
	f.Talks++
	f.Talk += l.Talk
	if l.WrapOver {
		f.Handled++
		f.HandledTalk += l.Talk
		f.Wrap += l.Wrap
	}
}

// Check tells whether the figures can be true: every call that was offered has exactly one
// end, and no part is larger than its whole. The error wraps ErrBroken and names the rule.
func (f Figures) Check() error {
	ends := f.Answered + f.Abandoned + f.Short + f.TimedOut + f.LeftEmpty + f.Overflowed + f.Callback +
		f.ToMessage + f.Waiting
	if f.Offered != ends {
		return fmt.Errorf("%w: offered %d, ends %d", ErrBroken, f.Offered, ends)
	}
	parts := []struct {
		name        string
		part, whole int64
	}{
		{"answered in time of answered", f.AnsweredInT, f.Answered},
		{"abandoned in time of abandoned", f.AbandonedInT, f.Abandoned},
		{"lost of abandoned", f.Lost, f.Abandoned},
		{"queued of offered", f.Queued, f.Offered},
		{"handled of talks", f.Handled, f.Talks},
		{"talk of handled of talk", int64(f.HandledTalk), int64(f.Talk)},
		{"longest wait of waits", 0, int64(f.MaxWait)},
		{"short wait of waits", 0, int64(f.ShortWait)},
		{"wrap-up of handled", 0, int64(f.Wrap)},
	}
	for _, p := range parts {
		if p.part < 0 || p.part > p.whole {
			return fmt.Errorf("%w: %s is %d of %d", ErrBroken, p.name, p.part, p.whole)
		}
	}
	return nil
}
