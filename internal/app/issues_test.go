package app

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// newIssuer is one whose clock stands, with what it logs and alarms.
func newIssuer(t *testing.T, ledger *sqlstore.Store, now time.Time) (n *issuer, log *bytes.Buffer, alarms *[]error) {
	t.Helper()
	cfg := configs.Default()
	cfg.Site.TimeZone = "Asia/Shanghai"
	log, alarms = &bytes.Buffer{}, &[]error{}
	return &issuer{
		nights: nights{zone: cfg.Zone(), now: func() time.Time { return now }}, cfg: cfg, ledger: ledger,
		alarm: func(err error) { *alarms = append(*alarms, err) }, log: slog.New(slog.NewTextHandler(log, nil)),
	}, log, alarms
}

// TestS44ReportsOfWhatIsOverAreIssued: each morning there is the report of the day, on Mondays
// that of the week and on the first that of the month; what was missed is made up for, what
// there is stays as it is, and nothing is issued of the time before the hotline.
func TestS44ReportsOfWhatIsOverAreIssued(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(2026, 3, 28, 9, 0, 0, 0, zone) // a Saturday
	ledger := ledgerOf(t, first, first.AddDate(0, 0, 1))
	morning := time.Date(2026, 4, 1, 5, 0, 0, 0, zone)
	n, log, alarms := newIssuer(t, ledger, morning)
	for range 2 {
		if err := n.issue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ledger.Issues(t.Context(), "", first.AddDate(-1, 0, 0), morning)
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	var names []string
	for _, i := range got {
		names = append(names, string(i.Series)+" "+i.Period.Start.In(zone).Format(time.DateOnly))
		if i.Version != 1 || i.Author != issuesBy || !i.Made.Equal(morning) {
			t.Errorf("issue %+v", i)
		}
		if !i.OnTime(reports.Grid{Zone: zone}) {
			late++
		}
	}
	const want = "daily 2026-03-31,daily 2026-03-30,daily 2026-03-29,daily 2026-03-28,weekly 2026-03-23,monthly 2026-03-01"
	if strings.Join(names, ",") != want || late != 4 { // three days and the week that were made up for
		t.Errorf("issued %s, %d late, want %s", names, late, want)
	}
	day, err := ledger.Issue(t.Context(), reports.Daily, time.Date(2026, 3, 28, 0, 0, 0, 0, zone), 0)
	if err != nil || !strings.Contains(day.Text, "complaints") || !strings.Contains(string(day.Figures), `"offered":1`) {
		t.Errorf("%v %s %s", err, day.Text, day.Figures)
	}
	if len(*alarms) != 2 || (*alarms)[0] != nil || strings.Count(log.String(), "report issued") != 6 {
		t.Errorf("alarms %v\n%s", *alarms, log)
	}
}

// TestS46CorrectionIsAVersion: what came late is in a further version, by who asked for it.
func TestS46CorrectionIsAVersion(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 28, 9, 0, 0, 0, zone)
	ledger := ledgerOf(t, at)
	morning := at.AddDate(0, 0, 1)
	n, _, _ := newIssuer(t, ledger, morning)
	if err := n.issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	order := reports.Issue{
		Series: reports.Daily, Period: reports.Interval{Start: at}, Author: "wang", Made: morning.Add(time.Hour),
	}
	same, err := MakeIssue(t.Context(), n.cfg, ledger, order)
	if err != nil || same.Version != 1 || same.Author != issuesBy {
		t.Errorf("nothing new: %v, version %d by %s", err, same.Version, same.Author)
	}
	if _, err := ledger.Append(t.Context(), []call.Event{
		{Kind: call.Arrived, At: at, Call: "late", Line: "95001"},
		{Kind: call.Queued, At: at, Call: "late", Queue: "complaints", Entered: at},
	}); err != nil {
		t.Fatal(err)
	}
	corrected, err := MakeIssue(t.Context(), n.cfg, ledger, order)
	if err != nil || corrected.Version != 2 || corrected.Author != "wang" ||
		!strings.Contains(string(corrected.Figures), `"offered":2`) {
		t.Errorf("a correction: %v, version %d by %s", err, corrected.Version, corrected.Author)
	}
	order.Period.Start = morning
	if _, err := MakeIssue(t.Context(), n.cfg, ledger, order); !errors.Is(err, reports.ErrInvalid) {
		t.Errorf("a day that is not over: error %v", err)
	}
}

// TestS46IssueThatCannotBeMadeIsAlarmed: somebody must know before it is late.
func TestS46IssueThatCannotBeMadeIsAlarmed(t *testing.T) {
	ledger, err := sqlstore.Open(t.Context(), t.TempDir()+"/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	n, log, alarms := newIssuer(t, ledger, time.Date(2026, 3, 28, 5, 0, 0, 0, time.UTC))
	if err := n.issue(t.Context()); err != nil {
		t.Errorf("an empty ledger: %v", err)
	}
	if err := ledger.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.issue(t.Context()); err == nil || len(*alarms) != 2 || (*alarms)[1] == nil ||
		!strings.Contains(log.String(), "ALARM") {
		t.Errorf("%v, alarms %v\n%s", err, *alarms, log)
	}
}

// TestNothingIsIssuedOfWhatIsForgotten: a week of which days are no longer kept would be told
// of with too few calls.
func TestNothingIsIssuedOfWhatIsForgotten(t *testing.T) {
	first := time.Date(2026, 3, 23, 9, 0, 0, 0, time.UTC) // a Monday
	ledger := ledgerOf(t, first, first.AddDate(0, 0, 1), first.AddDate(0, 0, 2))
	n, _, _ := newIssuer(t, ledger, first.AddDate(0, 0, 7))
	old, err := ledger.Old(t.Context(), time.Date(2026, 3, 24, 0, 0, 0, 0, n.zone))
	if err != nil || old.UpTo == 0 {
		t.Fatalf("%+v, %v", old, err)
	}
	if err := ledger.Forget(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if err := n.issue(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := ledger.Issues(t.Context(), "", first.AddDate(-1, 0, 0), first.AddDate(1, 0, 0))
	// A call that was cut may reach into the 24th.
	if err != nil || len(got) != 5 || got[4].Series != reports.Daily || got[4].Period.Start.In(n.zone).Day() != 25 {
		t.Errorf("%v, issues %+v, want those of the days from the 25th on", err, got)
	}
}
