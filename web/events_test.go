package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hotline/call"
)

// stream is an open stream of events.
type stream struct {
	t    *testing.T
	conn *websocket.Conn
}

// listen opens a stream; header is "Name: value" lines.
func (s *served) listen(query string, header ...string) *stream {
	s.t.Helper()
	h := http.Header{}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, s.base+"/api/v1/events"+query, &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		s.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	return &stream{s.t, conn}
}

// next is the next message, or the code with which the stream was closed.
func (k *stream) next() (EventMessage, websocket.StatusCode) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 20*time.Second)
	defer cancel()
	_, raw, err := k.conn.Read(ctx)
	if err != nil {
		if ctx.Err() != nil {
			k.t.Fatal("nothing came")
		}
		return EventMessage{}, websocket.CloseStatus(err)
	}
	var m EventMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		k.t.Fatal(err)
	}
	return m, 0
}

// until reads up to a message of a type and returns the numbers of the events before it.
func (k *stream) until(kind string) (seqs []uint64, m EventMessage) {
	k.t.Helper()
	for {
		var code websocket.StatusCode
		m, code = k.next()
		switch {
		case code != 0:
			k.t.Fatalf("closed with %d after %d events", code, len(seqs))
		case m.Type == kind:
			return seqs, m
		case m.Type == "event":
			seqs = append(seqs, m.Seq)
		}
	}
}

func numbers(from, to uint64) []uint64 {
	var out []uint64
	for n := from; n <= to; n++ {
		out = append(out, n)
	}
	return out
}

// TestStreamGoesOnWithoutLossOrDouble: a reader who comes again with the last number that he
// has gets each event once, whether it is held or only in the ledger, and whatever is stored
// meanwhile.
func TestStreamGoesOnWithoutLossOrDouble(t *testing.T) {
	s, l := withLedger(t)
	for i := range 1500 {
		l.add(oneCall(call.ID(fmt.Sprint("x", i)), "a1")[:3]...)
	}
	stored := uint64(len(l.events))
	k := s.listen("?after=5", signed)
	got, level := k.until("level")
	if !slices.Equal(got, numbers(6, stored)) || level.Seq != stored {
		t.Fatalf("%d events up to %d, want 6 to %d", len(got), level.Seq, stored)
	}
	for range 100 {
		l.add(oneCall("y", "a1")[:1]...)
	}
	var live []uint64
	for len(live) < 60 {
		m, code := k.next()
		if code != 0 {
			t.Fatalf("closed with %d", code)
		}
		live = append(live, m.Seq)
	}
	if err := k.conn.CloseNow(); err != nil {
		t.Fatal(err)
	}
	l.add(oneCall("z", "a1")...)
	k = s.listen(fmt.Sprintf("?after=%d", live[59]), signed)
	again, _ := k.until("level")
	if all := slices.Concat(live, again); !slices.Equal(all, numbers(stored+1, stored+109)) {
		t.Errorf("events %v, want %d to %d", all, stored+1, stored+109)
	}
	// Without a number only what is new comes.
	k = s.listen("", signed)
	if before, _ := k.until("level"); len(before) > 0 {
		t.Errorf("old events %v", before)
	}
	l.add(call.Event{Kind: call.StreamGap, Reason: "test"})
	if m, code := k.next(); code != 0 || m.Event == nil || m.Event.Kind != call.StreamGap || m.Seq != stored+110 {
		t.Errorf("%+v %d", m, code)
	}
	// What nobody has told of yet is stored, too.
	l.quietly(call.Event{Kind: call.StreamGap})
	k = s.listen(fmt.Sprintf("?after=%d", stored+110), signed)
	if late, _ := k.until("level"); !slices.Equal(late, numbers(stored+111, stored+111)) {
		t.Errorf("level after %v", late)
	}
}

// TestTailIsWholeOrSaysSo: a reader is never given events with a gap before them.
func TestTailIsWholeOrSaysSo(t *testing.T) {
	tail := newTail(nil, nil, 10, nil)
	tail.held, tail.last, tail.ready = []call.Event{{Seq: 5}, {Seq: 6}}, 6, true
	for seq, want := range map[uint64]struct {
		whole bool
		first uint64
	}{2: {}, 3: {}, 4: {true, 5}, 5: {true, 6}, 6: {true, 0}, 7: {true, 0}} {
		events, _, whole := tail.after(seq)
		first := uint64(0)
		if len(events) > 0 {
			first = events[0].Seq
		}
		if whole != want.whole || first != want.first {
			t.Errorf("after %d: whole %t from %d, want %+v", seq, whole, first, want)
		}
	}
}

