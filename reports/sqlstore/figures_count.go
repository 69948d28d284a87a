package sqlstore

import (
	"maps"
	"slices"
	"sort"
	"time"

	"hotline/call"
	"hotline/reports"
)

// quarterMs is the grain of the tables of the reports in milliseconds.
const quarterMs = 900_000

// counted is a line of a query: stays or legs of one queue that belong to one time, and in the
// case of stays have the same end.
type counted struct {
	AtMs      int64  `bun:"at_ms"`
	Queue     string `bun:"queue"`
	Outcome   string `bun:"outcome"`
	N         int64  `bun:"n"`
	Queued    int64  `bun:"queued"`
	InT       int64  `bun:"in_t"`
	Short     int64  `bun:"short"`
	ShortWait int64  `bun:"short_wait"`
	Wait      int64  `bun:"wait"`
	MaxWait   int64  `bun:"max_wait"`
	Handled   int64  `bun:"handled"`
	Talk      int64  `bun:"talk"`
	Handling  int64  `bun:"handling"`
	Wrap      int64  `bun:"wrap"`
}

// count adds lines up by queue and interval.
type count struct {
	spec         reports.Spec
	cut          []reports.Interval
	fromMs, toMs int64   // times in [fromMs, toMs) belong to the period
	split        []int64 // quarters of an hour that do not belong to one interval alone
	only         map[string]bool
	rows         map[string][]reports.Figures
}

func newCount(spec reports.Spec) *count {
	c := &count{
		spec: spec, cut: spec.Grid.Cut(spec.Period.Start, spec.Period.End),
		fromMs: ceilMs(spec.Period.Start), toMs: ceilMs(spec.Period.End), rows: map[string][]reports.Figures{},
	}
	line := func(t time.Time) {
		ms := ceilMs(t)
		quarter := ms - ms%quarterMs
		if ms != quarter && (len(c.split) == 0 || c.split[len(c.split)-1] != quarter) {
			c.split = append(c.split, quarter)
		}
	}
	line(spec.Period.Start)
	for _, i := range c.cut {
		line(i.End)
	}
	if len(spec.Queues) > 0 {
		c.only = map[string]bool{}
	}
	for _, q := range spec.Queues {
		c.only[string(q)] = true
		c.rows[string(q)] = make([]reports.Figures, len(c.cut))
	}
	return c
}

// ceilMs is the first whole millisecond that is not before t.
func ceilMs(t time.Time) int64 {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

// figures are those that a line belongs to, nil when it is not asked for.
func (c *count) figures(n counted) *reports.Figures {
	at := time.UnixMilli(n.AtMs)
	i := sort.Search(len(c.cut), func(i int) bool { return at.Before(c.cut[i].End) })
	if i == len(c.cut) || at.Before(c.cut[i].Start) || !c.see(n.Queue) {
		return nil
	}
	return &c.rows[n.Queue][i]
}

// see makes the rows of a queue, and tells whether it is asked for.
func (c *count) see(queue string) bool {
	if c.only != nil && !c.only[queue] {
		return false
	}
	if c.rows[queue] == nil {
		c.rows[queue] = make([]reports.Figures, len(c.cut))
	}
	return true
}

// result puts the sums in order.
func (c *count) result() []reports.Row {
	var result []reports.Row
	for _, q := range slices.Sorted(maps.Keys(c.rows)) {
		for i, f := range c.rows[q] {
			if c.spec.Empty || f != (reports.Figures{}) {
				result = append(result, reports.Row{
					Group: reports.Group{Queue: call.QueueID(q)}, Interval: c.cut[i], Figures: f,
				})
			}
		}
	}
	return result
}

// addStays counts stays with one end, as reports counts them one by one.
func (n counted) addStays(f *reports.Figures) {
	f.Offered += n.N
	f.Queued += n.Queued
	end := reports.End(n.Outcome)
	if end == reports.Waiting {
		f.Waiting += n.N
		return
	}
	f.MaxWait = max(f.MaxWait, call.Millis(n.MaxWait))
	switch end {
	case reports.Answered:
		f.Answered += n.N
		f.AnsweredWait += call.Millis(n.Wait)
		f.AnsweredInT += n.InT
	case reports.Abandoned: // who is short is within T as well
		f.Short += n.Short
		f.ShortWait += call.Millis(n.ShortWait)
		f.Abandoned += n.N - n.Short
		f.AbandonedWait += call.Millis(n.Wait - n.ShortWait)
		f.AbandonedInT += n.InT - n.Short
	case reports.Lost:
		f.Lost += n.N
		f.Abandoned += n.N
		f.AbandonedWait += call.Millis(n.Wait)
		f.AbandonedInT += n.InT
	case reports.Waiting, reports.TimedOut, reports.LeftEmpty, reports.Overflowed, reports.Callback, reports.ToMessage:
		n.addOthers(f, end)
	}
}

// addOthers counts stays that neither an agent nor the caller's patience ended.
func (n counted) addOthers(f *reports.Figures, end reports.End) {
	f.OtherWait += call.Millis(n.Wait)
	switch end {
	case reports.TimedOut:
		f.TimedOut += n.N
		f.SentAwayInT += n.InT
	case reports.LeftEmpty:
		f.LeftEmpty += n.N
		f.SentAwayInT += n.InT
	case reports.Overflowed:
		f.Overflowed += n.N
		f.MovedInT += n.InT
	case reports.Callback:
		f.Callback += n.N
		f.CallbackInT += n.InT
	case reports.ToMessage:
		f.ToMessage += n.N
		f.MovedInT += n.InT
	case reports.Waiting, reports.Answered, reports.Abandoned, reports.Lost:
	}
}

// addLegs counts agents' parts whose talk is over.
func (n counted) addLegs(f *reports.Figures) {
	f.Talks += n.N
	f.Talk += call.Millis(n.Talk)
	f.Handled += n.Handled
	f.HandledTalk += call.Millis(n.Handling)
	f.Wrap += call.Millis(n.Wrap)
}
