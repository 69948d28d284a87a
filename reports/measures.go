package reports

import "hotline/call"

// Ratio is a part of a whole, or so much of one thing for each of another. It is exact; a
// whole of 0 has no value, which is neither 0 % nor 100 %.
type Ratio struct{ Part, Whole int64 }

// Value is the ratio, of a part between 0 and 1, and false when there is no value.
func (r Ratio) Value() (float64, bool) {
	if r.Whole <= 0 {
		return 0, false
	}
	return float64(r.Part) / float64(r.Whole), true
}

// Mean is a sum of times over a count. A count of 0 has no value.
type Mean struct {
	Sum   call.Millis
	Count int64
}

// Value is the mean in milliseconds, and false when there is no value.
func (m Mean) Value() (float64, bool) {
	if m.Count <= 0 {
		return 0, false
	}
	return float64(m.Sum) / float64(m.Count), true
}

// ASA is the average speed of answer (平均应答速度, M8): queue entry to answer over the
// answered calls.
func (f Figures) ASA() Mean { return Mean{f.AnsweredWait, f.Answered} }

// ATT is the average talk time (平均通话时间, M4): agent's answer to agent's hang-up, holds
// included, over the talks that are over.
func (f Figures) ATT() Mean { return Mean{f.Talk, f.Talks} }

// ConversationTime is the average talk time without the holds (平均交谈时间, M9).
func (f Figures) ConversationTime() Mean { return Mean{f.Talk - f.Hold, f.Talks} }

// HoldTime is the average time on hold (平均持线时间, M5) over the talks with a hold.
func (f Figures) HoldTime() Mean { return Mean{f.Hold, f.Held} }

// HeldShare is the share of talks with a hold (M5).
func (f Figures) HeldShare() Ratio { return Ratio{f.Held, f.Talks} }

// ACW is the average work after the call (事后处理时间, M23) over the calls whose work is
// done.
func (f Figures) ACW() Mean { return Mean{f.Wrap, f.Handled} }

// AHT is the average handle time (M23): talk, holds and work after the call, over the calls
// whose work is done.
func (f Figures) AHT() Mean { return Mean{f.HandledTalk + f.Wrap, f.Handled} }

// QueueTime is the average time in the queue (平均排队时间, M7) of all who left it, answered
// or not.
func (f Figures) QueueTime() Mean {
	return Mean{f.AnsweredWait + f.AbandonedWait + f.ShortWait + f.OtherWait, f.Offered - f.Waiting}
}

// MeanRings is how often the phone rang that was picked up (平均振铃次数, M6): of each answered
// call 1 and one more for every whole cycle of Rules.Ring.
func (f Figures) MeanRings() Ratio { return Ratio{f.Rings, f.Answered} }

// TransferRate is the share of answered calls that were transferred at least once
// (转接呼叫率, M18).
func (f Figures) TransferRate() Ratio { return Ratio{f.Transferred, f.Answered} }

// MissRate is the share of rings that the agent let go: rang out, declined, busy or out of
// reach. Rings that the caller ended are no part of it.
func (f Figures) MissRate() Ratio {
	return Ratio{f.Rung.Missed(), f.Rung.Made - f.Rung.Canceled - f.Rung.Open}
}

// CallsPerHour is talks for each hour that agents were signed in and not on a break
// (每小时呼叫次数, M10).
func (f Figures) CallsPerHour() Ratio {
	const hour = 3_600_000
	return Ratio{f.Talks * hour, int64(f.Spent.Able())}
}

// Occupancy is talk and hold / talk, hold and idle (占线率, M12). Ringing is neither.
func (a AgentTime) Occupancy() Ratio {
	busy := int64(a.Talking + a.Hold)
	return Ratio{busy, busy + int64(a.Ready)}
}

