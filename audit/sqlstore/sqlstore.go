// Package sqlstore keeps the audit log in SQL, in a SQLite file of its own or in the ledger's
// database of PostgreSQL: an append-only table that refuses, by triggers, to have a row
// changed, taken away or put between others.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"hotline/audit"
	base "hotline/internal/sqlstore"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// Store is an open log. It is an audit.Store.
type Store struct{ db *base.DB }

var _ audit.Store = (*Store)(nil)

// row is one entry.
type row struct {
	bun.BaseModel `bun:"table:audit_entries"`

	Seq     uint64 `bun:"seq,pk"`
	AtMs    int64  `bun:"at_ms"`
	ActorID string `bun:"actor_id"`
	Actor   string `bun:"actor"`
	Address string `bun:"address"`
	Action  string `bun:"action"`
	Object  string `bun:"object"`
	Outcome string `bun:"outcome"`
	Details string `bun:"details"`
	Hash    string `bun:"hash"`
}

// lock is the number that an appending transaction holds in PostgreSQL.
const lock = 7310579312461

// Open opens the log at a place, makes it when there is none and brings an older one up to
// date. A file's folder has to exist; the file is readable by its owner alone.
func Open(ctx context.Context, p base.Place) (*Store, error) {
	schema := base.Schema{Name: "audit", Lock: lock}
	var err error
	if schema.SQLite, err = fs.Sub(migrations, "migrations/sqlite"); err != nil {
		return nil, err
	}
	if schema.Postgres, err = fs.Sub(migrations, "migrations/postgres"); err != nil {
		return nil, err
	}
	db, err := base.Open(ctx, p, schema)
	if err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Close ends every connection. Entries that were appended are safe without it.
func (s *Store) Close() error { return s.db.Close() }

// Append stores a deed as the entry after the last one. The transaction holds the write
// lock from before it reads the last one, so that two processes never take the same place.
func (s *Store) Append(ctx context.Context, d audit.Deed, at time.Time) (audit.Entry, error) {
	var stored audit.Entry
	err := s.db.Within(ctx, func(ctx context.Context, tx bun.Tx) error {
		var last row
		err := tx.NewSelect().Model(&last).Column("seq", "hash").OrderExpr("seq DESC").Limit(1).Scan(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		stored, err = audit.Chained(audit.Head{Seq: last.Seq, Hash: last.Hash}, d, at)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(rowOf(stored)).Exec(ctx)
		return err
	})
	return stored, err
}

// After returns entries in their order.
func (s *Store) After(ctx context.Context, seq uint64, limit int) ([]audit.Entry, error) {
	var rows []row
	err := s.db.Read.NewSelect().Model(&rows).Where("seq > ?", seq).OrderExpr("seq").Limit(int64(limit)).Scan(ctx)
	return entries(rows), err
}

// Find returns the entries that fit, the newest first.
func (s *Store) Find(ctx context.Context, f audit.Filter) ([]audit.Entry, error) {
	if f.Limit < 1 {
		return nil, fmt.Errorf("%w: limit must be above 0", audit.ErrInvalid)
	}
	var rows []row
	q := s.db.Read.NewSelect().Model(&rows).OrderExpr("seq DESC").Limit(int64(f.Limit))
	if !f.From.IsZero() {
		q.Where("at_ms >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		q.Where("at_ms < ?", f.To.UnixMilli())
	}
	if f.Before > 0 {
		q.Where("seq < ?", f.Before)
	}
	for _, c := range []struct{ column, is string }{
		{"actor", f.Actor}, {"object", f.Object}, {"outcome", string(f.Outcome)},
	} {
		if c.is != "" {
			q.Where("? = ?", bun.Ident(c.column), c.is)
		}
	}
	switch {
	case strings.HasSuffix(f.Action, "."):
		q.Where("substr(action, 1, ?) = ?", len(f.Action), f.Action)
	case f.Action != "":
		q.Where("action = ?", f.Action)
	}
	err := q.Scan(ctx)
	return entries(rows), err
}

func rowOf(e audit.Entry) *row {
	return &row{
		Seq: e.Seq, AtMs: e.At.UnixMilli(), ActorID: e.ActorID, Actor: e.Actor, Address: e.Address,
		Action: e.Action, Object: e.Object, Outcome: string(e.Outcome), Details: e.Details, Hash: e.Hash,
	}
}

func entries(rows []row) []audit.Entry {
	list := make([]audit.Entry, len(rows))
	for i, r := range rows {
		list[i] = audit.Entry{
			Seq: r.Seq, At: time.UnixMilli(r.AtMs).UTC(), ActorID: r.ActorID, Actor: r.Actor, Address: r.Address,
			Action: r.Action, Object: r.Object, Outcome: audit.Outcome(r.Outcome), Details: r.Details, Hash: r.Hash,
		}
	}
	return list
}
