package e2e

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

// story is all events of one caller's call, by kind.
type story struct {
	id     call.ID
	kinds  map[call.Kind][]call.Event
	caller phonesim.Record
	offers []phonesim.Record // as the agents' phones saw them, in order
}

func (s story) one(t *testing.T, k call.Kind) call.Event {
	t.Helper()
	if n := len(s.kinds[k]); n != 1 {
		t.Errorf("call %s of %s: %d events %q, want one", s.id, s.caller.Party, n, k)
		return call.Event{}
	}
	return s.kinds[k][0]
}

// stories brings the ledger and the phones together by the caller's number.
func stories(t *testing.T, events []call.Event, records []phonesim.Record) map[string]*story {
	t.Helper()
	byCall, byNumber := map[call.ID]*story{}, map[string]*story{}
	for _, e := range events {
		if e.Call == "" {
			continue
		}
		s := byCall[e.Call]
		if s == nil {
			s = &story{id: e.Call, kinds: map[call.Kind][]call.Event{}}
			byCall[e.Call] = s
		}
		s.kinds[e.Kind] = append(s.kinds[e.Kind], e)
		if e.Kind == call.Arrived {
			if byNumber[e.Number] != nil {
				t.Errorf("number %s arrived twice", e.Number)
			}
			byNumber[e.Number] = s
		}
	}
	for _, r := range records {
		n := r.Party
		if r.Role == phonesim.RoleAgent {
			n = r.Peer
		}
		s := byNumber[n]
		if s == nil {
			t.Errorf("the ledger has no call of %s", n)
			continue
		}
		if r.Role == phonesim.RoleAgent {
			s.offers = append(s.offers, r)
		} else {
			s.caller = r
		}
	}
	return byNumber
}

// near compares one length of time on two watches.
func near(t *testing.T, s *story, what string, phone time.Duration, ledger call.Millis) {
	t.Helper()
	if d := (phone - ledger.Duration()).Abs(); d > tolerance {
		t.Errorf("call of %s: %s is %v by the phones and %v by the ledger", s.caller.Party, what, phone, ledger.Duration())
	}
}

// compareCall holds one call's events against what its phones witnessed.
func compareCall(t *testing.T, s *story) {
	t.Helper()
	c := s.caller
	ended := s.one(t, call.Ended)
	near(t, s, "the call", c.Ended.Sub(c.Answered), ended.Total)
	compareOffers(t, s)
	answered := s.kinds[call.Answered]
	if len(answered) == 0 {
		left := s.one(t, call.LeftQueue)
		if left.Outcome != call.Abandoned || ended.Ending.Class != call.ClassAbandoned {
			t.Errorf("call of %s: left as %q and ended as %v, but the caller gave up", c.Party, left.Outcome, ended.Ending)
		}
		near(t, s, "the wait until the caller gave up", c.Ended.Sub(c.Answered), left.Wait)
		return
	}
	if ended.Ending.Class != call.ClassAnswered {
		t.Errorf("call of %s ended as %v, but an agent answered", c.Party, ended.Ending)
	}
	talk := s.one(t, call.TalkEnded)
	agent := s.offers[len(s.offers)-1]
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
func compareOffers(t *testing.T, s *story) {
	t.Helper()
	outcomes := map[call.OfferID]call.Event{}
	for _, e := range s.kinds[call.OfferEnded] {
		outcomes[e.Offer] = e
	}
	seen := 0
	for _, o := range s.kinds[call.Offered] {
		end, failed := outcomes[o.Offer]
		if failed && end.Outcome == call.Canceled && seen >= len(s.offers) {
			continue
		}
		if seen >= len(s.offers) {
			t.Errorf("call of %s: offer %s to %s rang no phone", s.caller.Party, o.Offer, o.Agent)
			return
		}
		r := s.offers[seen]
		seen++
		if r.Party != string(o.Agent) {
			t.Errorf("call of %s: offer %s is to %s, but %s rang", s.caller.Party, o.Offer, o.Agent, r.Party)
		}
		if want := outcomeOf(r, s.caller); failed && end.Outcome != want || failed == (want == "") {
			t.Errorf("call of %s: offer to %s ended %q, the phone says %q (%+v)", s.caller.Party, o.Agent, end.Outcome, want, r)
		}
		if failed {
			near(t, s, "the ring", r.Ended.Sub(r.Invite), end.Ring)
		}
	}
	if seen != len(s.offers) {
		t.Errorf("call of %s: %d phones rang, %d offers are in the ledger", s.caller.Party, len(s.offers), seen)
	}
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

// report makes the figures of all events by the pure formulas.
func (h *house) report(events []call.Event) *reports.Report {
	h.t.Helper()
	start := events[0].At.Truncate(24 * time.Hour)
	r, err := reports.Recompute(events, reports.Spec{
		Period: reports.Interval{Start: start, End: start.Add(48 * time.Hour)},
		Grid:   reports.Grid{Step: reports.Quarter, Zone: h.Config.Zone()}, Rules: reports.DefaultRules(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// compareFigures holds the counters in Redis against the report, interval by interval, and
// checks that the report adds up and prints.
func (h *house) compareFigures(events []call.Event) reports.Figures {
	h.t.Helper()
	r := h.report(events)
	if err := r.Total.Figures.Check(); err != nil {
		h.t.Error(err)
	}
	if r.Contradictions != 0 {
		h.t.Errorf("%d events contradict earlier ones", r.Contradictions)
	}
	counters, err := h.App.Figures().Figures(h.t.Context(), demo.Queue, r.Spec.Period.Start, r.Spec.Period.End)
	if err != nil {
		h.t.Fatal(err)
	}
	got, want := map[int64]reports.Figures{}, map[int64]reports.Figures{}
	for _, c := range counters {
		got[c.Start.Unix()] = app.FiguresOf(c)
	}
	for _, row := range r.Rows {
		f := row.Figures
		f.AbandonedInT, f.Lost, f.HandledTalk = 0, 0, 0 // not kept in Redis
		if f != (reports.Figures{}) {
			want[row.Interval.Start.Unix()] = f
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("Redis against the report (-report +Redis):\n%s", diff)
	}
	sum := redisstore.Counter{}
	for _, c := range counters {
		sum.Add(c)
	}
	if sum.Offered != r.Total.Figures.Offered {
		h.t.Errorf("Redis has %d offered in all, the report %d", sum.Offered, r.Total.Figures.Offered)
	}
	var out bytes.Buffer
	if err := r.Write(&out, reports.View{Format: reports.JSONFormat}); err != nil || !json.Valid(out.Bytes()) {
		h.t.Errorf("the report does not print as JSON: %v", err)
	}
	return r.Total.Figures
}
