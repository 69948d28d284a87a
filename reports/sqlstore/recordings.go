package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hotline/call"
)

// Filter selects recordings. An empty member does not select.
type Filter struct {
	Call  call.ID
	Agent call.AgentID // answered the call, alone or among others
	// Number is the end of the caller's number: lines deliver the same number with and
	// without 0 or +86 before it.
	Number    string
	From, To  time.Time   // first sample in [From, To)
	MinLength call.Millis // at least this long
	MaxLength call.Millis // at most this long
	Messages  bool        // only those with a message
	Limit     int         // the newest so many; 0 for DefaultLimit
}

// DefaultLimit is how many recordings are listed when nothing else is asked for.
const DefaultLimit = 1000

// Recorded is one recording in the index, with what is known of its call. A recording that
// was made while we were away has no number, line, arrival or agents.
type Recorded struct {
	Seq       uint64         `json:"seq"` // of the event that announced it
	Call      call.ID        `json:"call"`
	Number    string         `json:"number"`
	Line      string         `json:"line"`
	Arrived   time.Time      `json:"arrived,omitzero"`
	Agents    []call.AgentID `json:"agents"` // in the order of their answers
	Recording call.Recording `json:"recording"`
	Message   *Message       `json:"message,omitempty"` // that the caller left
}

// Message is a caller's message (答录留言) within the recording of his call.
type Message struct {
	Offset call.Millis  `json:"offset_ms"` // where it begins
	Length call.Millis  `json:"length_ms"`
	Reason call.Reason  `json:"reason"`          // why he left one: closed, queue_full ...
	Queue  call.QueueID `json:"queue,omitempty"` // that he waited in before
}

// found is a row of the query for recordings.
type found struct {
	Seq     uint64 `bun:"seq"`
	Body    string `bun:"body"`
	Arrived string `bun:"arrived"` // body of the Arrived event, "" when there is none
	Agents  string `bun:"agents"`  // JSON array in the order of the answers
	Message string `bun:"message"` // body of the Messaged event, "" when there is none
}

// Recordings lists the recordings that a filter selects, the newest first.
func (s *Store) Recordings(ctx context.Context, f Filter) ([]Recorded, error) {
	if err := f.validate(); err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	var rows []found
	if err := s.query(f).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	list := make([]Recorded, 0, len(rows))
	for _, r := range rows {
		rec, err := r.recorded()
		if err != nil {
			return nil, fmt.Errorf("recordings: %w", err)
		}
		list = append(list, rec)
	}
	return list, nil
}

// validate refuses a filter that can select nothing by mistake.
func (f Filter) validate() error {
	switch {
	case !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From):
		return fmt.Errorf("to %s is not after from %s", f.To.Format(time.RFC3339), f.From.Format(time.RFC3339))
	case f.MinLength < 0 || f.MaxLength < 0:
		return fmt.Errorf("a length is negative: %d ms to %d ms", f.MinLength, f.MaxLength)
	case f.MaxLength > 0 && f.MaxLength < f.MinLength:
		return fmt.Errorf("longest %d ms is below shortest %d ms", f.MaxLength, f.MinLength)
	case f.Limit < 0:
		return fmt.Errorf("limit %d is negative", f.Limit)
	}
	return nil
}

// recorded unpacks a row.
func (r found) recorded() (Recorded, error) {
	e, err := event(r.Seq, []byte(r.Body))
	if err != nil {
		return Recorded{}, err
	}
	rec := Recorded{Seq: r.Seq, Call: e.Call, Agents: []call.AgentID{}, Recording: *e.Recording}
	if r.Arrived != "" {
		a, err := event(r.Seq, []byte(r.Arrived))
		if err != nil {
			return Recorded{}, err
		}
		rec.Number, rec.Line, rec.Arrived = a.Number, a.Line, a.At
	}
	if r.Message != "" {
		m, err := event(r.Seq, []byte(r.Message))
		if err != nil {
			return Recorded{}, err
		}
		rec.Message = &Message{Offset: m.Offset, Length: m.Held, Reason: call.Reason(m.Reason), Queue: m.Queue}
	}
	if err := json.Unmarshal([]byte(r.Agents), &rec.Agents); err != nil {
		return Recorded{}, fmt.Errorf("agents of event %d: %w", r.Seq, err)
	}
	return rec, nil
}

// likeEnd is a LIKE pattern for texts that end with s.
func likeEnd(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}
