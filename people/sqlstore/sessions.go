package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"hotline/people"
)

// counts is the condition under which a session counts.
const counts = `EXISTS (SELECT 1 FROM users u WHERE u.id = user_id AND u.epoch = sessions.epoch AND u.disabled = 0)`

// AddSession adds a session that would count.
func (s *Store) AddSession(ctx context.Context, session people.Session) error {
	row := sessionOf(session)
	return s.db.Within(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*userRow)(nil)).
			Where("id = ? AND epoch = ? AND disabled = 0", session.User, session.Epoch).Count(ctx)
		if err != nil {
			return err
		}
		if n != 1 {
			return people.ErrChanged
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// SessionOf returns the session of a token's hash with its account.
func (s *Store) SessionOf(ctx context.Context, hash string) (people.Session, people.Account, error) {
	var row sessionRow
	if err := s.db.Read.NewSelect().Model(&row).Where("hash = ?", hash).Scan(ctx); err != nil {
		return people.Session{}, people.Account{}, unknown(err)
	}
	a, err := s.Account(ctx, row.UserID)
	if err == nil && (a.Disabled || a.Epoch != row.Epoch) {
		err = people.ErrUnknown
	}
	if err != nil {
		return people.Session{}, people.Account{}, err
	}
	return row.session(), a, nil
}

// SessionsOf returns the sessions of a user, the newest first.
func (s *Store) SessionsOf(ctx context.Context, user string) ([]people.Session, error) {
	var rows []sessionRow
	err := s.db.Read.NewSelect().Model(&rows).Where("user_id = ?", user).Where(counts).
		OrderExpr("created_ms DESC, id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]people.Session, len(rows))
	for i, row := range rows {
		list[i] = row.session()
	}
	return list, nil
}

// Seen notes that a session was used.
func (s *Store) Seen(ctx context.Context, session string, at time.Time) error {
	_, err := s.db.Write.NewUpdate().Model((*sessionRow)(nil)).Set("seen_ms = ?", millis(at)).
		Where("id = ? AND seen_ms < ?", session, millis(at)).Exec(ctx)
	return err
}

// EndSession removes one.
func (s *Store) EndSession(ctx context.Context, user, session string) error {
	result, err := s.db.Write.NewDelete().Model((*sessionRow)(nil)).
		Where("id = ? AND user_id = ?", session, user).Exec(ctx)
	return oneRow(result, err, people.ErrUnknown)
}

// Sweep removes dead sessions.
func (s *Store) Sweep(ctx context.Context, now, idle time.Time) (int, error) {
	result, err := s.db.Write.NewDelete().Model((*sessionRow)(nil)).
		Where("expires_ms <= ?", millis(now)).WhereOr("seen_ms <= ?", millis(idle)).WhereOr("NOT " + counts).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
