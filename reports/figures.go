package reports

import (
	"errors"
	"fmt"

	"hotline/call"
)

// ErrBroken is the cause of every error of Check.
var ErrBroken = errors.New("figures do not add up")

// Figures are the counts and sums of one cell of a report: a queue, an agent or whatever
// the report is grouped by, over one interval. They are plain numbers so that figures from
// different sources compare with ==, and they add up over intervals and groups; rates and
// means are made from them last.
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
	CallbackInT  int64 // of Callback: within Rules.T
	SentAwayInT  int64 // of TimedOut and LeftEmpty: within Rules.T
	MovedInT     int64 // of Overflowed and ToMessage: within Rules.T
	Lost         int64 // of Abandoned: the call ended by a fault, with no word on the queue
	Queued       int64 // of Offered: no agent was idle at entry
	Transferred  int64 // of Answered: the caller was given away at least once after that

	AnsweredWait  call.Millis // sum over Answered
	AbandonedWait call.Millis // sum over Abandoned
	ShortWait     call.Millis // sum over Short
	OtherWait     call.Millis // sum over every other end
	MaxWait       call.Millis // longest wait that ended, however it ended
	Rings         int64       // sum over Answered of the rings of the phone that was picked up

	// By the interval of the agent's answer.
	Talks             int64       // talks that are over
	Talk              call.Millis // sum over Talks, holds included
	Handled           int64       // of Talks: the work after the call is over too
	HandledTalk       call.Millis // sum of the talk over Handled
	Wrap              call.Millis // sum of the work after the call over Handled
	Held              int64       // of Talks: the caller was on hold at least once
	Hold              call.Millis // of Talk: on hold
	BlindTransfers    int64       // of Talks: ended by giving the caller away without a word
	AttendedTransfers int64       // of Talks: ended by giving the caller away after a consultation

	Rung  Offers    // by the interval in which the agent's phone began to ring
	Out   Dials     // by the interval in which the number was dialled
	Spent AgentTime // cut at the borders of the intervals
	Calls Arrivals  // by the interval of the arrival
}

// Add adds the figures of another interval or group.
func (f *Figures) Add(g Figures) {
	f.addEnds(g)
	f.AnsweredInT += g.AnsweredInT
	f.AbandonedInT += g.AbandonedInT
	f.CallbackInT += g.CallbackInT
	f.SentAwayInT += g.SentAwayInT
	f.MovedInT += g.MovedInT
	f.Lost += g.Lost
	f.Queued += g.Queued
	f.Transferred += g.Transferred
	f.AnsweredWait += g.AnsweredWait
	f.AbandonedWait += g.AbandonedWait
	f.ShortWait += g.ShortWait
	f.OtherWait += g.OtherWait
	f.MaxWait = max(f.MaxWait, g.MaxWait)
	f.Rings += g.Rings
	f.Talks += g.Talks
	f.Talk += g.Talk
	f.Handled += g.Handled
	f.HandledTalk += g.HandledTalk
	f.Wrap += g.Wrap
	f.Held += g.Held
	f.Hold += g.Hold
	f.BlindTransfers += g.BlindTransfers
	f.AttendedTransfers += g.AttendedTransfers
	f.Rung.add(g.Rung)
	f.Out.add(g.Out)
	f.Spent.add(g.Spent)
	f.Calls.sum(g.Calls)
}

// addEnds adds the entries to the queue and their ends.
func (f *Figures) addEnds(g Figures) {
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
	inTime := int64(0)
	if s.Wait <= r.T {
		inTime = 1
	}
	switch s.End {
	case Answered:
		f.addAnswered(s, r)
		return
	case Abandoned, Lost:
		f.addAbandon(s, r)
		return
	case TimedOut:
		f.TimedOut++
		f.SentAwayInT += inTime
	case LeftEmpty:
		f.LeftEmpty++
		f.SentAwayInT += inTime
	case Overflowed:
		f.Overflowed++
		f.MovedInT += inTime
	case ToMessage:
		f.ToMessage++
		f.MovedInT += inTime
	case Callback:
		f.Callback++
		f.CallbackInT += inTime
	case Waiting:
	}
	f.OtherWait += s.Wait
}

