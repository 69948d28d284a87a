package sqlstore

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests must be there on every machine

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"hotline/call"
	"hotline/reports"
)

// change is when the clocks go back in Berlin: that day has 25 hours.
var change = time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)

// anyFact draws an event of one of a few calls, in a few stays and with a few agents, so that
// many say something of the same stay or leg: twice, too late, or against each other.
func anyFact(t *rapid.T, round int) call.Event {
	from := func(name string, ms ...int) time.Time {
		return change.Add(time.Duration(rapid.SampledFrom(ms).Draw(t, name)) * time.Millisecond)
	}
	e := call.Event{
		Kind: rapid.SampledFrom([]call.Kind{
			call.Arrived, call.Queued, call.Queued, call.Offered, call.OfferEnded, call.Answered, call.LeftQueue,
			call.Estimated, call.TalkEnded, call.TalkEnded, call.WrapUpEnded, call.Transferred, call.Ended, call.Connected,
		}).Draw(t, "kind"),
		At:      change.Add(time.Duration(rapid.IntRange(-7_200_000, 7_200_000).Draw(t, "at")) * time.Millisecond),
		Call:    call.ID(fmt.Sprintf("%d-%d", round, rapid.IntRange(1, 6).Draw(t, "call"))),
		Queue:   rapid.SampledFrom([]call.QueueID{"complaints", "senior"}).Draw(t, "queue"),
		Entered: from("entered", -4_000_000, -1, 0, 899_999, 900_000, 5_000_123),
		Answer:  from("answer", -3_000_000, 10, 900_001),
		Agent:   rapid.SampledFrom([]call.AgentID{"ann", "bob"}).Draw(t, "agent"),
		Offer:   rapid.SampledFrom([]call.OfferID{"o1", "o2", ""}).Draw(t, "offer"), Line: "10000",
		Wait: rapid.SampledFrom([]call.Millis{0, 4999, 5000, 15_000, 15_001, 70_000, -5}).Draw(t, "wait"),
		Talk: call.Millis(rapid.IntRange(0, 100_000).Draw(t, "talk")),
		Hold: call.Millis(rapid.IntRange(0, 9).Draw(t, "hold")),
		Wrap: call.Millis(rapid.IntRange(0, 30_000).Draw(t, "wrap")), Queueing: rapid.Bool().Draw(t, "queueing"),
		Direction: rapid.SampledFrom([]call.Direction{
			call.Inbound, call.Inbound, call.Inbound, call.Consult, call.Outbound,
		}).Draw(t, "direction"),
	}
	switch e.Kind {
	case call.OfferEnded:
		e.Outcome = rapid.SampledFrom([]call.Outcome{call.NoAnswer, call.Canceled}).Draw(t, "outcome")
	case call.LeftQueue:
		e.Outcome = rapid.SampledFrom([]call.Outcome{
			call.Abandoned, call.Abandoned, call.TimedOut, call.LeftEmpty, call.Overflowed, call.Callback, call.ToMessage,
		}).Draw(t, "outcome")
	default:
	}
	return e
}

// anySpec draws a report whose lines may go through a quarter of an hour.
func anySpec(t *rapid.T, zone *time.Location) reports.Spec {
	start := change.Add(time.Duration(rapid.IntRange(-120, 0).Draw(t, "start")) * time.Minute)
	start = start.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 500_000, 1_000_000}).Draw(t, "part")))
	short := rapid.SampledFrom([]call.Millis{0, 4999, 5000}).Draw(t, "short")
	length := time.Duration(rapid.IntRange(1, 200).Draw(t, "minutes")) * time.Minute
	if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
		length += 28 * 24 * time.Hour // long enough for the correlation
	}
	return reports.Spec{
		Grid: reports.Grid{
			Step:     rapid.SampledFrom(steps).Draw(t, "step"),
			Zone:     zone,
			DayStart: rapid.SampledFrom([]time.Duration{0, 7 * time.Minute}).Draw(t, "day"),
		},
		Period:  reports.Interval{Start: start, End: start.Add(length)},
		Rules:   reports.Rules{T: rapid.SampledFrom([]call.Millis{5001, 15_000}).Draw(t, "T"), Short: short},
		By:      rapid.SampledFrom(groupings).Draw(t, "by"),
		Queues:  rapid.SampledFrom([][]call.QueueID{nil, nil, {"senior"}, {"none", "complaints"}}).Draw(t, "queues"),
		Agents:  rapid.SampledFrom([][]call.AgentID{nil, nil, nil, {"bob"}}).Draw(t, "agents"),
		OfTeams: rapid.SampledFrom([][]string{nil, nil, nil, {"day"}}).Draw(t, "teams"),
		OfLines: rapid.SampledFrom([][]string{nil, nil, nil, {"10000"}, {"none"}}).Draw(t, "lines"),
		Teams:   map[call.AgentID]string{"ann": "day"},
		Empty:   rapid.Bool().Draw(t, "empty"),
		Only: rapid.SampledFrom([][]reports.Rule{
			{reports.AtEntry}, {reports.AtAnswer, reports.AtEntry}, {reports.AtArrival, reports.AtEntry}, counts,
		}).Draw(t, "only"),
	}
}

