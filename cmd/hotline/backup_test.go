package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hotline/internal/testbed"
	"hotline/reports/sqlstore"
)

// reports is what the commands print of the whole ledger, byte by byte.
func (h house) reports(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, args := range [][]string{
		{"report", "--from", "2026-03-02", "--to", "2026-03-03", "--format", "json"},
		{"report", "--from", "2026-03-02", "--to", "2026-03-03", "--part", "figures", "--part", "lines", "--part", "late"},
		{"recordings", "--json"},
	} {
		out, errOut, code := command(t, append(args, "--config", h.config)...)
		if code != exitOK || errOut != "" || out == "" {
			t.Fatalf("%v: exit code %d, %q, %s", args, code, out, errOut)
		}
		all.WriteString(out)
	}
	return all.String()
}

// restored is the same house whose ledger is somewhere else.
func (h house) restored(t *testing.T, ledger string) house {
	t.Helper()
	text := strings.Replace(settings, "ledger: {path: ledger.db}", "ledger: "+ledger, 1)
	h.config = filepath.Join(filepath.Dir(h.config), "restored.yaml")
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestBackupGivesTheSameReport copies a ledger that is open, and reads the copy elsewhere.
func TestBackupGivesTheSameReport(t *testing.T) {
	h := build(t)
	writer, err := sqlstore.Open(t.Context(), filepath.Join(filepath.Dir(h.config), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if out, errOut, code := command(t, "backup", "--config", h.config, copied); code != exitOK || errOut != "" {
		t.Fatalf("exit code %d, %s, %s", code, out, errOut)
	}
	info, err := os.Stat(copied)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v; want mode 0600", info, err)
	}
	want := h.reports(t)
	if got := h.restored(t, fmt.Sprintf("{path: %q}", copied)).reports(t); got != want {
		t.Errorf("restored\n%s\nwant\n%s", got, want)
	}
	if _, errOut, code := command(t, "backup", "--config", h.config, copied); code != exitFailed ||
		!strings.Contains(errOut, "there already") {
		t.Errorf("over an older copy: exit code %d, %s", code, errOut)
	}
}

// postgresHouse is a ledger in PostgreSQL with the calls of a house, and an empty database
// beside it. It gives the addresses of both.
func postgresHouse(t *testing.T, h house) (server *testbed.Postgres, full, empty string) {
	t.Helper()
	server = testbed.RunPostgres(t, testbed.PostgresOptions{})
	secret := filepath.Join(filepath.Dir(h.config), "postgres.secret")
	if err := os.WriteFile(secret, []byte(server.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var urls [2]string
	for i := range urls {
		var err error
		if urls[i], err = server.NewDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	store, err := sqlstore.OpenAt(t.Context(), sqlstore.Place{URL: urls[0], Password: server.Password})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range talks {
		if _, err := store.Append(t.Context(), h.events(t, c)); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return server, urls[0], urls[1]
}

// TestDumpOfPostgreSQLGivesTheSameReport dumps a database and restores it into another one.
func TestDumpOfPostgreSQLGivesTheSameReport(t *testing.T) {
	h := build(t)
	server, full, empty := postgresHouse(t, h)
	dump := filepath.Join(t.TempDir(), "ledger.dump")
	program := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(server.Bin, name), args...)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+server.Password)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, text)
		}
	}
	program("pg_dump", "--format=custom", "--file", dump, full)
	program("pg_restore", "--exit-on-error", "--dbname", empty, dump)
	at := func(url string) house {
		return h.restored(t, fmt.Sprintf("{url: %q, password_file: postgres.secret}", url))
	}
	want := h.reports(t) // from SQLite
	if got := at(full).reports(t); got != want {
		t.Errorf("from PostgreSQL\n%s\nfrom SQLite\n%s", got, want)
	}
	if got := at(empty).reports(t); got != want {
		t.Errorf("restored\n%s\nwant\n%s", got, want)
	}
	if _, errOut, code := command(t, "backup", "--config", at(full).config, dump+"2"); code != exitFailed ||
		!strings.Contains(errOut, "pg_dump") {
		t.Errorf("backup of PostgreSQL: exit code %d, %s", code, errOut)
	}
}
