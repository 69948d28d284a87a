package sqlstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"hotline/people"
)

// AddUser adds an account.
func (s *Store) AddUser(ctx context.Context, a people.Account) error {
	row, err := rowOf(a)
	if err != nil {
		return err
	}
	_, err = s.db.Write.NewInsert().Model(&row).Exec(ctx)
	return taken(err, "user "+a.Name)
}

// AddFirst adds an account when there is none at all.
func (s *Store) AddFirst(ctx context.Context, a people.Account) (bool, error) {
	row, err := rowOf(a)
	if err != nil {
		return false, err
	}
	first := false
	err = s.db.Within(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*userRow)(nil)).Count(ctx)
		if err != nil || n > 0 {
			return err
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		first = err == nil
		return err
	})
	return first && err == nil, err
}

// Account returns the user of an id.
func (s *Store) Account(ctx context.Context, id string) (people.Account, error) {
	return s.account(ctx, "id = ?", id)
}

// AccountNamed returns the user of a name.
func (s *Store) AccountNamed(ctx context.Context, name string) (people.Account, error) {
	return s.account(ctx, "name = ?", name)
}

func (s *Store) account(ctx context.Context, where, is string) (people.Account, error) {
	var row userRow
	if err := s.db.Read.NewSelect().Model(&row).Where(where, is).Scan(ctx); err != nil {
		return people.Account{}, unknown(err)
	}
	return row.account()
}

// Users returns all users by name.
func (s *Store) Users(ctx context.Context) ([]people.User, error) {
	return users(ctx, s.db.Read)
}

// users sorts by itself: the order of a database is that of its language.
func users(ctx context.Context, db bun.IDB) ([]people.User, error) {
	var rows []userRow
	if err := db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	list := make([]people.User, len(rows))
	for i, row := range rows {
		a, err := row.account()
		if err != nil {
			return nil, err
		}
		list[i] = a.User
	}
	slices.SortFunc(list, func(a, b people.User) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// SaveUser replaces a user. Somebody must be left who can make users: otherwise nothing but
// the command line could ever open the house again.
func (s *Store) SaveUser(ctx context.Context, u people.User) (people.User, error) {
	row, err := rowOf(people.Account{User: u})
	if err != nil {
		return people.User{}, err
	}
	err = s.db.Within(ctx, func(ctx context.Context, tx bun.Tx) error {
		update := tx.NewUpdate().Model(&row).
			Column("name", "display", "roles", "team", "agent", "skills", "disabled").
			Set("version = version + 1").
			Where("id = ? AND version = ?", u.ID, u.Version)
		result, err := update.Exec(ctx)
		if err := oneRow(result, taken(err, "user "+u.Name), people.ErrChanged); err != nil {
			return err
		}
		if u.Disabled {
			_, err := tx.NewUpdate().Model((*userRow)(nil)).Set("epoch = epoch + 1, revision = revision + 1").
				Where("id = ?", u.ID).Exec(ctx)
			if err != nil {
				return err
			}
		}
		all, err := users(ctx, tx)
		if err == nil && !slices.ContainsFunc(all, administers) {
			return people.ErrLastAdministrator
		}
		return err
	})
	if err != nil {
		return people.User{}, err
	}
	a, err := s.Account(ctx, u.ID)
	return a.User, err
}

func administers(u people.User) bool {
	return !u.Disabled && slices.Contains(u.Roles, people.Administrator)
}

// SaveCredentials replaces what a user proves himself with.
func (s *Store) SaveCredentials(ctx context.Context, id string, c people.Credentials) error {
	row, err := rowOf(people.Account{Credentials: c})
	if err != nil {
		return err
	}
	row.Revision++
	result, err := s.db.Write.NewUpdate().Model(&row).
		Column("password", "must_change", "until_ms", "totp", "pending", "step", "recovery", "epoch", "revision").
		Where("id = ? AND revision = ?", id, c.Revision).Exec(ctx)
	return oneRow(result, err, people.ErrChanged)
}
