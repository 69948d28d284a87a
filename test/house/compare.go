package house

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/internal/app"
	"hotline/internal/demo"
	"hotline/internal/phonesim"
	"hotline/reports"
)

// tolerance is how far two watches may differ on the same length of time.
const tolerance = 50 * time.Millisecond

// Story is all events of one caller's call, by kind.
type Story struct {
	ID     call.ID
	Kinds  map[call.Kind][]call.Event
	Caller phonesim.Record
	Offers []phonesim.Record // as the agents' phones saw them, in order
	// Outside is how the numbers outside saw it. They are not told the caller's number, so
	// Play.Outside says whose they are.
	Outside []phonesim.Record
}

// One gives the only event of a kind; none or several are a fault.
func (s Story) One(t *testing.T, k call.Kind) call.Event {
	t.Helper()
	if n := len(s.Kinds[k]); n != 1 {
		t.Errorf("call %s of %s: %d events %q, want one", s.ID, s.Caller.Party, n, k)
		return call.Event{}
	}
	return s.Kinds[k][0]
}

// Stories brings the ledger and the phones together by the caller's number.
func Stories(t *testing.T, events []call.Event, records []phonesim.Record) map[string]*Story {
	t.Helper()
	byCall, byNumber := map[call.ID]*Story{}, map[string]*Story{}
	for _, e := range events {
		if e.Call == "" {
			continue
		}
		s := byCall[e.Call]
		if s == nil {
			s = &Story{ID: e.Call, Kinds: map[call.Kind][]call.Event{}}
			byCall[e.Call] = s
		}
		s.Kinds[e.Kind] = append(s.Kinds[e.Kind], e)
		if e.Kind == call.Arrived {
			if byNumber[e.Number] != nil {
				t.Errorf("number %s arrived twice", e.Number)
			}
			byNumber[e.Number] = s
		}
	}
	for _, r := range records {
		if r.Role == phonesim.RoleOutside {
			continue
		}
		n := r.Party
		if r.Role == phonesim.RoleAgent {
			n = r.Peer
			if n == "anonymous" && r.Answered.IsZero() {
				continue // rung for a caller who left at that very moment: Asterisk has no number any more
			}
		}
		s := byNumber[n]
		if s == nil {
			t.Errorf("the ledger has no call of %s", n)
			continue
		}
		if r.Role == phonesim.RoleAgent {
			s.Offers = append(s.Offers, r)
		} else {
			s.Caller = r
		}
	}
	return byNumber
}

// near compares one length of time on two watches.
func near(t *testing.T, s *Story, what string, phone time.Duration, ledger call.Millis) {
	t.Helper()
	if d := (phone - ledger.Duration()).Abs(); d > tolerance {
		t.Errorf("call of %s: %s is %v by the phones and %v by the ledger", s.Caller.Party, what, phone, ledger.Duration())
	}
}

// CompareCall holds one call's events against what its phones witnessed.
func CompareCall(t *testing.T, s *Story) {
	t.Helper()
	c := s.Caller
	ended := s.One(t, call.Ended)
	near(t, s, "the call", c.Ended.Sub(c.Answered), ended.Total)
	compareOffers(t, s)
	answered := s.Kinds[call.Answered]
	if len(answered) == 0 {
		left := s.One(t, call.LeftQueue)
		if left.Outcome != call.Abandoned || ended.Ending.Class != call.ClassAbandoned {
			t.Errorf("call of %s: left as %q and ended as %v, but the caller gave up", c.Party, left.Outcome, ended.Ending)
		}
		near(t, s, "the wait until the caller gave up", c.Ended.Sub(c.Answered), left.Wait)
		return
	}
	if ended.Ending.Class != call.ClassAnswered {
		t.Errorf("call of %s ended as %v, but an agent answered", c.Party, ended.Ending)
	}
	talk := s.One(t, call.TalkEnded)
	agent := s.Offers[len(s.Offers)-1]
	near(t, s, "the wait", agent.Answered.Sub(c.Answered), answered[0].Wait)
	near(t, s, "the talk", agent.Ended.Sub(agent.Answered), talk.Talk)
	if !c.Hears(agent.Tone) || !agent.Hears(c.Tone) {
		t.Errorf("call of %s: caller and %s did not hear each other", c.Party, agent.Party)
	}
	by := call.ByCaller
	if agent.EndedBy == phonesim.SideLocal {
		by = call.ByAgent
	}
	if talk.By != by {
		t.Errorf("call of %s: talk ended by %q, the phones say %q", c.Party, talk.By, by)
	}
}

