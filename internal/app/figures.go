package app

import (
	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/reports"
)

// FiguresOf brings counters of Redis into the form that the formulas take. What the
// counters do not hold stays zero: AbandonedInT, Lost and HandledTalk.
func FiguresOf(c redisstore.Counter) reports.Figures {
	return reports.Figures{
		Offered: c.Offered, Answered: c.Answered, Abandoned: c.Abandoned - c.Short, Short: c.Short,
		TimedOut: c.TimedOut, LeftEmpty: c.LeftEmpty, Overflowed: c.Overflowed, Callback: c.Callback,
		ToMessage: c.ToMessage,
		Waiting:   c.Waiting(), AnsweredInT: c.AnsweredIn, Queued: c.Queued,
		AnsweredWait: call.Millis(c.WaitAnswered), AbandonedWait: call.Millis(c.WaitAbandoned - c.WaitShort),
		ShortWait: call.Millis(c.WaitShort), MaxWait: call.Millis(c.MaxWait),
		Talks: c.Talks, Talk: call.Millis(c.Talk), Handled: c.Wraps, Wrap: call.Millis(c.Wrap),
	}
}

// serviceLevel is the live figure in percent by the default formula, nil without a call.
func serviceLevel(c redisstore.Counter) *float64 {
	level, err := FiguresOf(c).ServiceLevel(reports.DefaultFormula)
	share, ok := level.Value()
	if err != nil || !ok {
		return nil
	}
	percent := 100 * share
	return &percent
}