// TestStreamTellsOwnCallsAlone: an agent is sent what concerns him, from the moment his phone
// is rung, and no number; in his team a senior sees more, a supervisor sees all.
func TestStreamTellsOwnCallsAlone(t *testing.T) {
	s, l := withLedger(t)
	l.add(call.Event{Kind: call.AgentChanged, Agent: "a1002"}, call.Event{Kind: call.AgentChanged, Agent: "b1"})
	l.add(call.Event{Kind: call.StreamGap})
	// c1 is of a1001 (events 1 to 9, rung with 3), c2 of b1 (10 to 18, rung with 12).
	for who, want := range map[string][]uint64{
		"ja a1001": numbers(3, 9),
		"sa a1002": append(numbers(3, 9), 19),
		"ja b1":    append(numbers(12, 18), 20),
		"ja":       nil,
		"su":       numbers(1, 21),
	} {
		role, agent, _ := strings.Cut(who, " ")
		k := s.listen("?after=0", "X-Role: "+role, "X-Agent: "+agent)
		if got, _ := k.until("level"); !slices.Equal(got, want) {
			t.Errorf("%s was sent %v, want %v", who, got, want)
		}
	}
	// The same holds for what happens now, for a call that began before as well.
	k := s.listen("", "X-Role: ja", "X-Agent: b1")
	k.until("level")
	l.add(oneCall("d1", "a1001")...)
	l.add(call.Event{Kind: call.Messaged, Call: "c2", Number: "13800000001"})
	m, code := k.next()
	if code != 0 || m.Event.Call != "c2" || m.Event.Number != "138******01" {
		t.Errorf("%+v %d", m, code)
	}
}

// TestSlowReaderIsCut: who does not read is cut with a code that says so, costs no memory
// beyond what is held, and disturbs nobody.
func TestSlowReaderIsCut(t *testing.T) {
	s, l := withLedger(t)
	s.server.tuned.slack, s.server.tuned.write = 0, 20*time.Second
	s.server.tail.size = 10
	slow, quick := s.listen("", signed), s.listen("", signed)
	slow.until("level")
	quick.until("level")
	long := strings.Repeat("x", 60_000)
	for i := range 400 { // far more than the system keeps for him
		l.add(call.Event{Kind: call.StreamGap, Reason: long})
		if m, code := quick.next(); code != 0 || m.Seq != 19+uint64(i) {
			t.Fatalf("the quick reader got %d %d", m.Seq, code)
		}
	}
	last := uint64(0)
	for {
		m, code := slow.next()
		if code != 0 {
			if code != CloseSlow {
				t.Errorf("closed with %d", code)
			}
			break
		}
		if last = m.Seq; last == 418 {
			t.Fatal("the slow reader got everything: he was never behind")
		}
	}
	if n := len(s.server.tail.held); n > 10 {
		t.Errorf("%d events are held", n)
	}
	// He goes on where he was.
	again := s.listen(fmt.Sprintf("?after=%d", last), signed)
	if got, _ := again.until("level"); !slices.Equal(got, numbers(last+1, 418)) {
		t.Errorf("%d events after %d", len(got), last)
	}
}

// TestStreamEndsWithTheSession: a reader whose session has ended hears no more.
func TestStreamEndsWithTheSession(t *testing.T) {
	l, gate := &ledger{}, &closing{}
	s := serveWith(t, &desk{}, Options{Token: token, Gate: gate, History: l, Feed: l})
	s.server.tuned.ping = 10 * time.Millisecond
	k := s.listen("", "X-Role: su")
	k.until("at")
	if gate.active.Load() != 1 {
		t.Errorf("%d looks keep the session alive", gate.active.Load())
	}
	gate.shut.Store(true)
	for {
		m, code := k.next()
		if code == CloseSignedOut {
			return
		}
		if code != 0 || m.Type == "event" {
			t.Fatalf("%+v %d", m, code)
		}
	}
}

// TestStreamRefusals: handshakes that are none are problems, pages of other sites get nothing.
func TestStreamRefusals(t *testing.T) {
	s, _ := withLedger(t)
	for _, c := range []struct {
		query  string
		status int
		field  string
	}{
		{"", 426, ""},
		{"?after=x", 422, "after"},
		{"?after=-1", 422, "after"},
		{"?after=99", 422, "after"},
		{"?live=maybe", 422, "live"},
		{"?since=1", 422, "since"},
	} {
		if r := s.do("GET", "/api/v1/events"+c.query, "", signed); r.StatusCode != c.status || r.problem.Field != c.field ||
			r.problem.Status != c.status {
			t.Errorf("%s: %d %s", c.query, r.StatusCode, r.text)
		}
	}
	_, resp, err := websocket.Dial(t.Context(), s.base+"/api/v1/events", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}, "Origin": {"https://evil.example"}},
	})
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page: %v %v", resp, err)
	}
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	s.server.tuned.perUser = 1
	k := s.listen("", signed)
	k.until("level")
	if r := s.do("GET", "/api/v1/events", "", signed); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a second stream: %d", r.StatusCode)
	}
}

// TestStreamOfTheLiveState: on demand, and with what the reader may see.
func TestStreamOfTheLiveState(t *testing.T) {
	l := &ledger{}
	d := &desk{live: Live{Site: "here", Agents: []LiveAgent{{ID: "a1"}, {ID: "b1"}}}}
	s := serveWith(t, d, Options{Token: token, Gate: door{}, History: l, Feed: l})
	s.server.tuned.live = 10 * time.Millisecond
	k := s.listen("?live=true", "X-Role: ja", "X-Agent: a1")
	_, m := k.until("live")
	if m.Live == nil || m.Live.Site != "here" || len(m.Live.Agents) != 1 || m.Live.Agents[0].ID != "a1" {
		t.Errorf("%+v", m.Live)
	}
}
