package redisstore

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
)

// The span of time that holds all intervals of the random events.
const breadth = 3 * time.Hour

var horizon = time.Date(2025, 12, 31, 14, 30, 0, 0, time.UTC)

// rapidEvents makes n events with the numbers from first on.
func rapidEvents(first uint64, n int) *rapid.Generator[[]call.Event] {
	return rapid.Custom(func(t *rapid.T) []call.Event { return randomEvents(t, first, n) })
}

// The small world in which random events happen.
var (
	someQueues = []call.QueueID{"complaints", "queue:2"}
	someAgents = []call.AgentID{"1001", "1002"}
	someLines  = []string{"10086", "10010"}
)

// randomEvents draws events with the numbers from first on. They tell no sensible story:
// the fold must be right for whatever the ledger holds. Their times lie on both sides of
// the site's midnight.
func randomEvents(t *rapid.T, first uint64, n int) []call.Event {
	t.Helper()
	events := make([]call.Event, n)
	for i := range events {
		events[i] = randomEvent(t, first+uint64(i))
	}
	return events
}

func randomEvent(t *rapid.T, seq uint64) call.Event {
	moment := func(name string) time.Time {
		return entered.Add(time.Duration(rapid.IntRange(-3_600_000, 3_600_000).Draw(t, name)) * time.Millisecond)
	}
	length := func(name string, limit int) call.Millis {
		return call.Millis(rapid.OneOf(rapid.SampledFrom([]int{0, 4_999, 5_000, 15_000, 15_001}),
			rapid.IntRange(0, limit)).Draw(t, name))
	}
	return call.Event{
		Seq: seq, At: moment("at"), Call: call.ID(fmt.Sprintf("call-%d", seq)),
		Kind: rapid.SampledFrom([]call.Kind{
			call.Arrived, call.Queued, call.Queued, call.Offered, call.OfferEnded, call.OfferEnded, call.Answered,
			call.Answered, call.Connected, call.LeftQueue, call.LeftQueue, call.TalkEnded, call.WrapUpEnded,
			call.Ended, call.Recorded, call.RecordingFault, call.AgentChanged, call.AgentChanged, call.StreamGap,
			call.HoldEnded, call.Transferred, call.Conferenced, "unknown",
		}).Draw(t, "kind"),
		Line:     rapid.SampledFrom(append([]string{""}, someLines...)).Draw(t, "line"),
		Queue:    rapid.SampledFrom(someQueues).Draw(t, "queue"),
		Agent:    rapid.SampledFrom(someAgents).Draw(t, "agent"),
		Entered:  moment("entered"),
		Answer:   moment("answer"),
		Queueing: rapid.Bool().Draw(t, "queueing"),
		Outcome: rapid.SampledFrom([]call.Outcome{
			call.NoAnswer, call.Rejected, call.Busy, call.Unreachable, call.Canceled,
			call.Abandoned, call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback, call.ToMessage,
		}).Draw(t, "outcome"),
		Ending: call.Ending{Class: rapid.SampledFrom([]call.Class{
			call.ClassAnswered, call.ClassAbandoned, call.ClassRefused, call.ClassFailed,
		}).Draw(t, "class")},
		Wait: length("wait", 120_000), Ring: length("ring", 30_000), Talk: length("talk", 900_000),
		Wrap: length("wrap", 60_000), Total: length("total", 2_000_000),
		Hold: length("hold", 900_000), Held: length("held", 1_200_000),
		From: rapid.SampledFrom([]call.AgentState{
			call.Offline, call.Ready, call.Ringing, call.Talking, call.Hold, call.WrapUp, call.Break, call.Break, "asleep",
		}).Draw(t, "from"),
		Was:    rapid.SampledFrom([]string{"", "用餐", "tea time"}).Draw(t, "was"),
		Reason: rapid.SampledFrom([]string{"blind", "attended", ""}).Draw(t, "reason"),
	}
}

// picture is every figure that can be asked for, under a readable name.
type picture map[string]any

