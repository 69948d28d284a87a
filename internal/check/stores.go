package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"hotline/configs"
	"hotline/internal/app"
	"hotline/recorder/store"
	"hotline/reports/sqlstore"
)

func redis(ctx context.Context, cfg *configs.Config) []Finding {
	f := Finding{Name: "redis"}
	if cfg.Redis.Embedded() {
		f.Detail, f.Warn, f.Fix = "embedded: live figures end with the process", true, "set redis.addr"
		return []Finding{f}
	}
	// The finding says it in plain words; the library's own lines would stand between ours.
	s, err := app.OpenFigures(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Detail, f.Bad, f.Fix = err.Error(), true, "correct the redis section"
		return []Finding{f}
	}
	defer func() { _ = s.Close() }() // nothing was written
	warnings, err := s.Check(ctx)
	if err != nil {
		f.Detail, f.Bad, f.Fix = err.Error(), true, "start Redis 6.2 or newer, or correct the redis section"
		return []Finding{f}
	}
	f.Detail = cfg.Redis.Where()
	out := []Finding{f}
	for _, w := range warnings {
		out = append(out, Finding{Name: "redis", Detail: w, Warn: true, Fix: "correct redis.conf"})
	}
	now, err := s.Time(ctx)
	if err == nil {
		out = append(out, clock(Finding{Name: "clock of Redis"}, now, time.Now()))
	}
	return out
}

// ledger looks whether the ledger can be kept where the settings say.
func ledger(ctx context.Context, cfg *configs.Config) Finding {
	if cfg.Ledger.URL == "" {
		return folder("ledger", filepath.Dir(cfg.Ledger.Path), 0)
	}
	place := app.LedgerAt(cfg)
	f := Finding{Name: "ledger", Detail: place.String(), Bad: true}
	store, err := sqlstore.OpenReadOnlyAt(ctx, place)
	switch {
	case err == nil:
		f.Bad = false
		err = store.Close()
	case errors.Is(err, sqlstore.ErrOlder):
		f.Bad = false
		f.Detail += ": its tables are made or brought up to date by the next start, or by hotline migrate"
		return f
	case errors.Is(err, sqlstore.ErrUnreachable):
		f.Fix = "start PostgreSQL, or correct ledger.url: nothing answers there"
	case errors.Is(err, sqlstore.ErrRefused):
		f.Fix = "correct ledger.url or ledger.password_file, or let the user into the database (pg_hba.conf, GRANT)"
	case errors.Is(err, sqlstore.ErrTooOld):
		f.Fix = fmt.Sprintf("install PostgreSQL %d or newer", sqlstore.OldestPostgres)
	case errors.Is(err, sqlstore.ErrNewer):
		f.Fix = "install the hotline that has written it, or a newer one"
	default:
		f.Fix = "look at the log of PostgreSQL"
	}
	if err != nil {
		f.Detail, f.Bad = err.Error(), true
	}
	return f
}

// staff looks whether the files of users and of the audit log can be written, or made where that
// is not the ledger's folder. Whoever runs hotline user as root makes them root's.
func staff(cfg *configs.Config) []Finding {
	var out []Finding
	looked := map[string]bool{}
	if cfg.Ledger.URL == "" {
		looked[filepath.Dir(cfg.Ledger.Path)] = true
	}
	for _, file := range []struct{ name, path string }{
		{"users", cfg.People.Path}, {"audit log", cfg.Audit.Path}, {"witness of the audit log", cfg.Audit.Witness},
	} {
		if file.path == "" {
			continue // in PostgreSQL, with the ledger
		}
		f, err := os.OpenFile(file.path, os.O_RDWR, 0)
		switch {
		case err == nil:
			out = append(out, Finding{Name: file.name, Detail: file.path})
			_ = f.Close() // nothing was written
		case errors.Is(err, os.ErrNotExist):
			if dir := filepath.Dir(file.path); !looked[dir] {
				looked[dir] = true
				out = append(out, folder(file.name, dir, 0))
			}
		default:
			out = append(out, Finding{
				Name: file.name, Detail: err.Error(), Bad: true, Fix: "give the file to the user that runs hotline (chown)",
			})
		}
	}
	return out
}

func folders(cfg *configs.Config) []Finding {
	out := []Finding{
		folder("recordings", cfg.Recordings.Dir, cfg.Recordings.MinFreePercent),
		folder("recordings of Asterisk", cfg.Asterisk.RecordingDir, cfg.Recordings.MinFreePercent),
	}
	return out
}

// folder checks by doing: a file is made and removed, because rights alone do not tell.
func folder(name, path string, minFree int) Finding {
	f := Finding{Name: name, Detail: path}
	probe, err := os.CreateTemp(path, ".hotline-check-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		f.Detail, f.Bad = fmt.Sprintf("%s is not writable: %v", path, err), true
		f.Fix = "make the folder and give it to the user that runs hotline"
		return f
	}
	space, err := store.Free(path)
	if err != nil {
		f.Detail, f.Warn, f.Fix = fmt.Sprintf("%s: free space unknown: %v", path, err), true, "look at the disk"
		return f
	}
	f.Detail = fmt.Sprintf("%s, %.0f %% free", path, space.Percent())
	if space.Percent() < float64(minFree) {
		// The running hotline raises an alarm for it: calls that are not recorded are next.
		f.Bad, f.Fix = true, fmt.Sprintf("nearly full, less than %d %% is free: make room or move the folder", minFree)
	}
	return f
}