// addAnswered counts a stay that an agent ended.
func (f *Figures) addAnswered(s Stay, r Rules) {
	f.Answered++
	f.AnsweredWait += s.Wait
	if s.Wait <= r.T {
		f.AnsweredInT++
	}
	f.Rings += r.rings(s.Ring)
	if s.Transferred {
		f.Transferred++
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
	if l.Hold > 0 || l.Holds > 0 {
		f.Held++
		f.Hold += min(l.Hold, l.Talk)
	}
	switch l.Transfer {
	case call.Blind:
		f.BlindTransfers++
	case call.Attended:
		f.AttendedTransfers++
	}
	if l.WrapOver {
		f.Handled++
		f.HandledTalk += l.Talk
		f.Wrap += l.Wrap
	}
}

// part is a number that cannot exceed another one.
type part struct {
	name        string
	part, whole int64
}

// Check tells whether the figures can be true: every call that was offered has exactly one
// end, and no part is larger than its whole. The error wraps ErrBroken and names the rule.
func (f Figures) Check() error {
	ends := f.Answered + f.Abandoned + f.Short + f.TimedOut + f.LeftEmpty + f.Overflowed + f.Callback +
		f.ToMessage + f.Waiting
	sums := []part{
		{"ends of offered", ends, f.Offered},
		{"outcomes of rings", f.Rung.outcomes(), f.Rung.Made},
		{"ways of arrived calls", f.Calls.ways(), f.Calls.Arrived},
		{"outcomes of entered calls", f.Calls.outcomes(), f.Calls.Entered},
	}
	for _, s := range sums {
		if s.part != s.whole {
			return fmt.Errorf("%w: %s are %d, not %d", ErrBroken, s.name, s.part, s.whole)
		}
	}
	for _, p := range f.parts() {
		if p.part < 0 || p.part > p.whole {
			return fmt.Errorf("%w: %s is %d of %d", ErrBroken, p.name, p.part, p.whole)
		}
	}
	return nil
}

// parts lists what Check compares. A sum of times is a whole whose part is nothing.
func (f Figures) parts() []part {
	return []part{
		{"answered in time of answered", f.AnsweredInT, f.Answered},
		{"abandoned in time of abandoned", f.AbandonedInT, f.Abandoned},
		{"call-backs in time of call-backs", f.CallbackInT, f.Callback},
		{"sent away in time of sent away", f.SentAwayInT, f.TimedOut + f.LeftEmpty},
		{"moved in time of moved", f.MovedInT, f.Overflowed + f.ToMessage},
		{"lost of abandoned", f.Lost, f.Abandoned},
		{"queued of offered", f.Queued, f.Offered},
		{"transferred of answered", f.Transferred, f.Answered},
		{"handled of talks", f.Handled, f.Talks},
		{"held of talks", f.Held, f.Talks},
		{"transfers of talks", f.BlindTransfers + f.AttendedTransfers, f.Talks},
		{"hold of talk", int64(f.Hold), int64(f.Talk)},
		{"talk of handled of talk", int64(f.HandledTalk), int64(f.Talk)},
		{"reached of dialled", f.Out.Reached, f.Out.Made},
		{"presence of the roster", int64(f.Spent.Present), int64(f.Spent.Rostered)},
		{"service of presence", int64(f.Spent.Serving), int64(f.Spent.Present)},
		{"busy of arrived", f.Calls.Busy, f.Calls.Arrived},
		{"messages of arrived", f.Calls.Messages, f.Calls.Arrived},
		{"dropped of arrived", f.Calls.Dropped, f.Calls.Arrived},
		{"called back of missed", f.Calls.CalledBack, f.Calls.Missed()},
		{"longest wait of waits", 0, int64(f.MaxWait)},
		{"short wait of waits", 0, int64(f.ShortWait)},
		{"other wait of waits", 0, int64(f.OtherWait)},
		{"wrap-up of handled", 0, int64(f.Wrap)},
		{"time signed in", 0, int64(f.Spent.SignedIn())},
	}
}
