package configs

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"hotline/people"
)

// TestPeopleAreBesideTheLedger: in files of their own, or in its database.
func TestPeopleAreBesideTheLedger(t *testing.T) {
	secret := "HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")
	file, err := Load("", []string{secret, "HOTLINE_LEDGER_PATH=/srv/calls/ledger.db", "HOTLINE_PEOPLE_IDLE=10m"})
	want := DefaultPeople()
	want.Path, want.Idle = filepath.FromSlash("/srv/calls/people.db"), 10*time.Minute
	log := Audit{Path: filepath.FromSlash("/srv/calls/audit.db"), Witness: filepath.FromSlash("/srv/calls/audit.heads")}
	if err != nil || !reflect.DeepEqual(file.People, want) || file.Audit != log {
		t.Errorf("a file: %+v %+v, %v; want %+v %+v", file.People, file.Audit, err, want, log)
	}
	database, err := Load("", []string{secret, "HOTLINE_LEDGER_URL=postgres://hotline@db.example/hotline"})
	other, wrong := Load("", []string{
		secret, "HOTLINE_LEDGER_URL=postgres://hotline@db.example/hotline", "HOTLINE_LEDGER_SPOOL=/srv/spool",
	})
	if wrong != nil || other.Audit.Witness != filepath.FromSlash("/srv/audit.heads") {
		t.Errorf("beside the spool: %+v, %v", other, wrong)
	}
	if err != nil || database.People.Path != "" || database.Audit.Path != "" ||
		database.Audit.Witness != filepath.FromSlash("/var/lib/hotline/audit.heads") {
		t.Errorf("a database: %+v %+v, %v", database.People, database.Audit, err)
	}
}

func TestPeopleAreChecked(t *testing.T) {
	for want, spoil := range map[string]func(c *Config){
		"":                              func(*Config) {},
		"people.idle: must be from 1m":  func(c *Config) { c.People.Idle = time.Second },
		"people.longest: must be from":  func(c *Config) { c.People.Longest = 8 * 24 * time.Hour },
		"people.idle: must be at most":  func(c *Config) { c.People.Idle = 13 * time.Hour },
		"people.second_factor[1]: must": func(c *Config) { c.People.SecondFactor = []people.Role{people.Junior, "boss"} },
		"people.proxies[0]: must be":    func(c *Config) { c.People.Proxies = []string{"proxy.example"} },
		"audit.path: must be a file of": func(c *Config) { c.Audit.Path = c.People.Path },
		"people.path: must be empty":    func(c *Config) { c.Ledger.URL, c.Ledger.Path = "postgres://a@b/c", "" },
	} {
		c := Default()
		c.Complete()
		spoil(c)
		err := c.Validate()
		if want == "" && err == nil {
			continue
		}
		if want == "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestProxiesAreNetworks: an address is the network of itself alone.
func TestProxiesAreNetworks(t *testing.T) {
	c := &Config{People: People{Proxies: []string{"127.0.0.1", "10.1.2.3/8", "2001:db8::/32"}}}
	var got []string
	for _, n := range c.ProxyNetworks() {
		got = append(got, n.String())
	}
	if want := "127.0.0.1/32 10.0.0.0/8 2001:db8::/32"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}
