package reports_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports"
)

// TestS38FiguresOfTheFixedLog holds every count and sum of the fixed log against the
// numbers computed by hand.
func TestS38FiguresOfTheFixedLog(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	r := compute(t, fixedLog(t), spec)
	nine, quarterPast := spec.Period.Start.Add(9*time.Hour), spec.Period.Start.Add(9*time.Hour+15*time.Minute)
	first := reports.Interval{Start: nine, End: quarterPast}
	second := reports.Interval{Start: quarterPast, End: quarterPast.Add(15 * time.Minute)}
	quarter := reports.Figures{
		Offered: 13, Answered: 4, Abandoned: 3, Short: 1, TimedOut: 1, LeftEmpty: 1, Overflowed: 1, Callback: 1,
		Waiting: 1, AnsweredInT: 3, AbandonedInT: 1, Lost: 1, Queued: 2,
		SentAwayInT: 1, OtherWait: 450_000, Rings: 4,
		AnsweredWait: 45_001, AbandonedWait: 65_000, ShortWait: 4_999, MaxWait: 300_000,
		Rung:  reports.Offers{Made: 7, Answered: 3, NoAnswer: 1, Rejected: 1, Canceled: 2},
		Talks: 3, Talk: 210_000, Handled: 3, HandledTalk: 210_000, Wrap: 40_000,
	}
	after := reports.Figures{ // entered before 09:15, rung and answered after
		Talks: 1, Talk: 100_000, Rung: reports.Offers{Made: 1, Answered: 1},
	}
	senior := reports.Figures{
		Offered: 1, Answered: 1, AnsweredInT: 1, AnsweredWait: 10_000, MaxWait: 10_000, Rings: 1,
		Rung:  reports.Offers{Made: 1, Answered: 1},
		Talks: 1, Talk: 600_000, Handled: 1, HandledTalk: 600_000, Wrap: 60_000,
	}
	complaints, seniors := reports.Group{Queue: "complaints"}, reports.Group{Queue: "senior"}
	sum := func(all ...reports.Figures) (s reports.Figures) {
		for _, f := range all {
			s.Add(f)
		}
		return s
	}
	want := []reports.Row{
		{Group: complaints, Interval: first, Figures: quarter},
		{Group: complaints, Interval: second, Figures: after},
		{Group: seniors, Interval: first, Figures: senior},
	}
	if !reflect.DeepEqual(r.Rows, want) {
		t.Errorf("rows\n%+v\nwant\n%+v", r.Rows, want)
	}
	want = []reports.Row{
		{Group: complaints, Interval: spec.Period, Figures: sum(quarter, after)},
		{Group: seniors, Interval: spec.Period, Figures: senior},
	}
	if !reflect.DeepEqual(r.Groups, want) {
		t.Errorf("queues\n%+v\nwant\n%+v", r.Groups, want)
	}
	if total := sum(quarter, after, senior); r.Total.Figures != total || r.Total.Figures.Offered != 14 {
		t.Errorf("total\n%+v\nwant\n%+v", r.Total.Figures, total)
	}
	if r.Contradictions != 0 {
		t.Errorf("%d contradictions in a sound log", r.Contradictions)
	}
}

