package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
)

// ReasonRecordedAgain is the reason of the RecordingFault that takes the place of a second
// Recorded for the same file with other content.
const ReasonRecordedAgain = "recorded again with other content"

// Append writes events in their order as one transaction: all of them or none. Each gets
// the next number; the events as stored are returned, and they are on the disk when Append
// returns. Numbers given by the caller are ignored.
//
// A Recorded of a call and path that the ledger already holds is left out, because the
// sweep after a crash may announce a file that was announced before. When its SHA-256
// differs, the file has changed under its name: then a RecordingFault is stored instead,
// so that the first hash stands and the change is not silent.
//
// The error wraps ErrInvalid when an event breaks a rule; any other error may go away.
func (s *Store) Append(ctx context.Context, events []call.Event) ([]call.Event, error) {
	if err := s.writable(events); err != nil || len(events) == 0 {
		return nil, err
	}
	var stored []call.Event
	err := s.write.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		err := s.flavor.enter(ctx, tx)
		if err == nil {
			stored, err = appendTo(ctx, tx, events)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	return stored, nil
}

// writable refuses events that cannot be appended.
func (s *Store) writable(events []call.Event) error {
	if s.write == nil {
		return errors.New("append: the ledger was opened for reading only")
	}
	for _, e := range events {
		if err := Valid(e); err != nil {
			return fmt.Errorf("append: %w", err)
		}
	}
	return nil
}

// appendTo numbers and inserts events within a transaction that holds the write lock.
func appendTo(ctx context.Context, tx bun.Tx, events []call.Event) ([]call.Event, error) {
	last, err := lastSeq(ctx, tx)
	if err != nil {
		return nil, err
	}
	given := events
	events = make([]call.Event, len(given))
	for i, e := range given {
		events[i] = normal(e)
	}
	before, err := stories(ctx, tx, callsOf(events))
	if err != nil {
		return nil, err
	}
	b := batch{known: map[file]string{}}
	for _, e := range events {
		if e.Kind == call.Recorded {
			again, err := b.announced(ctx, tx, e)
			if err != nil {
				return nil, err
			}
			if again == e.Recording.SHA256 {
				continue
			}
			if again != "" {
				e.Kind, e.Reason = call.RecordingFault, ReasonRecordedAgain
			}
		}
		last++
		e.Seq = last
		if err := b.add(e); err != nil {
			return nil, err
		}
	}
	return b.events, b.write(ctx, tx, before)
}

// file is the key of a recording.
type file struct{ call, path string }

// batch is what one transaction inserts.
type batch struct {
	events     []call.Event
	rows       []row
	recordings []recordingRow
	known      map[file]string // SHA-256 of the files announced in this batch
}

// add takes a numbered event into the batch.
func (b *batch) add(e call.Event) error {
	r, err := rowOf(e)
	if err != nil {
		return err
	}
	b.events = append(b.events, e)
	b.rows = append(b.rows, r)
	if e.Kind == call.Recorded {
		b.known[file{string(e.Call), e.Recording.Path}] = e.Recording.SHA256
		b.recordings = append(b.recordings, recordingRow{
			Seq:      e.Seq,
			Call:     string(e.Call),
			Path:     e.Recording.Path,
			SHA256:   e.Recording.SHA256,
			BeginMs:  e.Recording.Begin.UnixMilli(),
			LengthMs: int64(e.Recording.Length),
		})
	}
	return nil
}

// write inserts the batch and what it changes in the tables of the reports. before holds the
// earlier events of its calls.
func (b *batch) write(ctx context.Context, tx bun.Tx, before map[call.ID][]call.Event) error {
	if len(b.rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&b.rows).Returning("NULL").Exec(ctx); err != nil {
		return err
	}
	if len(b.recordings) > 0 {
		if _, err := tx.NewInsert().Model(&b.recordings).Exec(ctx); err != nil {
			return err
		}
	}
	if err := project(ctx, tx, before, b.events); err != nil {
		return fmt.Errorf("tables of the reports: %w", err)
	}
	return nil
}

// announced is the SHA-256 under which the file of e stands in the ledger or earlier in
// this batch, "" when it is new.
func (b *batch) announced(ctx context.Context, tx bun.Tx, e call.Event) (string, error) {
	if sum, ok := b.known[file{string(e.Call), e.Recording.Path}]; ok {
		return sum, nil
	}
	var sum string
	err := tx.NewSelect().Model((*recordingRow)(nil)).Column("sha256").
		Where("call = ? AND path = ?", string(e.Call), e.Recording.Path).Scan(ctx, &sum)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return sum, err
}

// Valid tells whether the ledger accepts an event: the kind is known, and the members that
// the figures count by are set. The error wraps ErrInvalid and names the rule. The rules
// are those of the table, told before the transaction so that one bad event does not stop
// the good ones behind it.
func Valid(e call.Event) error {
	need, ok := needsOf(e.Kind)
	broken := ""
	switch {
	case !ok:
		broken = "its kind is not in the list"
	case !storable(e.At):
		broken = "at is missing or out of range"
	case need.call && e.Call == "":
		broken = "call is empty"
	case need.queue && e.Queue == "":
		broken = "queue is empty"
	case need.agent && e.Agent == "":
		broken = "agent is empty"
	case (need.queue || !e.Entered.IsZero()) && !storable(e.Entered):
		broken = "entered is missing or out of range"
	case (need.answer || !e.Answer.IsZero()) && !storable(e.Answer):
		broken = "answer is missing or out of range"
	case e.Kind == call.Recorded:
		broken = badRecording(e.Recording)
	case e.Recording != nil && !e.Recording.Begin.IsZero() && !storable(e.Recording.Begin):
		broken = "begin of the recording is out of range"
	}
	if broken != "" {
		return fmt.Errorf("%w: %q of call %q: %s", ErrInvalid, e.Kind, e.Call, broken)
	}
	return nil
}

// badRecording names the rule that a recording breaks, "" when it is good.
func badRecording(r *call.Recording) string {
	switch {
	case r == nil:
		return "recording is missing"
	case r.Path == "":
		return "path of the recording is empty"
	case r.SHA256 == "":
		return "sha256 of the recording is empty"
	case r.Length < 0:
		return "length of the recording is negative"
	case !storable(r.Begin):
		return "begin of the recording is missing or out of range"
	}
	return ""
}

// storable tells whether a time is after 1970 and has a four-digit year, beyond which JSON
// has no form for it.
func storable(t time.Time) bool { return t.UnixMilli() > 0 && t.UTC().Year() <= 9999 }

// needs are the members that a kind of event must carry.
type needs struct{ call, queue, agent, answer bool }

// needsOf tells what a kind needs, and false for a kind that is not in the list.
func needsOf(k call.Kind) (needs, bool) {
	switch k {
	case call.Arrived, call.Connected, call.Conferenced, call.Transferred, call.Dialled, call.DialEnded,
		call.MessageBegun, call.Messaged, call.SurveyBegun, call.Surveyed, call.Ended, call.Recorded:
		return needs{call: true}, true
	case call.Queued, call.LeftQueue, call.Estimated, call.CallbackAsked, call.CallbackEnded:
		return needs{call: true, queue: true}, true
	case call.Offered, call.OfferEnded, call.Answered, call.HoldEnded:
		return needs{call: true, queue: true, agent: true}, true
	case call.TalkEnded, call.WrapUpEnded:
		return needs{call: true, queue: true, agent: true, answer: true}, true
	case call.AgentChanged:
		return needs{agent: true}, true
	case call.RecordingFault, call.StreamGap:
		return needs{}, true
	}
	return needs{}, false
}
