package reports

import "hotline/call"

// Ratio is a part of a whole. It is exact; a whole of 0 has no value, which is neither 0 %
// nor 100 %.
type Ratio struct{ Part, Whole int64 }

// Value is the ratio between 0 and 1, and false when there is no value.
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

// ACW is the average work after the call (事后处理时间, M23) over the calls whose work is
// done.
func (f Figures) ACW() Mean { return Mean{f.Wrap, f.Handled} }

// AHT is the average handle time (M23): talk, holds and work after the call, over the calls
// whose work is done.
func (f Figures) AHT() Mean { return Mean{f.HandledTalk + f.Wrap, f.Handled} }

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

// AnsweredShare is answered calls / all calls that arrived in the period (已复电话百分比,
// M19), those that never entered a queue included. It has no value for a report that shows
// some queues only.
func (r *Report) AnsweredShare() Ratio {
	if len(r.Spec.Queues) > 0 {
		return Ratio{}
	}
	share := Ratio{Part: r.Total.Figures.Answered}
	for _, l := range r.Lines {
		share.Whole += l.Arrived
	}
	return share
}