// TestS38MeasuresOfTheFixedLog holds rates and means against those computed by hand. Each
// is named by its number.
func TestS38MeasuresOfTheFixedLog(t *testing.T) {
	t.Parallel()
	f := compute(t, fixedLog(t), daySpec(t)).Rows[0].Figures
	for name, c := range map[string]struct{ got, want any }{
		"M2 time to abandon":         {f.TimeToAbandon(), reports.Mean{Sum: 65_000, Count: 3}},
		"M2 with short calls":        {f.TimeToAbandonRaw(), reports.Mean{Sum: 69_999, Count: 4}},
		"M4 talk time":               {f.ATT(), reports.Mean{Sum: 210_000, Count: 3}},
		"M6 rings":                   {f.MeanRings(), reports.Ratio{Part: 4, Whole: 4}},
		"M7 queue time":              {f.QueueTime(), reports.Mean{Sum: 565_000, Count: 12}},
		"M8 speed of answer":         {f.ASA(), reports.Mean{Sum: 45_001, Count: 4}},
		"M13 abandon rate":           {f.AbandonRate(), reports.Ratio{Part: 3, Whole: 12}},
		"M13 with short calls":       {f.AbandonRateRaw(), reports.Ratio{Part: 4, Whole: 13}},
		"M17 queued rate":            {f.QueuedRate(), reports.Ratio{Part: 2, Whole: 13}},
		"M23 work after the call":    {f.ACW(), reports.Mean{Sum: 40_000, Count: 3}},
		"M23 handle time":            {f.AHT(), reports.Mean{Sum: 250_000, Count: 3}},
		"answered share of offered ": {f.AnsweredShare(), reports.Ratio{Part: 4, Whole: 13}},
	} {
		if c.got != c.want {
			t.Errorf("%s is %+v, want %+v", name, c.got, c.want)
		}
	}
}

func TestS38_19AnsweredShareOfArrived(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	if got, want := compute(t, fixedLog(t), spec).AnsweredShare(), (reports.Ratio{Part: 5, Whole: 18}); got != want {
		t.Errorf("answered share is %+v, want %+v", got, want)
	}
	spec.Queues = []call.QueueID{"senior"}
	if got := compute(t, fixedLog(t), spec).AnsweredShare(); got != (reports.Ratio{}) {
		t.Errorf("answered share of some queues is %+v, want no value", got)
	}
}

// TestS39TalkTimeRunsFromAnswerToHangUp and TestS40 take one call apart: the queue and the
// work after the call are no part of the talk, and the talk counts where it was answered.
func TestS39TalkTimeRunsFromAnswerToHangUp(t *testing.T) {
	t.Parallel()
	f := compute(t, oneCall(t), daySpec(t)).Total.Figures
	if got, ok := f.ATT().Value(); !ok || got != 61_000 {
		t.Errorf("ATT is %v, %v; want 61000 ms", got, ok)
	}
}

func TestS40HandleTimeIsTalkAndWorkAfter(t *testing.T) {
	t.Parallel()
	f := compute(t, oneCall(t), daySpec(t)).Total.Figures
	if got, ok := f.AHT().Value(); !ok || got != 61_000+17_000 {
		t.Errorf("AHT is %v, %v; want 78000 ms", got, ok)
	}
}

// oneCall waits 9 s, talks 61 s and needs 17 s after.
func oneCall(t *testing.T) []call.Event {
	d := &desk{start: time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))}
	d.queued("1", "complaints", 0, false).answered(9, "ann", 61, 17)
	return d.events
}

func TestS1LateCallsByAgent(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	at := func(s int) time.Time { return spec.Period.Start.Add(9*time.Hour + time.Duration(s)*time.Second) }
	late := func(id call.ID, agent call.AgentID, s int, wait call.Millis, end reports.End, cause reports.Cause,
		missed ...call.AgentID,
	) reports.Late {
		return reports.Late{
			Call: id, Queue: "complaints", Agent: agent, Entered: at(s), Wait: wait, End: end, Cause: cause, Missed: missed,
		}
	}
	want := []reports.Late{
		late("c06", "", 60, 40_000, reports.Abandoned, reports.Missed, "ann"),
		late("c07", "", 100, 300_000, reports.TimedOut, reports.NoIdleAgent),
		late("c09", "", 120, 60_000, reports.Overflowed, reports.NotOffered),
		late("c10", "", 130, 90_000, reports.Callback, reports.SlowAnswer),
		late("c13", "", 150, 20_000, reports.Lost, reports.NotOffered),
		late("c03", "ann", 30, 15_001, reports.Answered, reports.Missed, "bob"),
	}
	if got := compute(t, fixedLog(t), spec).Late; !reflect.DeepEqual(got, want) {
		t.Errorf("late calls\n%+v\nwant\n%+v", got, want)
	}
}

