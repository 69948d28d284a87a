package reports_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/reports"
)

// TestS46IssuesAreDue holds the periods of the series and when their reports are due against
// the calendar.
func TestS46IssuesAreDue(t *testing.T) {
	t.Parallel()
	g := reports.Grid{Zone: zone(t, "Europe/Berlin"), DayStart: 6 * time.Hour}
	const layout = "2006-01-02 15:04"
	at, err := time.ParseInLocation(layout, "2026-03-25 05:00", g.Zone) // still the day of the 24th, a Tuesday
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		series          reports.Series
		start, end, due string
	}{
		{reports.Daily, "2026-03-24 06:00", "2026-03-25 06:00", "2026-03-26 06:00"},
		{reports.Weekly, "2026-03-23 06:00", "2026-03-30 06:00", "2026-03-31 06:00"},
		{reports.Monthly, "2026-03-01 06:00", "2026-04-01 06:00", "2026-04-22 06:00"},
	} {
		p := c.series.PeriodOf(g, at)
		due := c.series.Due(g, p)
		if p.Start.Format(layout) != c.start || p.End.Format(layout) != c.end || due.Format(layout) != c.due {
			t.Errorf("%s: %v, due %v, want %+v", c.series, p, due, c)
		}
		i := reports.Issue{Series: c.series, Period: p, Made: due}
		if late := (reports.Issue{Series: c.series, Period: p, Made: due.Add(1)}); !i.OnTime(g) || late.OnTime(g) {
			t.Errorf("%s: it must be on time up to the moment in which it is due, and no later", c.series)
		}
		if c.series.Validate() != nil {
			t.Errorf("%s is refused", c.series)
		}
	}
	if err := reports.Series("hourly").Validate(); !errors.Is(err, reports.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

// TestS44IssueOfADay makes the daily report of the fixed log: all metrics, and the queues.
func TestS44IssueOfADay(t *testing.T) {
	t.Parallel()
	whole, queues := reports.Daily.IssueSpecs(daySpec(t))
	text, figures, err := reports.WriteIssue(compute(t, fixedLog(t), whole), compute(t, fixedLog(t), queues))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"服务水平", "M20", "complaints", "senior"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the text:\n%s", want, text)
		}
	}
	var all struct {
		Whole  struct{ Metrics, Figures []map[string]any }
		Queues struct{ Figures []map[string]any }
	}
	if err := json.Unmarshal(figures, &all); err != nil {
		t.Fatal(err)
	}
	total := all.Whole.Figures[len(all.Whole.Figures)-1]
	sum := all.Queues.Figures[len(all.Queues.Figures)-1]
	if len(all.Whole.Metrics) < 22 || total["offered"] != sum["offered"] || sum["offered"] == 0.0 ||
		total["arrived"] == 0.0 {
		t.Errorf("%d metrics, total %v, queues %v", len(all.Whole.Metrics), total, sum)
	}
}

// TestS45WeeklyIssueTellsOfSatisfaction: how content callers were is in the report of the week.
func TestS45WeeklyIssueTellsOfSatisfaction(t *testing.T) {
	t.Parallel()
	spec := daySpec(t)
	spec.Period = reports.Weekly.PeriodOf(spec.Grid, spec.Period.Start)
	d := &desk{start: spec.Period.Start}
	for day, score := range []int{5, 4, 1} {
		id, at := call.ID(fmt.Sprint(day)), float64(day)*86_400+3_600
		d.queued(id, "complaints", at, false).answered(5, "ann", 60, 10)
		d.write(call.Event{
			Kind: call.Surveyed, At: d.at(at + 70), Call: id, Queue: "complaints", Agent: "ann", Score: score,
		})
	}
	whole, queues := reports.Weekly.IssueSpecs(spec)
	text, figures, err := reports.WriteIssue(compute(t, d.events, whole), compute(t, d.events, queues))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Whole struct{ Surveys []map[string]any }
	}
	if err := json.Unmarshal(figures, &all); err != nil || len(all.Whole.Surveys) != 1 {
		t.Fatalf("%v %s", err, figures)
	}
	if got := all.Whole.Surveys[0]; got["answered"] != 3.0 || got["score_5"] != 1.0 || !strings.Contains(text, "66.67") {
		t.Errorf("satisfaction %v, want three answers and two of three content in\n%s", got, text)
	}
}
