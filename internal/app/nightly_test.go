package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/configs"
	"hotline/internal/testbed"
	"hotline/reports"
	"hotline/reports/sqlstore"
)

// night is a nightly check with a clock in the hands of the test.
type night struct {
	*nightly
	clock   chan time.Time     // what now answers, the last value again and again
	waits   chan time.Duration // what after was asked for
	elapsed chan time.Time
	alarms  chan error
	log     bytes.Buffer
}

func newNight(t *testing.T, begin time.Time) *night {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	n := &night{
		clock: make(chan time.Time, 1), waits: make(chan time.Duration), elapsed: make(chan time.Time),
		alarms: make(chan error, 16),
	}
	n.clock <- begin
	n.nightly = &nightly{
		nights: nights{zone: zone, at: 3*time.Hour + 30*time.Minute, now: n.read, after: n.wait},
		grid:   reports.Grid{Zone: zone}, days: 3,
		alarm: func(cause error) { n.alarms <- cause },
		log:   slog.New(slog.NewTextHandler(&n.log, nil)),
	}
	return n
}

// read is the time of the test.
func (n *night) read() time.Time {
	at := <-n.clock
	n.clock <- at
	return at
}

// wait tells the test of a wait.
func (n *night) wait(d time.Duration) <-chan time.Time {
	n.waits <- d
	return n.elapsed
}

// pass lets the wait that the check is in end at a time.
func (n *night) pass(at time.Time) {
	<-n.clock
	n.clock <- at
	n.elapsed <- at
}

// start runs the check until the end of the test.
func (n *night) start(t *testing.T) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Errorf("the check ended with %v", err)
		}
	})
}

// TestNightlyRepairsABrokenCounter breaks one counter of a real Redis by hand, of a day that
// is over. At the time of day the check finds it, raises the alarm and rebuilds; the ledger
// and the counters are equal afterwards.
func TestNightlyRepairsABrokenCounter(t *testing.T) {
	server := testbed.RunRedis(t, testbed.RedisOptions{})
	now := time.Now()
	n := newNight(t, now)
	today := n.grid.DayOf(now).Start
	yesterday := today.AddDate(0, 0, -1)
	ledger := ledgerOf(t, yesterday.Add(9*time.Hour), today.Add(time.Minute))

	cfg := configs.Default()
	cfg.Redis.Addr = server.Addr
	figures, err := OpenFigures(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := figures.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := figures.Rebuild(t.Context(), ledger); err != nil {
		t.Fatal(err)
	}
	rebuilds := 0
	n.verify = func(ctx context.Context, span redisstore.Span) (redisstore.Verdict, error) {
		return figures.Verify(ctx, ledger, span)
	}
	n.rebuild = func(ctx context.Context) error {
		rebuilds++
		_, err := figures.Rebuild(ctx, ledger)
		return err
	}
	n.start(t)

	<-n.waits
	first := n.next(now)
	n.pass(first)
	<-n.waits // the whole check is over when the next night is waited for
	if cause := <-n.alarms; cause != nil || rebuilds != 0 {
		t.Fatalf("a night without a fault: alarm %v, %d rebuilds\n%s", cause, rebuilds, &n.log)
	}

	key := "{hotline}:queue-day:complaints:" + yesterday.Format(time.DateOnly)
	if _, err := server.Say(t.Context(), "HINCRBY", key, "answered", "41"); err != nil {
		t.Fatal(err)
	}
	n.pass(n.next(first))
	<-n.waits
	if cause := <-n.alarms; cause == nil || !strings.Contains(cause.Error(), "1 figures") {
		t.Errorf("the alarm says %v", cause)
	}
	if cause := <-n.alarms; cause != nil || rebuilds != 1 {
		t.Errorf("after the repair: alarm %v, %d rebuilds", cause, rebuilds)
	}
	if text := n.log.String(); !strings.Contains(text, "ALARM") || !strings.Contains(text, key) {
		t.Errorf("the log does not name the counter:\n%s", text)
	}
	row, err := figures.Today(t.Context(), yesterday, "complaints")
	if err != nil || row[0].Answered != 1 {
		t.Errorf("answered yesterday: %+v, %v; want 1", row, err)
	}
}

// TestNightlyTriesAgain: while Redis or the ledger is away nothing is alarmed, and the check
// comes back to it.
func TestNightlyTriesAgain(t *testing.T) {
	begin := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	n := newNight(t, begin)
	away := errors.New("redis is away")
	answers := []error{away, away, nil}
	var spans []redisstore.Span
	n.verify = func(_ context.Context, span redisstore.Span) (redisstore.Verdict, error) {
		err := answers[0]
		answers = answers[1:]
		spans = append(spans, span)
		return redisstore.Verdict{Counters: 1}, err
	}
	n.start(t)
	if d := <-n.waits; d != lookAtClock {
		t.Errorf("waits for %s without a look at the clock, want %s", d, lookAtClock)
	}
	due := n.next(begin)
	if want := time.Date(2026, 3, 2, 19, 30, 0, 0, time.UTC); !due.Equal(want) {
		t.Fatalf("next is %s, want %s", due, want)
	}
	n.pass(due)
	for range 2 {
		if d := <-n.waits; d != nightlyAgain {
			t.Errorf("tries again after %s, want %s", d, nightlyAgain)
		}
		n.pass(due)
	}
	<-n.waits
	if len(answers) != 0 || len(n.alarms) != 1 || <-n.alarms != nil {
		t.Errorf("%d attempts left, %d alarms", len(answers), len(n.alarms))
	}
	want := redisstore.Span{
		From: time.Date(2026, 2, 27, 16, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC),
	}
	if got := spans[0]; !got.From.Equal(want.From) || !got.To.Equal(want.To) {
		t.Errorf("compared %v, want three finished days %v", got, want)
	}
}

// ledgerOf is a ledger with an answered call at each of the times.
func ledgerOf(t *testing.T, times ...time.Time) *sqlstore.Store {
	t.Helper()
	ledger, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, at := range times {
		ev := call.Event{
			Call: call.ID(fmt.Sprintf("c-%d", i)), At: at, Line: "95001", Queue: "complaints", Agent: "wang",
			Entered: at, Answer: at,
		}
		for _, kind := range []call.Kind{call.Arrived, call.Queued, call.Offered, call.Answered, call.TalkEnded} {
			ev.Kind = kind
			if _, err := ledger.Append(t.Context(), []call.Event{ev}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return ledger
}