func TestLinesOfTheFixedLog(t *testing.T) {
	t.Parallel()
	want := []reports.Line{
		{Line: "10000", Arrivals: reports.Arrivals{
			Arrived: 17, Entered: 13, HungUpInGreeting: 1, Failed: 1, Other: 1, Open: 1, Dropped: 2,
			Answered: 5, Abandoned: 4, Voiced: 1, TurnedAway: 2, Unfinished: 1,
		}},
		{Line: "10001", Arrivals: reports.Arrivals{Arrived: 1, UnknownLine: 1}},
	}
	if got := compute(t, fixedLog(t), daySpec(t)).Lines; !slices.Equal(got, want) {
		t.Errorf("lines\n%+v\nwant\n%+v", got, want)
	}
}

func TestQueuesAndEmptyIntervals(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Queues, spec.Empty = []call.QueueID{"senior", "nobody"}, true
	r := compute(t, fixedLog(t), spec)
	if len(r.Rows) != 2*96 || len(r.Groups) != 2 {
		t.Fatalf("%d rows and %d queues, want every quarter of two queues", len(r.Rows), len(r.Groups))
	}
	if r.Groups[0].Queue != "nobody" || r.Groups[0].Figures != (reports.Figures{}) || r.Total.Figures.Offered != 1 {
		t.Errorf("queues %+v, total %+v", r.Groups, r.Total.Figures)
	}
}

// TestPeriodCutsOff counts by entry and answer alone, wherever the rest of a call lies.
func TestPeriodCutsOff(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Period.End = spec.Period.Start.Add(9*time.Hour + 30*time.Second) // c03 enters at this very moment
	f := compute(t, fixedLog(t), spec).Total.Figures
	if f.Offered != 2 || f.Answered != 2 || f.Talks != 1 {
		t.Errorf("figures %+v, want two offered and answered, one of the answers within", f)
	}
}

func TestContradictionsAreCounted(t *testing.T) {
	t.Parallel()
	d := &desk{start: time.Date(2026, 3, 2, 9, 0, 0, 0, zone(t, "Asia/Shanghai"))}
	g := d.queued("1", "complaints", 0, false)
	g.answered(9, "ann", 61, 17)
	g.left(70, call.Abandoned)
	d.ended("1", 80, call.ClassAnswered, call.CallerHungUp)
	d.ended("1", 81, call.ClassAnswered, call.CallerHungUp)
	r := compute(t, d.events, daySpec(t))
	if f := r.Total.Figures; r.Contradictions != 2 || f.Answered != 1 || f.Abandoned != 0 {
		t.Errorf("%d contradictions, figures %+v; want 2 and the first word", r.Contradictions, f)
	}
}

// TestUnknownEventsStopTheReport because a figure that skipped them would be wrong.
func TestUnknownEventsStopTheReport(t *testing.T) {
	t.Parallel()
	at := daySpec(t).Period.Start
	for name, e := range map[string]call.Event{
		"kind":             {Kind: "holding", At: at, Call: "1"},
		"outcome of queue": {Kind: call.LeftQueue, At: at, Call: "1", Outcome: "evaporated"},
		"outcome of offer": {Kind: call.OfferEnded, At: at, Call: "1", Outcome: call.Abandoned},
	} {
		if _, err := reports.Recompute([]call.Event{e}, daySpec(t)); !errors.Is(err, reports.ErrUnknownEvent) {
			t.Errorf("%s: error %v, want ErrUnknownEvent", name, err)
		}
	}
}

