package check

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline/configs"
	"hotline/internal/app"
	"hotline/internal/testbed"
	"hotline/reports/sqlstore"
)

// TestCheckOfLedgerInPostgreSQL: a database that can be used, one that refuses, and none.
func TestCheckOfLedgerInPostgreSQL(t *testing.T) {
	t.Parallel()
	server := testbed.RunPostgres(t, testbed.PostgresOptions{})
	address, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	with := func(path string, password configs.Secret) *configs.Config {
		cfg := configs.Default()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if path != "" {
			u.Path = path
		}
		cfg.Ledger.URL, cfg.Ledger.Password = u.String(), password
		return cfg
	}
	right := configs.NewSecret(server.Password)
	good := with("", right)
	if f := ledger(t.Context(), good); f.Bad || !strings.Contains(f.Detail, "by the next start") {
		t.Errorf("an empty database: %+v", f)
	}
	store, err := sqlstore.OpenAt(t.Context(), app.LedgerAt(good))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if f := ledger(t.Context(), good); f.Bad || f.Detail != app.LedgerAt(good).String() {
		t.Errorf("a ledger: %+v", f)
	}
	for name, cfg := range map[string]*configs.Config{
		"wrong password": with("", configs.NewSecret("not-the-password")), "no such database": with("/nowhere", right),
	} {
		f := ledger(t.Context(), cfg)
		if !f.Bad || !strings.Contains(f.Detail, "PostgreSQL refuses") || !strings.Contains(f.Fix, "ledger.password_file") {
			t.Errorf("%s: %+v", name, f)
		}
		if strings.Contains(f.Detail, server.Password) || strings.Contains(f.Detail, "not-the-password") {
			t.Errorf("%s: the finding tells the password: %+v", name, f)
		}
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	f := ledger(t.Context(), good)
	if !f.Bad || !strings.Contains(f.Detail, "out of reach") || !strings.Contains(f.Fix, "start PostgreSQL") {
		t.Errorf("nobody there: %+v", f)
	}
}

// TestFilesOfStaff: what is there must be writable, what is not there must be possible.
func TestFilesOfStaff(t *testing.T) {
	cfg := configs.Default()
	dir := t.TempDir()
	cfg.Ledger.Path = filepath.Join(dir, "ledger.db")
	cfg.Complete()
	cfg.Audit.Path = dir // what cannot be opened for writing by anybody
	cfg.Audit.Witness = filepath.Join(dir, "none", "audit.heads")
	if err := os.WriteFile(cfg.People.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range staff(cfg) {
		got = append(got, fmt.Sprint(f.Name, " ", f.Bad, " ", f.Fix))
	}
	want := []string{
		"users false ",
		"audit log true give the file to the user that runs hotline (chown)",
		"witness of the audit log true make the folder and give it to the user that runs hotline",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
