package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/internal/phonesim"
	"hotline/internal/phonesim/media"
	"hotline/internal/phonesim/tone"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is a moment so many milliseconds after start.
func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func agentLeg(party string, invite, ended int) phonesim.Record {
	return phonesim.Record{
		Role: phonesim.RoleAgent, Party: party, Invite: at(invite), Answered: at(invite + 10), Ended: at(ended),
		Result: phonesim.ResultAnswered,
	}
}

// Times are taken phone by phone, whatever the order of the ledger; what ended outside the
// span, or without an answer, begins no time.
func TestIdleTimes(t *testing.T) {
	missed := agentLeg("a2", 5000, 5100)
	missed.Result = phonesim.ResultCancelled
	records := []phonesim.Record{
		agentLeg("a1", 3300, 4000), // the phone is never rung again
		agentLeg("a1", 1000, 2000),
		agentLeg("a2", 2500, 4800), // the next INVITE is the missed one, 200 ms later
		agentLeg("a1", 2007, 3000), // 7 ms after, and 300 ms before the next
		missed,
		agentLeg("a2", 5200, 8000),
		agentLeg("a2", 7900, 9500), // rung while it talked
		agentLeg("a2", 9900, 9950), // ends after the span
		{Role: phonesim.RoleCaller, Party: "a1", Invite: at(2001), Ended: at(2002), Result: phonesim.ResultAnswered},
	}
	times, doubles, stuck := idleTimes(records, span{at(0), at(9600)})
	slices.Sort(times)
	want := []time.Duration{7 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 400 * time.Millisecond}
	if !slices.Equal(times, want) || !slices.Equal(doubles, []time.Duration{100 * time.Millisecond}) || stuck != 1 {
		t.Errorf("%v, doubles %v, %d stuck; want %v, 100ms, 1", times, doubles, stuck, want)
	}
	if times, _, _ = idleTimes(records, span{at(1500), at(2500)}); len(times) != 1 || times[0] != 7*time.Millisecond {
		t.Errorf("in a part of the time: %v, want 7ms alone", times)
	}
}

// A connection is the pair that heard each other's code; its times begin with the 200.
func TestConnections(t *testing.T) {
	caller := func(code, hears, ms, number int) phonesim.Record {
		return phonesim.Record{Role: phonesim.RoleCaller, Tone: code, Heard: []tone.Span{
			{Tone: 777, First: at(1)}, {Tone: hears, First: at(ms), Number: number},
		}}
	}
	agent := func(code, answered, hears, ms int) phonesim.Record {
		return phonesim.Record{
			Role: phonesim.RoleAgent, Tone: code, Answered: at(answered), Heard: []tone.Span{{Tone: hears, First: at(ms)}},
		}
	}
	records := []phonesim.Record{
		caller(1, 101, 1030, 1), agent(101, 1000, 1, 1010),
		caller(2, 102, 2005, 0), agent(102, 2000, 2, 2040),
		agent(103, 3000, 3, 3010),                          // heard somebody who is not there
		caller(4, 999, 4005, 0), agent(104, 4000, 4, 4010), // is not heard
		caller(5, 105, 9005, -1), agent(105, 9000, 5, 9005), // after the span
	}
	got, deaf := connections(records, span{at(0), at(5000)})
	want := []connection{
		{caller: 30 * time.Millisecond, agent: 10 * time.Millisecond, lost: 1},
		{caller: 5 * time.Millisecond, agent: 40 * time.Millisecond, lost: 0},
	}
	if !slices.Equal(got, want) || deaf != 2 {
		t.Errorf("%+v, %d deaf; want %+v, 2", got, deaf, want)
	}
	if got[0].both() != 30*time.Millisecond || got[1].both() != 40*time.Millisecond {
		t.Errorf("both hear after %v and %v, want 30ms and 40ms", got[0].both(), got[1].both())
	}
}

func TestClipping(t *testing.T) {
	all := []connection{{lost: 0}, {lost: 1}, {lost: 2}, {lost: 3}, {lost: 5}, {lost: -1}, {lost: 0}}
	c := clippingOf(all)
	if c.Calls != 7 || c.Frames[0] != 2 || c.Words != 2 || c.Most != 5 || c.Unknown != 1 {
		t.Errorf("%+v", c)
	}
	want := "0 in 2 calls, 1 in 1 calls, 2 in 1 calls, 3 in 1 calls, 5 in 1 calls, unknown in 1 calls; " +
		"clipped words (more than 2 frames): 2"
	if c.String() != want {
		t.Errorf("%q, want %q", c, want)
	}
}