// recounted works all figures out by looking at every event for each of them. It shares
// nothing with the fold but the vocabulary.
func recounted(events []call.Event, zone *time.Location) picture {
	pic := make(picture)
	for at := horizon; at.Before(horizon.Add(breadth)); at = at.Add(15 * time.Minute) {
		recountSpan(pic, events, at.Format("15:04"), window{at, at.Add(15 * time.Minute)})
	}
	for _, day := range []string{"2025-12-31", "2026-01-01"} {
		begin, err := time.ParseInLocation(time.DateOnly, day, zone)
		if err != nil {
			return nil
		}
		in := window{begin, begin.AddDate(0, 0, 1)}
		recountSpan(pic, events, day, in)
		for _, a := range someAgents {
			if reasons := recountBreaks(events, a, in); len(reasons) > 0 {
				pic["breaks "+string(a)+" "+day] = reasons
			}
		}
	}
	return pic
}

// window is a span of time, its end not included.
type window struct{ from, to time.Time }

func (w window) holds(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

// overlap is how many milliseconds of a length of time that ends at end lie in the window.
func (w window) overlap(end time.Time, length call.Millis) int64 {
	from, to := max(end.UnixMilli()-int64(length), w.from.UnixMilli()), min(end.UnixMilli(), w.to.UnixMilli())
	return max(0, to-from)
}

func recountSpan(pic picture, events []call.Event, name string, in window) {
	for _, q := range someQueues {
		if c := recountQueue(events, q, in); c != (Counter{}) {
			pic["queue "+string(q)+" "+name] = c
		}
	}
	for _, a := range someAgents {
		if c := recountAgent(events, a, in); c != (AgentCounter{}) {
			pic["agent "+string(a)+" "+name] = c
		}
	}
	for _, line := range append([]string{""}, someLines...) {
		if c := recountLine(events, line, in); c != (LineCounter{}) {
			pic["line "+line+" "+name] = c
		}
	}
}

// total adds up n over the events for which it says yes.
func total(events []call.Event, n func(*call.Event) (int64, bool)) (sum int64) {
	for i := range events {
		if v, ok := n(&events[i]); ok {
			sum += v
		}
	}
	return sum
}

func recountQueue(events []call.Event, q call.QueueID, in window) Counter {
	count := func(yes func(*call.Event) bool) int64 {
		return total(events, func(e *call.Event) (int64, bool) {
			return 1, e.Queue == q && in.holds(e.Entered) && yes(e)
		})
	}
	left := func(o call.Outcome) int64 {
		return count(func(e *call.Event) bool { return e.Kind == call.LeftQueue && e.Outcome == o })
	}
	wait := func(yes func(*call.Event) bool) int64 {
		return total(events, func(e *call.Event) (int64, bool) {
			return int64(e.Wait), e.Queue == q && in.holds(e.Entered) && yes(e)
		})
	}
	answered := func(e *call.Event) bool { return e.Kind == call.Answered }
	abandoned := func(e *call.Event) bool { return e.Kind == call.LeftQueue && e.Outcome == call.Abandoned }
	short := func(e *call.Event) bool { return abandoned(e) && e.Wait < 5_000 }
	c := Counter{
		Offered:    count(func(e *call.Event) bool { return e.Kind == call.Queued }),
		Queued:     count(func(e *call.Event) bool { return e.Kind == call.Queued && e.Queueing }),
		Answered:   count(answered),
		AnsweredIn: count(func(e *call.Event) bool { return answered(e) && e.Wait <= 15_000 }),
		Abandoned:  count(abandoned), Short: count(short), TimedOut: left(call.TimedOut),
		LeftEmpty: left(call.LeftEmpty), Overflowed: left(call.Overflowed), Callback: left(call.Callback),
		ToMessage:    left(call.ToMessage),
		WaitAnswered: wait(answered), WaitAbandoned: wait(abandoned), WaitShort: wait(short),
	}
	for i := range events {
		e := &events[i]
		stayed := e.Kind == call.Answered || e.Kind == call.LeftQueue && leavesQueue(e.Outcome)
		if e.Queue == q && in.holds(e.Entered) && stayed {
			c.MaxWait = max(c.MaxWait, int64(e.Wait))
		}
	}
	of := func(e *call.Event) bool { return e.Queue == q }
	w := recountWork(events, of, in)
	c.Talks, c.Talk, c.Held, c.Hold, c.Wraps, c.Wrap = w.talks, w.talk, w.held, w.hold, w.wraps, w.wrap
	c.Holds, c.Transfers, c.Attended = w.holds, w.transfers, w.attended
	return c
}

func leavesQueue(o call.Outcome) bool {
	return slices.Contains([]call.Outcome{
		call.Abandoned, call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback, call.ToMessage,
	}, o)
}

func recountAgent(events []call.Event, a call.AgentID, in window) AgentCounter {
	of := func(e *call.Event) bool { return e.Agent == a }
	ended := func(o call.Outcome) int64 {
		return total(events, func(e *call.Event) (int64, bool) {
			rang := e.At.Add(-time.Duration(e.Ring) * time.Millisecond)
			return 1, of(e) && e.Kind == call.OfferEnded && e.Outcome == o && in.holds(rang)
		})
	}
	at := func(k call.Kind) int64 {
		return total(events, func(e *call.Event) (int64, bool) { return 1, of(e) && e.Kind == k && in.holds(e.At) })
	}
	c := AgentCounter{
		Offers: at(call.Offered), Answered: at(call.Answered),
		NoAnswer: ended(call.NoAnswer), Rejected: ended(call.Rejected), Busy: ended(call.Busy),
		Unreachable: ended(call.Unreachable), Canceled: ended(call.Canceled),
	}
	w := recountWork(events, of, in)
	c.Talks, c.Talk, c.Held, c.Hold, c.Wraps, c.Wrap = w.talks, w.talk, w.held, w.hold, w.wraps, w.wrap
	c.Holds, c.Transfers, c.Attended = w.holds, w.transfers, w.attended
	state := func(s call.AgentState) int64 {
		return total(events, func(e *call.Event) (int64, bool) {
			return in.overlap(e.At, e.Held), of(e) && e.Kind == call.AgentChanged && e.From == s
		})
	}
	c.InReady, c.InRinging, c.InTalking = state(call.Ready), state(call.Ringing), state(call.Talking)
	c.InHold, c.InWrapUp, c.InBreak = state(call.Hold), state(call.WrapUp), state(call.Break)
	return c
}

// recountBreaks gives the milliseconds of each reason that has any.
func recountBreaks(events []call.Event, a call.AgentID, in window) map[string]int64 {
	out := make(map[string]int64)
	for i := range events {
		e := &events[i]
		length := in.overlap(e.At, e.Held)
		if e.Kind == call.AgentChanged && e.Agent == a && e.From == call.Break && length > 0 {
			out[e.Was] += length
		}
	}
	return out
}

// work is what queues and agents have in common.
type work struct {
	talks, talk, held, hold, wraps, wrap int64
	holds, transfers, attended           int64
}

func recountWork(events []call.Event, of func(*call.Event) bool, in window) (w work) {
	for i := range events {
		e := &events[i]
		if !of(e) {
			continue
		}
		switch {
		case e.Kind == call.TalkEnded && in.holds(e.Answer):
			w.talks++
			w.talk += int64(e.Talk)
			w.hold += int64(e.Hold)
			w.held += min(1, int64(e.Hold))
		case e.Kind == call.WrapUpEnded && in.holds(e.Answer):
			w.wraps++
			w.wrap += int64(e.Wrap)
		case e.Kind == call.HoldEnded && in.holds(e.At.Add(-time.Duration(e.Held)*time.Millisecond)):
			w.holds++
		case e.Kind == call.Transferred && in.holds(e.At) && e.Reason == "blind":
			w.transfers++
		case e.Kind == call.Transferred && in.holds(e.At) && e.Reason == "attended":
			w.transfers++
			w.attended++
		}
	}
	return w
}

func recountLine(events []call.Event, line string, in window) LineCounter {
	of := func(e *call.Event) bool { return line == "" || e.Line == line }
	ended := func(c call.Class) int64 {
		return total(events, func(e *call.Event) (int64, bool) {
			came := e.At.Add(-time.Duration(e.Total) * time.Millisecond)
			return 1, of(e) && e.Kind == call.Ended && e.Ending.Class == c && in.holds(came)
		})
	}
	return LineCounter{
		Arrived: total(events, func(e *call.Event) (int64, bool) {
			return 1, of(e) && e.Kind == call.Arrived && in.holds(e.At)
		}),
		Answered: ended(call.ClassAnswered), Abandoned: ended(call.ClassAbandoned),
		Refused: ended(call.ClassRefused), Failed: ended(call.ClassFailed), Messages: ended(call.ClassMessage),
	}
}

// photograph reads every figure from the store.
func photograph(ctx context.Context, s *Store) (picture, error) {
	pic := make(picture)
	to := horizon.Add(breadth)
	for _, q := range someQueues {
		rows, err := s.Figures(ctx, q, horizon, to)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			name := "queue " + string(q) + " " + c.Start.Format("15:04")
			c.Start = time.Time{}
			pic[name] = c
		}
	}
	for _, line := range append([]string{""}, someLines...) {
		rows, err := s.LineSeries(ctx, Quarter, line, horizon, to)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			name := "line " + line + " " + c.Start.Format("15:04")
			c.Start = time.Time{}
			pic[name] = c
		}
	}
	for _, a := range someAgents {
		rows, err := s.AgentSeries(ctx, Quarter, a, horizon, to)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			name := "agent " + string(a) + " " + c.Start.Format("15:04")
			c.Start = time.Time{}
			pic[name] = c
		}
	}
	for _, at := range []time.Time{entered, entered.Add(time.Minute)} {
		if err := photographDay(ctx, s, at, pic); err != nil {
			return nil, err
		}
	}
	return pic, nil
}