var steps = []reports.Step{reports.Quarter, reports.Hour, reports.Day, reports.Whole}

// groupings are all single dimensions and some of several.
var groupings = [][]reports.Dimension{
	nil,
	{reports.ByQueue},
	{reports.ByAgent},
	{reports.ByTeam},
	{reports.ByLine},
	{reports.ByWeekday},
	{reports.ByHour},
	{reports.ByNothing},
	{reports.ByTeam, reports.ByQueue},
	{reports.ByLine, reports.ByHour, reports.ByAgent},
}

// zonesOfTables are zones whose days change their length, and whose hours begin in the middle
// of a quarter of an hour.
func zonesOfTables(t *testing.T) []*time.Location {
	t.Helper()
	zones := []*time.Location{time.UTC, time.FixedZone("local mean time", 8*3600+5*60+43)}
	for _, name := range []string{"Europe/Berlin", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	return zones
}

// TestS38TablesEqualTheFold appends any events in any batches, some of them twice. The tables
// must be what the whole story of each call comes to, again after Rebuild, and the report that is
// counted in the database the one that reports.Build makes of the events.
func TestS38TablesEqualTheFold(t *testing.T) {
	t.Parallel()
	zones := zonesOfTables(t)
	EachPlace(t, func(t *testing.T, place Place) {
		s, round := storeAt(t, place), 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			for range rapid.IntRange(1, 6).Draw(rt, "batches") {
				batch := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) call.Event { return anyFact(t, round) }), 1, 12).
					Draw(rt, "batch")
				if rapid.Bool().Draw(rt, "again") {
					batch = append(batch, batch[0])
				}
				if _, err := s.Append(t.Context(), batch); err != nil {
					rt.Fatal(err)
				}
			}
			tablesAreTheFold(rt, s)
			if rapid.IntRange(0, 9).Draw(rt, "rebuild") == 0 {
				if _, err := s.Rebuild(t.Context()); err != nil {
					rt.Fatal(err)
				}
				tablesAreTheFold(rt, s)
			}
			spec := anySpec(rt, rapid.SampledFrom(zones).Draw(rt, "zone"))
			reportsAreEqual(rt, s, spec)
		})
	})
}

// reportsAreEqual compares a report that is counted with the same one of the events. A ledger with
// contradictions is not for counting, and says so.
func reportsAreEqual(t *rapid.T, s *Store, spec reports.Spec) {
	events := everything(t, s)
	want, err := reports.Recompute(events, spec)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Report(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if can, err := s.Counts(t.Context(), spec); err != nil || can == (want.Contradictions > 0) {
		t.Fatalf("counts %t, %v, though there are %d contradictions", can, err, want.Contradictions)
	}
	// What it does not tell of.
	want.Contradictions, want.Late, want.Surveys, want.Deviations = 0, nil, nil, nil
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(reports.Report{}),
		gocmp.Comparer(func(a, b *time.Location) bool { return a == b })); diff != "" {
		t.Fatalf("report of %+v (-fold +database):\n%s", spec, diff)
	}
}