// OccupancyWithWork is Occupancy with the work after calls among the work.
func (a AgentTime) OccupancyWithWork() Ratio {
	busy := int64(a.Talking + a.Hold + a.WrapUp)
	return Ratio{busy, busy + int64(a.Ready)}
}

// Utilisation is talk, hold and work after calls / the whole time signed in, breaks
// included (工时利用率).
func (a AgentTime) Utilisation() Ratio {
	return Ratio{int64(a.Talking + a.Hold + a.WrapUp), int64(a.SignedIn())}
}

// WorkRate is the time of the roster in which the agent was signed in and not on a break /
// the time of the roster (实际工作率, M1). Work outside the roster does not make up for
// absence within it.
func (a AgentTime) WorkRate() Ratio { return Ratio{int64(a.Serving), int64(a.Rostered)} }

// Attendance is the time of the roster in which the agent was signed in / the time of the
// roster (出勤率, M14).
func (a AgentTime) Attendance() Ratio { return Ratio{int64(a.Present), int64(a.Rostered)} }

// TalkPerDial is the average talk of numbers that agents called and that answered (K11).
func (d Dials) TalkPerDial() Mean { return Mean{d.Talk, d.Reached} }

// ReachedShare is the share of numbers that agents called and that answered (外呼接通率).
func (d Dials) ReachedShare() Ratio { return Ratio{d.Reached, d.Made} }

// TimeToAbandon is the average wait of those who hung up (平均放弃时间, M2), short calls
// left out.
func (f Figures) TimeToAbandon() Mean { return Mean{f.AbandonedWait, f.Abandoned} }

// TimeToAbandonRaw is TimeToAbandon with the short calls.
func (f Figures) TimeToAbandonRaw() Mean {
	return Mean{f.AbandonedWait + f.ShortWait, f.Abandoned + f.Short}
}

// AbandonRate is abandoned / offered (呼叫放弃率, M13), short calls left out of both.
func (f Figures) AbandonRate() Ratio { return Ratio{f.Abandoned, f.Offered - f.Short} }

// AbandonRateRaw is AbandonRate with the short calls in both.
func (f Figures) AbandonRateRaw() Ratio { return Ratio{f.Abandoned + f.Short, f.Offered} }

// QueuedRate is the share of calls that had to wait because no agent was idle at entry
// (队列放置率, M17).
func (f Figures) QueuedRate() Ratio { return Ratio{f.Queued, f.Offered} }

// AnsweredShare is answered / offered. M19, which sets the answered against every call that
// arrived, is Report.AnsweredShare.
func (f Figures) AnsweredShare() Ratio { return Ratio{f.Answered, f.Offered} }

// AnsweredShare is calls that reached an agent / all calls that arrived (已复电话百分比,
// M19), those that never entered a queue included.
func (a Arrivals) AnsweredShare() Ratio { return Ratio{a.Answered, a.Arrived} }

// CalledBackShare is missed calls whose caller was called back and answered / missed calls
// (M19). A call that an agent made on his own, not from the list of callbacks, is not seen.
func (a Arrivals) CalledBackShare() Ratio { return Ratio{a.CalledBack, a.Missed()} }

// BusyRate is refused / arrived (忙音率, M15): as many waited as may, or a fault kept the
// caller from the queue. Calls that the carrier refused before they reached us are unseen.
func (a Arrivals) BusyRate() Ratio { return Ratio{a.Busy + a.Failed, a.Arrived} }

// AnsweredShare is M19 of all lines. It has no value for a report that shows some queues,
// agents or teams only.
func (r *Report) AnsweredShare() Ratio {
	if len(r.Spec.Queues)+len(r.Spec.Agents)+len(r.Spec.OfTeams) > 0 {
		return Ratio{}
	}
	return r.Arrivals().AnsweredShare()
}

// Arrivals adds up the lines.
func (r *Report) Arrivals() Arrivals {
	var all Arrivals
	for _, l := range r.Lines {
		all.sum(l.Arrivals)
	}
	return all
}
