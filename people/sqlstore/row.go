package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"hotline/call"
	"hotline/people"
)

// userRow is one account. Columns that are JSON are kept as text, flags as 0 and 1, so that
// a row means the same in every database.
type userRow struct {
	bun.BaseModel `bun:"table:users"`

	ID        string `bun:"id,pk"`
	Name      string `bun:"name"`
	Display   string `bun:"display"`
	Roles     string `bun:"roles"`
	Team      string `bun:"team"`
	Agent     string `bun:"agent"`
	Skills    string `bun:"skills"`
	Disabled  int64  `bun:"disabled"`
	CreatedMs int64  `bun:"created_ms"`
	Version   uint64 `bun:"version"`

	Password   string `bun:"password"`
	MustChange int64  `bun:"must_change"`
	UntilMs    int64  `bun:"until_ms"`
	TOTP       string `bun:"totp"`
	Pending    string `bun:"pending"`
	Step       int64  `bun:"step"`
	Recovery   string `bun:"recovery"`
	Epoch      uint64 `bun:"epoch"`
	Revision   uint64 `bun:"revision"`
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:sessions"`

	ID        string `bun:"id,pk"`
	Hash      string `bun:"hash"`
	UserID    string `bun:"user_id"`
	Epoch     uint64 `bun:"epoch"`
	CreatedMs int64  `bun:"created_ms"`
	SeenMs    int64  `bun:"seen_ms"`
	ExpiresMs int64  `bun:"expires_ms"`
	Address   string `bun:"address"`
	Client    string `bun:"client"`
}

type tokenRow struct {
	bun.BaseModel `bun:"table:tokens"`

	ID        string `bun:"id,pk"`
	Name      string `bun:"name"`
	Hash      string `bun:"hash"`
	Roles     string `bun:"roles"`
	CreatedMs int64  `bun:"created_ms"`
	MadeBy    string `bun:"made_by"`
	ExpiresMs int64  `bun:"expires_ms"`
	UsedMs    int64  `bun:"used_ms"`
}

func rowOf(a people.Account) (userRow, error) {
	roles, err := text(a.Roles)
	if err != nil {
		return userRow{}, err
	}
	skills, err := text(a.Skills)
	if err != nil {
		return userRow{}, err
	}
	recovery, err := text(a.Recovery)
	if err != nil {
		return userRow{}, err
	}
	return userRow{
		ID: a.ID, Name: a.Name, Display: a.Display, Roles: roles, Team: a.Team, Agent: string(a.Agent),
		Skills: skills, Disabled: flag(a.Disabled), CreatedMs: millis(a.Created), Version: a.Version,
		Password: a.Password, MustChange: flag(a.MustChange), UntilMs: millis(a.Until), TOTP: a.TOTP,
		Pending: a.Pending, Step: a.Step, Recovery: recovery, Epoch: a.Epoch, Revision: a.Revision,
	}, nil
}

func (r userRow) account() (people.Account, error) {
	a := people.Account{
		User: people.User{
			ID: r.ID, Name: r.Name, Display: r.Display, Team: r.Team, Agent: call.AgentID(r.Agent),
			Disabled: r.Disabled != 0, Created: timeOf(r.CreatedMs), Version: r.Version,
		},
		Credentials: people.Credentials{
			Password: r.Password, MustChange: r.MustChange != 0, Until: timeOf(r.UntilMs), TOTP: r.TOTP,
			Pending: r.Pending, Step: r.Step, Epoch: r.Epoch, Revision: r.Revision,
		},
	}
	err := errors.Join(json.Unmarshal([]byte(r.Roles), &a.Roles), json.Unmarshal([]byte(r.Skills), &a.Skills),
		json.Unmarshal([]byte(r.Recovery), &a.Recovery))
	if err != nil {
		return people.Account{}, fmt.Errorf("user %s: %w", r.ID, err)
	}
	return a, nil
}

func sessionOf(s people.Session) sessionRow {
	return sessionRow{
		ID: s.ID, Hash: s.Hash, UserID: s.User, Epoch: s.Epoch, CreatedMs: millis(s.Created), SeenMs: millis(s.Seen),
		ExpiresMs: millis(s.Expires), Address: s.Address, Client: s.Client,
	}
}

func (r sessionRow) session() people.Session {
	return people.Session{
		ID: r.ID, Hash: r.Hash, User: r.UserID, Epoch: r.Epoch, Created: timeOf(r.CreatedMs), Seen: timeOf(r.SeenMs),
		Expires: timeOf(r.ExpiresMs), Address: r.Address, Client: r.Client,
	}
}

func tokenOf(t people.Token) (tokenRow, error) {
	roles, err := text(t.Roles)
	return tokenRow{
		ID: t.ID, Name: t.Name, Hash: t.Hash, Roles: roles, CreatedMs: millis(t.Created), MadeBy: t.By,
		ExpiresMs: millis(t.Expires), UsedMs: millis(t.Used),
	}, err
}

func (r tokenRow) token() (people.Token, error) {
	t := people.Token{
		ID: r.ID, Name: r.Name, Hash: r.Hash, Created: timeOf(r.CreatedMs), By: r.MadeBy,
		Expires: timeOf(r.ExpiresMs), Used: timeOf(r.UsedMs),
	}
	if err := json.Unmarshal([]byte(r.Roles), &t.Roles); err != nil {
		return people.Token{}, fmt.Errorf("token %s: %w", r.ID, err)
	}
	return t, nil
}

func text(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// millis is a time as it is stored, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
