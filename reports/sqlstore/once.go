package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"hotline/call"
)

// Batch is what a Writer appends at once.
type Batch struct {
	// Writer names one run of one program; no other writer has its name.
	Writer string `json:"writer"`
	// Number counts the writer's batches from 1 in the order in which they are offered.
	Number uint64 `json:"batch"`
	// Events are valid, see Valid.
	Events []call.Event `json:"events"`
}

// Written tells what became of a batch.
type Written struct {
	Last   uint64 // number of its last event in the ledger; 0 when none of it was stored
	Stored int    // events stored; repeated announcements of recordings are left out
}

// writerRow is the last batch of one writer.
type writerRow struct {
	bun.BaseModel `bun:"table:writers,alias:w"`

	Writer  string `bun:"writer,pk"`
	Batch   uint64 `bun:"batch"`
	LastSeq uint64 `bun:"last_seq"`
	Stored  int    `bun:"stored"`
}

// AppendOnce is Append for a batch that may have been offered before: when the answer to a
// commit was lost, or the program died before it came. A batch that is in the ledger is not
// written again, and Written tells of the first time. The batches of a writer must be offered
// in the order of their numbers, one after the other.
func (s *Store) AppendOnce(ctx context.Context, b Batch) (Written, error) {
	if err := s.writable(b.Events); err != nil {
		return Written{}, err
	}
	var written Written
	err := s.write.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		if err := s.flavor.enter(ctx, tx); err != nil {
			return err
		}
		var err error
		written, err = appendOnce(ctx, tx, b)
		return err
	})
	if err != nil {
		return Written{}, fmt.Errorf("append batch of %d events: %w", len(b.Events), err)
	}
	return written, nil
}

// appendOnce looks for the batch and writes it when it is not there, within a transaction that
// holds the write lock.
func appendOnce(ctx context.Context, tx bun.Tx, b Batch) (Written, error) {
	var before writerRow
	err := tx.NewSelect().Model(&before).Where("writer = ?", b.Writer).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Written{}, err
	}
	if before.Batch >= b.Number {
		return Written{Last: before.LastSeq, Stored: before.Stored}, nil
	}
	stored, err := appendTo(ctx, tx, b.Events)
	if err != nil {
		return Written{}, err
	}
	w := Written{Stored: len(stored)}
	if len(stored) > 0 {
		w.Last = stored[len(stored)-1].Seq
	}
	mark := writerRow{Writer: b.Writer, Batch: b.Number, LastSeq: w.Last, Stored: w.Stored}
	_, err = tx.NewInsert().Model(&mark).
		On("CONFLICT (writer) DO UPDATE").Set("batch = EXCLUDED.batch").
		Set("last_seq = EXCLUDED.last_seq").Set("stored = EXCLUDED.stored").Exec(ctx)
	return w, err
}
