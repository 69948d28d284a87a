package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"hotline/people"
)

// AddToken adds the token of a machine.
func (s *Store) AddToken(ctx context.Context, t people.Token) error {
	row, err := tokenOf(t)
	if err != nil {
		return err
	}
	_, err = s.db.Write.NewInsert().Model(&row).Exec(ctx)
	return taken(err, "token "+t.Name)
}

// TokenOf returns the token of a hash.
func (s *Store) TokenOf(ctx context.Context, hash string) (people.Token, error) {
	var row tokenRow
	if err := s.db.Read.NewSelect().Model(&row).Where("hash = ?", hash).Scan(ctx); err != nil {
		return people.Token{}, unknown(err)
	}
	return row.token()
}

// Tokens returns all tokens by name.
func (s *Store) Tokens(ctx context.Context) ([]people.Token, error) {
	var rows []tokenRow
	if err := s.db.Read.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	list := make([]people.Token, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.token(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b people.Token) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// TokenUsed notes that a token was used.
func (s *Store) TokenUsed(ctx context.Context, token string, at time.Time) error {
	_, err := s.db.Write.NewUpdate().Model((*tokenRow)(nil)).Set("used_ms = ?", millis(at)).
		Where("id = ? AND used_ms < ?", token, millis(at)).Exec(ctx)
	return err
}

// RemoveToken removes one by id.
func (s *Store) RemoveToken(ctx context.Context, token string) error {
	result, err := s.db.Write.NewDelete().Model((*tokenRow)(nil)).Where("id = ?", token).Exec(ctx)
	return oneRow(result, err, people.ErrUnknown)
}
