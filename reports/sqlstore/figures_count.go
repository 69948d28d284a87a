package sqlstore

import (
	"time"

	"hotline/call"
	"hotline/reports"
)

// quarterMs is the grain of the tables of the reports in milliseconds.
const quarterMs = 900_000

// quarterOf is the quarter of an hour that holds a time after 1970.
func quarterOf(ms int64) int64 { return ms - ms%quarterMs }

// counted is a line of a query: stays, legs or calls that have in common what they were asked
// for by.
type counted struct {
	AtMs    int64  `bun:"at_ms"`
	Queue   string `bun:"queue"`
	Agent   string `bun:"agent"`
	Line    string `bun:"line"`
	Outcome string `bun:"outcome"`
	N       int64  `bun:"n"`

	Queued      int64 `bun:"queued"`
	InT         int64 `bun:"in_t"`
	Short       int64 `bun:"short"`
	ShortWait   int64 `bun:"short_wait"`
	Wait        int64 `bun:"wait"`
	MaxWait     int64 `bun:"max_wait"`
	Rings       int64 `bun:"rings"`
	Transferred int64 `bun:"transferred"`

	Told         int64 `bun:"told"`
	ToldAnswered int64 `bun:"told_answered"`
	ToldP50      int64 `bun:"told_p50"`
	ToldP90      int64 `bun:"told_p90"`
	ToldOver     int64 `bun:"told_over_ms"`
	ToldUnder    int64 `bun:"told_under_ms"`

	Handled  int64 `bun:"handled"`
	Talk     int64 `bun:"talk"`
	Handling int64 `bun:"handling"`
	Wrap     int64 `bun:"wrap"`
	Held     int64 `bun:"held"`
	Hold     int64 `bun:"hold"`
	Blind    int64 `bun:"blind"`
	Attended int64 `bun:"attended"`

	Fate reports.Fate `bun:"fate"`
}

// splitBy are the quarters of an hour through which a line goes.
func splitBy(lines []time.Time) (split []int64) {
	for _, t := range lines {
		ms := ceilMs(t)
		quarter := quarterOf(ms)
		if ms != quarter && (len(split) == 0 || split[len(split)-1] != quarter) {
			split = append(split, quarter)
		}
	}
	return split
}

// ceilMs is the first whole millisecond that is not before t.
func ceilMs(t time.Time) int64 {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

// sum is where the counted belongs.
func (n counted) sum(rule reports.Rule) reports.Sum {
	return reports.Sum{
		Rule: rule, Queue: call.QueueID(n.Queue), Agent: call.AgentID(n.Agent), Line: n.Line, At: time.UnixMilli(n.AtMs),
	}
}

// stays are stays with one end, counted as reports counts them one by one.
func (n counted) stays() reports.Sum {
	s := n.sum(reports.AtEntry)
	f := &s.Figures
	f.Offered, f.Queued = n.N, n.Queued
	end := reports.End(n.Outcome)
	if end == reports.Waiting {
		f.Waiting = n.N
		return s
	}
	f.MaxWait = call.Millis(n.MaxWait)
	switch end {
	case reports.Answered:
		f.Answered, f.AnsweredInT, f.AnsweredWait = n.N, n.InT, call.Millis(n.Wait)
		f.Rings, f.Transferred = n.Rings, n.Transferred
	case reports.Abandoned: // who is short is within T as well
		f.Short, f.ShortWait = n.Short, call.Millis(n.ShortWait)
		f.Abandoned, f.AbandonedWait = n.N-n.Short, call.Millis(n.Wait-n.ShortWait)
		f.AbandonedInT = n.InT - n.Short
	case reports.Lost:
		f.Lost, f.Abandoned, f.AbandonedInT, f.AbandonedWait = n.N, n.N, n.InT, call.Millis(n.Wait)
	case reports.Waiting, reports.TimedOut, reports.LeftEmpty, reports.Overflowed, reports.Callback, reports.ToMessage:
		n.addOthers(f, end)
	}
	return s
}

// addOthers counts stays that neither an agent nor the caller's patience ended.
func (n counted) addOthers(f *reports.Figures, end reports.End) {
	f.OtherWait = call.Millis(n.Wait)
	switch end {
	case reports.TimedOut:
		f.TimedOut, f.SentAwayInT = n.N, n.InT
	case reports.LeftEmpty:
		f.LeftEmpty, f.SentAwayInT = n.N, n.InT
	case reports.Overflowed:
		f.Overflowed, f.MovedInT = n.N, n.InT
	case reports.Callback:
		f.Callback, f.CallbackInT = n.N, n.InT
	case reports.ToMessage:
		f.ToMessage, f.MovedInT = n.N, n.InT
	case reports.Waiting, reports.Answered, reports.Abandoned, reports.Lost:
	}
}

// toldSum is what callers were told of their waits.
func (n counted) toldSum() reports.Sum {
	s := n.sum(reports.AtEntry)
	s.Told = reports.Calibration{
		Told: n.Told, Answered: n.ToldAnswered, WithinP50: n.ToldP50, WithinP90: n.ToldP90,
		Over: call.Millis(n.ToldOver), Under: call.Millis(n.ToldUnder),
	}
	return s
}

// legs are agents' parts whose talk is over.
func (n counted) legs() reports.Sum {
	s := n.sum(reports.AtAnswer)
	s.Figures = reports.Figures{
		Talks: n.N, Talk: call.Millis(n.Talk), Handled: n.Handled, HandledTalk: call.Millis(n.Handling),
		Wrap: call.Millis(n.Wrap), Held: n.Held, Hold: call.Millis(n.Hold),
		BlindTransfers: n.Blind, AttendedTransfers: n.Attended,
	}
	return s
}

// calls are calls of one fate.
func (n counted) calls() reports.Sum {
	s := n.sum(reports.AtArrival)
	s.Figures.Calls = n.Fate.Of(n.N)
	return s
}
