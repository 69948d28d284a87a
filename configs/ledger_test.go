package configs

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestLedgerIsInOnePlace: a file unless a database is named, with its spool beside it; the
// environment names a database as the file does; the password never stands in the address.
func TestLedgerIsInOnePlace(t *testing.T) {
	secret := secretFile(t, "x")
	load := func(env ...string) (*Config, error) {
		return Load("", append(env, "HOTLINE_ASTERISK_PASSWORD_FILE="+secret))
	}
	const address = "HOTLINE_LEDGER_URL=postgres://hotline@db.example:5432/hotline?sslmode=verify-full"
	file, err := load("HOTLINE_LEDGER_PATH=/srv/calls/ledger.db")
	if err != nil || file.Ledger.URL != "" || file.Ledger.Spool != filepath.FromSlash("/srv/calls/ledger-spool") {
		t.Errorf("a file: %+v, %v", file.Ledger, err)
	}
	database, err := load(address, "HOTLINE_LEDGER_PASSWORD_FILE="+secret)
	if err != nil || database.Ledger.Path != "" || database.Ledger.Password.Reveal() != "x" ||
		database.Ledger.Spool != filepath.FromSlash("/var/lib/hotline/ledger-spool") {
		t.Errorf("a database: %+v, %v", database.Ledger, err)
	}
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"both":                   {[]string{address, "HOTLINE_LEDGER_PATH=a.db"}, "HOTLINE_LEDGER_PATH: must be empty"},
		"no database":            {[]string{"HOTLINE_LEDGER_URL=postgres://hotline@db.example"}, "must be postgres://"},
		"another kind":           {[]string{"HOTLINE_LEDGER_URL=mysql://a@b/c"}, "must be postgres://"},
		"a password":             {[]string{"HOTLINE_LEDGER_URL=postgres://a:hush@b/c"}, "must not hold a password"},
		"a password in the end":  {[]string{"HOTLINE_LEDGER_URL=postgres://a@b/c?password=hush"}, "must not hold a password"},
		"a password for nothing": {[]string{"HOTLINE_LEDGER_PASSWORD_FILE=" + secret}, "must be empty when ledger.url is"},
	} {
		_, err := load(c.env...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