// compareOffers holds the offers of a call against the phones that rang. An offer that was
// cancelled may not have reached its phone.
func compareOffers(t *testing.T, s *Story) {
	t.Helper()
	outcomes := map[call.OfferID]call.Event{}
	for _, e := range s.Kinds[call.OfferEnded] {
		outcomes[e.Offer] = e
	}
	seen := 0
	for _, o := range s.Kinds[call.Offered] {
		end, failed := outcomes[o.Offer]
		if failed && end.Outcome == call.Canceled && seen >= len(s.Offers) {
			continue
		}
		if seen >= len(s.Offers) {
			t.Errorf("call of %s: offer %s to %s rang no phone", s.Caller.Party, o.Offer, o.Agent)
			return
		}
		r := s.Offers[seen]
		seen++
		if r.Party != string(o.Agent) {
			t.Errorf("call of %s: offer %s is to %s, but %s rang", s.Caller.Party, o.Offer, o.Agent, r.Party)
		}
		withdrawn := failed && end.Outcome == call.Canceled && (crossed(r) || o.Direction == call.Consult && calledOff(r))
		if want := outcomeOf(r, s.Caller); !withdrawn && (failed && end.Outcome != want || failed == (want == "")) {
			t.Errorf("call of %s: offer to %s ended %q, the phone says %q (%+v)", s.Caller.Party, o.Agent, end.Outcome, want, r)
		}
		if failed {
			near(t, s, "the ring", r.Ended.Sub(r.Invite), end.Ring)
		}
	}
	if seen != len(s.Offers) {
		t.Errorf("call of %s: %d phones rang, %d offers are in the ledger", s.Caller.Party, len(s.Offers), seen)
	}
}

// crossed tells whether an agent picked up in the moment in which the ring was taken back.
func crossed(r phonesim.Record) bool {
	return !r.Answered.IsZero() && r.EndedBy == phonesim.SideRemote && r.Ended.Sub(r.Answered) < tolerance &&
		len(r.Heard) == 0
}

// calledOff tells whether a ring was taken back: by the agent who asked, when it was a
// consultation.
func calledOff(r phonesim.Record) bool {
	return r.Result == phonesim.ResultCancelled && r.EndedBy == phonesim.SideRemote
}

// outcomeOf is the phone's own view of an offer; "" when it answered.
func outcomeOf(r, caller phonesim.Record) call.Outcome {
	switch {
	case r.Code == 486:
		return call.Busy
	case r.Code == 603:
		return call.Rejected
	case !r.Answered.IsZero():
		return ""
	case caller.Ended.Before(r.Ended.Add(tolerance)) && caller.EndedBy == phonesim.SideLocal:
		return call.Canceled
	default:
		return call.NoAnswer
	}
}

// inRedis is the part of the figures that the counters in Redis hold.
func inRedis(f reports.Figures) reports.Figures {
	return reports.Figures{
		Offered: f.Offered, Answered: f.Answered, Abandoned: f.Abandoned, Short: f.Short, TimedOut: f.TimedOut,
		LeftEmpty: f.LeftEmpty, Overflowed: f.Overflowed, Callback: f.Callback, ToMessage: f.ToMessage,
		Waiting: f.Waiting, AnsweredInT: f.AnsweredInT, Queued: f.Queued, AnsweredWait: f.AnsweredWait,
		AbandonedWait: f.AbandonedWait, ShortWait: f.ShortWait, MaxWait: f.MaxWait, Talks: f.Talks, Talk: f.Talk,
		Handled: f.Handled, Wrap: f.Wrap,
	}
}

// Report makes the figures of all events by the pure formulas.
func (h *House) Report(events []call.Event) *reports.Report {
	h.T.Helper()
	start := events[0].At.Truncate(24 * time.Hour)
	r, err := reports.Recompute(events, reports.Spec{
		Period: reports.Interval{Start: start, End: start.Add(48 * time.Hour)},
		Grid:   reports.Grid{Step: reports.Quarter, Zone: h.Config.Zone()}, Rules: reports.DefaultRules(),
	})
	if err != nil {
		h.T.Fatal(err)
	}
	return r
}

// CompareFigures holds the counters in Redis against the report, interval by interval, and
// checks that the report adds up and prints.
func (h *House) CompareFigures(events []call.Event) reports.Figures {
	h.T.Helper()
	h.stores()
	r := h.Report(events)
	if err := r.Total.Figures.Check(); err != nil {
		h.T.Error(err)
	}
	if r.Contradictions != 0 {
		h.T.Errorf("%d events contradict earlier ones", r.Contradictions)
	}
	counters, err := h.figures.Figures(h.T.Context(), demo.Queue, r.Spec.Period.Start, r.Spec.Period.End)
	if err != nil {
		h.T.Fatal(err)
	}
	got, want := map[int64]reports.Figures{}, map[int64]reports.Figures{}
	for _, c := range counters {
		got[c.Start.Unix()] = app.FiguresOf(c)
	}
	for _, row := range r.Rows {
		f := inRedis(row.Figures)
		if f != (reports.Figures{}) {
			want[row.Interval.Start.Unix()] = f
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.T.Errorf("Redis against the report (-report +Redis):\n%s", diff)
	}
	sum := redisstore.Counter{}
	for _, c := range counters {
		sum.Add(c)
	}
	if sum.Offered != r.Total.Figures.Offered {
		h.T.Errorf("Redis has %d offered in all, the report %d", sum.Offered, r.Total.Figures.Offered)
	}
	var out bytes.Buffer
	if err := r.Write(&out, reports.View{Format: reports.JSONFormat}); err != nil || !json.Valid(out.Bytes()) {
		h.T.Errorf("the report does not print as JSON: %v", err)
	}
	return r.Total.Figures
}
