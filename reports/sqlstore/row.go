package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
)

// row is one event in the table events.
type row struct {
	bun.BaseModel `bun:"table:events,alias:e"`

	Seq       uint64 `bun:"seq,pk"`
	AtMs      int64  `bun:"at_ms"`
	Kind      string `bun:"kind"`
	Call      string `bun:"call"`
	Queue     string `bun:"queue"`
	Agent     string `bun:"agent"`
	Number    string `bun:"number"`
	EnteredMs int64  `bun:"entered_ms,nullzero"`
	AnswerMs  int64  `bun:"answer_ms,nullzero"`
	Body      string `bun:"body"`
}

// recordingRow is one recording in the table recordings.
type recordingRow struct {
	bun.BaseModel `bun:"table:recordings,alias:r"`

	Seq      uint64 `bun:"seq,pk"`
	Call     string `bun:"call"`
	Path     string `bun:"path"`
	SHA256   string `bun:"sha256"`
	BeginMs  int64  `bun:"begin_ms"`
	LengthMs int64  `bun:"length_ms"`
}

// rowOf packs a numbered event.
func rowOf(e call.Event) (row, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return row{}, fmt.Errorf("%w: %s of call %q: %w", ErrInvalid, e.Kind, e.Call, err)
	}
	return row{
		Seq:       e.Seq,
		AtMs:      e.At.UnixMilli(),
		Kind:      string(e.Kind),
		Call:      string(e.Call),
		Queue:     string(e.Queue),
		Agent:     string(e.Agent),
		Number:    e.Number,
		EnteredMs: millis(e.Entered),
		AnswerMs:  millis(e.Answer),
		Body:      string(body),
	}, nil
}

// event unpacks the body of event number seq.
func event(seq uint64, body []byte) (call.Event, error) {
	var e call.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return call.Event{}, fmt.Errorf("event %d in the ledger: %w", seq, err)
	}
	e.Seq = seq
	return e, nil
}

// millis is t as stored, 0 (NULL in the table) for no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// normal brings an event to the form it has after a round trip through the ledger: times
// in whole milliseconds UTC, texts in valid UTF-8 without NUL, no number yet. The caller's number comes
// from outside and may be any bytes.
func normal(e call.Event) call.Event {
	e.Seq = 0
	stamp(&e.At)
	stamp(&e.Entered)
	stamp(&e.Answer)
	stamp(&e.Place)
	clean(&e.Call)
	clean(&e.Of)
	clean(&e.Number)
	clean(&e.Line)
	clean(&e.Grade)
	clean(&e.Queue)
	clean(&e.Agent)
	clean(&e.Offer)
	clean(&e.Leg)
	clean(&e.Reason)
	if e.Recording != nil {
		r := *e.Recording
		stamp(&r.Begin)
		clean(&r.Path)
		clean(&r.SHA256)
		e.Recording = &r
	}
	return e
}

// stamp brings a time to the precision of the ledger and leaves the zero time.
func stamp(t *time.Time) {
	if !t.IsZero() {
		*t = call.Stamp(*t)
	}
}

// clean replaces what is not UTF-8, and the NUL that SQL text cannot hold.
func clean[T ~string](s *T) {
	*s = T(strings.ReplaceAll(strings.ToValidUTF8(string(*s), "\uFFFD"), "\x00", "\uFFFD"))
}