// Of every percentile: it is a measured value, and as many are not above it as it says.
func TestSpreadNamesMeasuredValues(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ms := rapid.SliceOfN(rapid.IntRange(0, 5000), 1, 300).Draw(r, "ms")
		times := make([]time.Duration, len(ms))
		for i, m := range ms {
			times[i] = time.Duration(m) * time.Millisecond
		}
		s := spreadOf(times)
		for share, value := range map[float64]float64{0.5: s.P50, 0.95: s.P95, 0.99: s.P99, 1: s.Max} {
			notAbove, below := 0, 0
			for _, m := range ms {
				if float64(m) <= value {
					notAbove++
				}
				if float64(m) < value {
					below++
				}
			}
			need := share * float64(len(ms))
			if !slices.Contains(ms, int(value)) || float64(notAbove) < need || float64(below) >= need {
				r.Errorf("%.2f of %v is %v", share, ms, value)
			}
		}
	})
	if s := spreadOf(nil); s != (spread{}) {
		t.Errorf("of nothing: %+v", s)
	}
}

// A turn tells its costs apart and says what makes it worthless.
func TestConditions(t *testing.T) {
	a := reading{
		at: at(0), cpu: map[string]time.Duration{"asterisk": time.Second, "redis": time.Second}, self: time.Second,
		busy: 10 * time.Second, overrun: 5, sip: phonesim.Signalling{Received: 10, Repeated: 3},
		media: media.Stats{PaceStats: media.PaceStats{Ticks: 1000, LateTicks: 50, SkippedFrames: 2}},
	}
	b := reading{
		at: at(10_000), cpu: map[string]time.Duration{"asterisk": 3 * time.Second, "redis": 1500 * time.Millisecond},
		self: 2 * time.Second, busy: 14 * time.Second, overrun: 5, sip: phonesim.Signalling{Received: 30, Repeated: 3},
		media: media.Stats{PaceStats: media.PaceStats{Ticks: 3000, LateTicks: 52, SkippedFrames: 2}},
	}
	c := between(a, b, stallMax)
	if c.CPU["asterisk"] != 2 || c.CPU["redis"] != 0.5 || c.Generator != 0.1 || c.Others != 0.05 || c.LateTicks != 0.001 {
		t.Errorf("%+v", c)
	}
	if len(c.Invalid)+len(c.Disturbed) > 0 {
		t.Errorf("a good turn is called %v %v", c.Invalid, c.Disturbed)
	}
	b.self, b.busy, b.overrun, b.sip.Repeated = 9*time.Second, 29*time.Second, 6, 4
	b.media.LateTicks, b.media.SkippedFrames = 61, 3
	if c = between(a, b, 2*stallMax); len(c.Invalid) != 5 || len(c.Disturbed) != 2 {
		t.Errorf("a bad turn is called %v %v, want five faults and two disturbances", c.Invalid, c.Disturbed)
	}
}

// The report is the same on paper and in JSON, and an invalid run is called so.
func TestReportIsPrintedAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	t.Setenv(outEnv, dir)
	seen := map[side]*figures{
		theirs: {idle: []time.Duration{500 * time.Millisecond}},
		ours:   {idle: []time.Duration{5 * time.Millisecond}},
	}
	r := &report{Name: "x", Title: "idle", Valid: true, Quiet: true, Tables: []*table{idleTable(seen)}}
	if text := r.text(); !strings.Contains(text, "ratio") || !strings.Contains(text, "100.00") ||
		!strings.Contains(text, "valid, on a quiet machine") {
		t.Errorf("printed:\n%s", text)
	}
	r.Valid = false
	if text := r.text(); !strings.Contains(text, "INVALID") {
		t.Errorf("printed:\n%s", text)
	}
	r.publish(t)
	raw, err := os.ReadFile(filepath.Join(dir, "x.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept report
	if err := json.Unmarshal(raw, &kept); err != nil || kept.Tables[0].Rows[0].Values[0] != 500 || kept.Valid {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// The costs of several turns are those of all their calls.
func TestCostOfOneCall(t *testing.T) {
	turns := []turn{
		{Side: ours, Calls: 100, Conditions: conditions{CPU: map[string]float64{"asterisk": 1, "hotline": 0.5}}},
		{Side: theirs, Calls: 50, Conditions: conditions{CPU: map[string]float64{"asterisk": 1}}},
		{Side: ours, Calls: 300, Conditions: conditions{CPU: map[string]float64{"asterisk": 3, "redis": 0.1}}},
	}
	calls, values := perCall(of(turns, ours))
	if want := []float64{10, 1.25, 0.25, 11.5}; calls != 400 || !slices.Equal(values, want) {
		t.Errorf("%d calls at %v, want 400 at %v", calls, values, want)
	}
}