func photographDay(ctx context.Context, s *Store, at time.Time, pic picture) error {
	lines := append([]string{""}, someLines...)
	byQueue, err := s.Today(ctx, at, someQueues...)
	if err != nil {
		return err
	}
	byAgent, err := s.AgentsToday(ctx, at, someAgents...)
	if err != nil {
		return err
	}
	byLine, err := s.LinesToday(ctx, at, lines...)
	if err != nil {
		return err
	}
	for _, a := range someAgents {
		rows, err := s.Breaks(ctx, Day, a, at, at.Add(time.Millisecond))
		if err != nil {
			return err
		}
		for _, c := range rows {
			pic["breaks "+string(a)+" "+c.Start.In(s.rules.Zone).Format(time.DateOnly)] = c.Reasons
		}
	}
	for i, c := range byQueue {
		put(pic, "queue "+string(someQueues[i]), &c.Start, &c)
	}
	for i, c := range byAgent {
		put(pic, "agent "+string(someAgents[i]), &c.Start, &c)
	}
	for i, c := range byLine {
		put(pic, "line "+lines[i], &c.Start, &c)
	}
	return nil
}

// put keeps a counter of a day without its Start, if anything was counted.
func put[C comparable](pic picture, name string, start *time.Time, c *C) {
	name += " " + start.Format(time.DateOnly)
	*start = time.Time{}
	var zero C
	if *c != zero {
		pic[name] = *c
	}
}

// testingT is what *testing.T and *rapid.T share.
type testingT interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
	Cleanup(f func())
}

// mustAgree compares all figures of the store with the recount of the events.
func mustAgree(ctx context.Context, t testingT, s *Store, events []call.Event) {
	t.Helper()
	got, err := photograph(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(recounted(events, s.rules.Zone), got); diff != "" {
		t.Fatalf("figures after %d events (-recount +redis):\n%s", len(events), diff)
	}
}

// TestRecountSeesDifferences keeps the recount itself honest: one event more of any kind
// that counts must change the picture.
func TestRecountSeesDifferences(t *testing.T) {
	t.Parallel()
	rules, err := Rules{}.normal()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t, 1, 5)
		more := randomEvent(t, 6)
		incs, err := rules.increments(more)
		changed := !cmp.Equal(recounted(events, time.UTC), recounted(append(events, more), time.UTC))
		if want := err == nil && len(incs) > 0; changed != want {
			t.Fatalf("%s %s: recount changed %v, want %v", more.Kind, more.Outcome, changed, want)
		}
	})
}