// everything is the whole ledger.
func everything(t *rapid.T, s *Store) []call.Event {
	events, err := s.After(t.Context(), 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// tablesAreTheFold compares the tables with the journeys of the whole ledger.
func tablesAreTheFold(t *rapid.T, s *Store) {
	var got rows
	for model, key := range map[any]string{
		&got.calls: "call", &got.stays: "call, queue, entered_ms", &got.legs: "call, agent, answer_ms",
	} {
		if err := s.read.NewSelect().Model(model).OrderExpr(key).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := journeysOf(t, everything(t, s))
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(rows{})); diff != "" {
		t.Fatalf("tables (-fold +table):\n%s", diff)
	}
}

// journeysOf are the rows that the whole stories of all calls come to.
func journeysOf(t *rapid.T, events []call.Event) (want rows) {
	slices.SortStableFunc(events, func(a, b call.Event) int { return cmp.Compare(a.Call, b.Call) })
	all := func(yield func(call.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
	for j, err := range reports.Journeys(all) {
		if err != nil {
			t.Fatal(err)
		}
		want.calls = append(want.calls, callOf(j))
		for _, x := range j.Stays {
			want.stays = append(want.stays, stayOf(j, x))
		}
		for _, x := range j.Legs {
			want.legs = append(want.legs, legOf(j, x).table())
		}
	}
	slices.SortFunc(want.stays, func(a, b stayRow) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.EnteredMs, b.EnteredMs))
	})
	slices.SortFunc(want.legs, func(a, b legTable) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.AnswerMs, b.AnswerMs))
	})
	return want
}

// TestTablesOfAnOlderLedger: a ledger from before there were tables has them after its opening.
func TestTablesOfAnOlderLedger(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		if _, err := s.Append(t.Context(), oneCall("1")); err != nil {
			t.Fatal(err)
		}
		p, err := s.flavor.provider(s.write)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 { // calls, issues, what is forgotten, the index of rings, then the tables
			if _, err := p.Down(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		err = storeAt(t, place).read.NewSelect().Table("stays").ColumnExpr("count(*)").Scan(t.Context(), &n)
		if err != nil || n != 1 {
			t.Errorf("%d stays, %v; want 1", n, err)
		}
	})
}

// TestUnknownOutcomeIsSaid: the ledger keeps what it is told, and no figure leaves it out in
// silence.
func TestUnknownOutcomeIsSaid(t *testing.T) {
	t.Parallel()
	EachPlace(t, func(t *testing.T, place Place) {
		s := storeAt(t, place)
		events := oneCall("1")
		events[2].Outcome, events[2].Kind = "beamed_up", call.LeftQueue
		if _, err := s.Append(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		spec := reports.Spec{
			Grid: reports.Grid{Step: reports.Day, Zone: time.UTC}, Rules: reports.DefaultRules(),
			Period: reports.Interval{Start: change, End: change.AddDate(0, 0, 1)},
		}
		if _, err := s.Report(t.Context(), spec); !errors.Is(err, reports.ErrUnknownEvent) {
			t.Errorf("error %v, want ErrUnknownEvent", err)
		}
	})
}

// TestTablesDoNotTellOfEverything: what is in no table is left to the fold, instead of shown as 0.
func TestTablesDoNotTellOfEverything(t *testing.T) {
	t.Parallel()
	s := store(t)
	for want, rules := range map[bool][][]reports.Rule{
		true: {{reports.AtEntry}, {reports.AtArrival, reports.AtAnswer}},
		false: {
			nil, {reports.AtEntry, reports.AtRing}, {reports.AtDial}, {reports.Prorated}, {reports.AnswerAnd},
		},
	} {
		for _, only := range rules {
			if can, err := s.Counts(t.Context(), reports.Spec{Only: only}); can != want || err != nil {
				t.Errorf("figures by %v: counts %t, %v", only, can, err)
			}
		}
	}
}

// oneCall is a call with one stay and one leg.
func oneCall(id call.ID) []call.Event {
	in := call.Event{
		Kind: call.Queued, At: change, Call: id, Queue: "q", Entered: change, Agent: "ann", Offer: "o", Answer: change,
		Wait: 10, Talk: 20, Hold: 7, Wrap: 5,
	}
	kind := func(k call.Kind) call.Event {
		e := in
		e.Kind = k
		return e
	}
	return []call.Event{
		{Kind: call.Arrived, At: change, Call: id, Line: "10000"},
		kind(call.Queued), kind(call.Answered),
		kind(call.TalkEnded), kind(call.WrapUpEnded),
		{Kind: call.Ended, At: change, Call: id},
	}
}
