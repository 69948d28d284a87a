package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/user"
	"runtime"

	"hotline/audit"
	auditstore "hotline/audit/sqlstore"
	"hotline/call"
	"hotline/configs"
	"hotline/people"
	peoplestore "hotline/people/sqlstore"
	"hotline/web"
)

// signInLine is how many sign-ins may wait for the work of their passwords; one more is told to
// come again.
const signInLine = 64

// People is who may come in, and the log of what they did. It is the server's and of the
// commands beside it.
type People struct {
	*people.Service
	Log *AuditLog

	gate  *people.Gate
	store *peoplestore.Store
}

// OpenPeople opens the stores of people and of the audit log where the settings say. alarm is
// told after each entry of the log whether all went well; nil = nobody.
func OpenPeople(ctx context.Context, cfg *configs.Config, log *slog.Logger, alarm func(error)) (*People, error) {
	return openPeople(ctx, cfg, log, alarm, people.DefaultCost())
}

func openPeople(
	ctx context.Context, cfg *configs.Config, log *slog.Logger, alarm func(error), cost people.Cost,
) (*People, error) {
	entries, err := OpenAudit(ctx, cfg, log, alarm)
	if err != nil {
		return nil, err
	}
	p := &People{Log: entries}
	place := LedgerAt(cfg)
	place.Path = cfg.People.Path
	if p.store, err = peoplestore.Open(ctx, place); err != nil {
		return nil, errors.Join(err, entries.Close())
	}
	p.Service, err = people.New(people.Options{
		Store: p.store, Journal: journal{entries.log},
		// One password at a time keeps a processor of several busy, and calls go first.
		Hasher: people.NewHasher(cost, max(1, runtime.GOMAXPROCS(0)/4), signInLine),
		Idle:   cfg.People.Idle, Longest: cfg.People.Longest, SecondFactor: cfg.People.SecondFactor,
		Issuer: cfg.Site.Name, Log: log,
	})
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.gate = people.NewGate(p.Service, cfg.ProxyNetworks())
	return p, nil
}

// Close ends every connection.
func (p *People) Close() error { return errors.Join(p.store.Close(), p.Log.Close()) }

// From says where a request comes from.
func (p *People) From(r *http.Request) people.Principal { return p.gate.From(r) }

// Principal finds out who makes a request.
func (p *People) Principal(r *http.Request) (people.Principal, error) {
	who, err := p.gate.Who(r, web.Passive(r.Context()))
	if errors.Is(err, people.ErrNobody) || errors.Is(err, people.ErrSignedOut) {
		err = fmt.Errorf("%w: %w", web.ErrUnauthorized, err)
	}
	return who, err
}

// Console is who works on the machine itself, by the commands of the program.
func Console() people.Principal {
	name := "console"
	if u, err := user.Current(); err == nil {
		name += " " + u.Username
	}
	return people.Principal{Name: name}
}

// AuditEntries returns the entries of the audit log that fit, the newest first.
func (p *People) AuditEntries(ctx context.Context, f web.AuditFilter) ([]web.AuditEntry, error) {
	found, err := p.Log.Find(ctx, audit.Filter{
		From: f.From, To: f.To, Actor: f.Actor, Action: f.Action, Object: f.Object, Outcome: audit.Outcome(f.Outcome),
		Before: f.Before, Limit: f.Limit,
	})
	list := make([]web.AuditEntry, len(found))
	for i, e := range found {
		list[i] = web.AuditEntry{
			Seq: e.Seq, At: e.At, ActorID: e.ActorID, Actor: e.Actor, Address: e.Address, Action: e.Action, Object: e.Object,
			Outcome: string(e.Outcome), Details: e.Details, Hash: e.Hash,
		}
	}
	return list, err
}

// journal writes what package people does into the audit log.
type journal struct{ log *audit.Log }

// Note stores a deed for good.
func (j journal) Note(ctx context.Context, a people.Act) error {
	return j.log.Write(ctx, audit.Deed{
		ActorID: a.By.User, Actor: a.By.Name, Address: a.By.Address, Action: a.Action, Object: a.Object,
		Outcome: audit.Outcome(a.Outcome), Details: a.Details,
	})
}

// AuditLog is the log of what was done, with its witness.
type AuditLog struct {
	*auditstore.Store

	log     *audit.Log
	witness *audit.Witness
}

// OpenAudit opens the audit log where the settings say.
func OpenAudit(ctx context.Context, cfg *configs.Config, log *slog.Logger, alarm func(error)) (*AuditLog, error) {
	place := LedgerAt(cfg)
	place.Path = cfg.Audit.Path
	store, err := auditstore.Open(ctx, place)
	if err != nil {
		return nil, err
	}
	a := &AuditLog{Store: store}
	if a.witness, err = audit.OpenWitness(cfg.Audit.Witness); err != nil {
		return nil, errors.Join(fmt.Errorf("audit: %w", err), store.Close())
	}
	a.log, err = audit.New(audit.Options{Store: store, Witness: a.witness, Alarm: alarm, Log: log})
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// AuditExists is an error when there is no file of the audit log: a command that reads must not
// make an empty one and find it good.
func AuditExists(cfg *configs.Config) error {
	if cfg.Ledger.URL != "" {
		return nil
	}
	_, err := os.Stat(cfg.Audit.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("audit log: %w", err)
	}
	return err
}

// Close ends every connection. Entries that were written are safe without it.
func (a *AuditLog) Close() error { return errors.Join(a.Store.Close(), a.witness.Close()) }

// deeds writes what is done by the API into the audit log.
type deeds struct{ log *audit.Log }

// Note stores a request for good.
func (d deeds) Note(ctx context.Context, done web.Deed) error {
	entry := audit.Deed{
		ActorID: done.By.User, Actor: done.By.Name, Address: done.Address, Action: done.Operation, Object: done.Path,
		Outcome: audit.Allowed, Details: map[string]string{},
	}
	if done.Root {
		entry.ActorID, entry.Actor = "root", "root"
	}
	if done.Denied {
		entry.Outcome = audit.Denied
	}
	if done.Query != "" {
		entry.Details["query"] = done.Query
	}
	return d.log.Write(ctx, entry)
}

// startPeople lets people in. It comes after all that calls need, which wait for no password.
func (a *App) startPeople(ctx context.Context) error {
	p, err := OpenPeople(ctx, a.cfg, a.log.With("part", "people"), func(err error) { a.health.set("audit", err) })
	if err != nil {
		return err
	}
	a.people = p
	a.parts.Push("people", func(context.Context) error { return p.Close() })
	if a.first, err = p.First(ctx, people.Principal{Name: "hotline"}); err != nil {
		return fmt.Errorf("first administrator: %w", err)
	}
	a.run(ctx, "sessions", func(ctx context.Context) error {
		return p.Run(ctx, func(err error) { a.health.set("people", err) })
	})
	return nil
}

// teams tells the team of each agent.
func (a *App) teams() func(call.AgentID) string {
	of := make(map[call.AgentID]string, len(a.cfg.Agents))
	for _, g := range a.cfg.Agents {
		of[g.ID] = g.Team
	}
	return func(agent call.AgentID) string { return of[agent] }
}

// FirstPassword is the one-time password of the administrator that this start has made, "" when
// there were users before.
func (a *App) FirstPassword() string { return a.first }