func TestErrorsOfTheSequenceStopTheReport(t *testing.T) {
	t.Parallel()
	torn := errors.New("the disk is gone")
	events := fixedLog(t)[:1]
	if _, err := reports.Build(each(events, torn), daySpec(t)); !errors.Is(err, torn) {
		t.Errorf("error %v, want that of the sequence", err)
	}
	events = []call.Event{{Kind: call.Arrived, Call: "2", Seq: 1}, {Kind: call.Arrived, Call: "1", Seq: 2}}
	if _, err := reports.Build(each(events, nil), daySpec(t)); !errors.Is(err, reports.ErrOrder) {
		t.Errorf("calls out of order: %v, want ErrOrder", err)
	}
	events = []call.Event{{Kind: call.Arrived, Call: "1", Seq: 2}, {Kind: call.Ended, Call: "1", Seq: 1}}
	if _, err := reports.Build(each(events, nil), daySpec(t)); !errors.Is(err, reports.ErrOrder) {
		t.Errorf("events out of order: %v, want ErrOrder", err)
	}
}

// TestJourneysStopWhenAsked because the sequence behind them holds a connection.
func TestJourneysStopWhenAsked(t *testing.T) {
	t.Parallel()
	seen := 0
	events := func(yield func(call.Event, error) bool) {
		for i := range 10 {
			seen++
			if !yield(call.Event{Kind: call.Arrived, Call: call.ID(fmt.Sprint(i)), Seq: uint64(i)}, nil) {
				return
			}
		}
	}
	for j, err := range reports.Journeys(events) {
		if err != nil || j.Call != "0" {
			t.Fatalf("journey of %q, %v", j.Call, err)
		}
		break
	}
	if seen != 2 {
		t.Errorf("%d events were read to know one call, want 2", seen)
	}
}

func TestSpecIsValidated(t *testing.T) {
	t.Parallel()
	good := daySpec(t)
	change := func(f func(*reports.Spec)) reports.Spec { s := good; f(&s); return s }
	for want, spec := range map[string]reports.Spec{
		"not after its start":        change(func(s *reports.Spec) { s.Period.End = s.Period.Start }),
		"step \"2h\"":                change(func(s *reports.Spec) { s.Grid.Step = "2h" }),
		"time zone":                  change(func(s *reports.Spec) { s.Grid.Zone = nil }),
		"day start 24h":              change(func(s *reports.Spec) { s.Grid.DayStart = 24 * time.Hour }),
		"day start 1s":               change(func(s *reports.Spec) { s.Grid.DayStart = time.Second }),
		"formula \"best\"":           change(func(s *reports.Spec) { s.Formula = "best" }),
		"answer limit 0 ms":          change(func(s *reports.Spec) { s.Rules = reports.Rules{} }),
		"short-call limit -1 ms":     change(func(s *reports.Spec) { s.Rules.Short = -1 }),
		"not below the answer limit": change(func(s *reports.Spec) { s.Rules.Short = s.Rules.T }),
	} {
		_, err := reports.Recompute(nil, spec)
		if !errors.Is(err, reports.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want ErrInvalid with %q", err, want)
		}
	}
	if r := compute(t, nil, good); r.Spec.Formula != reports.DefaultFormula || len(r.Rows) != 0 {
		t.Errorf("empty report %+v", r)
	}
}

func TestCheckFindsBrokenFigures(t *testing.T) {
	t.Parallel()
	good := compute(t, fixedLog(t), daySpec(t)).Total.Figures
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, breakIt := range map[string]func(*reports.Figures){
		"offered":  func(f *reports.Figures) { f.Offered++ },
		"waiting":  func(f *reports.Figures) { f.Waiting-- },
		"in time":  func(f *reports.Figures) { f.AnsweredInT = f.Answered + 1 },
		"lost":     func(f *reports.Figures) { f.Lost = f.Abandoned + 1 },
		"queued":   func(f *reports.Figures) { f.Queued = -1 },
		"handled":  func(f *reports.Figures) { f.Handled = f.Talks + 1 },
		"wrap":     func(f *reports.Figures) { f.Wrap = -1 },
		"max wait": func(f *reports.Figures) { f.MaxWait = -1 },
	} {
		f := good
		breakIt(&f)
		if err := f.Check(); !errors.Is(err, reports.ErrBroken) {
			t.Errorf("%s: error %v, want ErrBroken", name, err)
		}
	}
}
