package configs

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"hotline/people"
)

// People says who may come in and for how long. Who that is stands in the store of users,
// which hotline user changes.
type People struct {
	Path         string        `yaml:"path"`          // SQLite file of users and sessions, unless the ledger has a URL
	Idle         time.Duration `yaml:"idle"`          // ends a session that is not used
	Longest      time.Duration `yaml:"longest"`       // ends each session
	SecondFactor []people.Role `yaml:"second_factor"` // roles that are worth nothing without one
	Proxies      []string      `yaml:"proxies"`       // networks whose X-Forwarded-For is believed
}

// Audit is the log of who did what.
type Audit struct {
	Path    string `yaml:"path"`    // SQLite file, unless the ledger has a URL
	Witness string `yaml:"witness"` // file of all hashes, by which a cut end is found
}

// DefaultPeople returns what is set before the file is read: a session lasts a shift, and
// who may make users needs a second factor.
func DefaultPeople() People {
	return People{
		Idle: 30 * time.Minute, Longest: 12 * time.Hour, SecondFactor: []people.Role{people.Administrator},
	}
}

// completePeople puts the stores of people and of the audit log into the ledger's folder. A
// ledger in PostgreSQL has none: what stays on this machine is beside its spool.
func (c *Config) completePeople() {
	folder := filepath.Dir(c.Ledger.Spool)
	if c.Ledger.URL == "" {
		folder = filepath.Dir(c.Ledger.Path)
		c.People.Path = orElse(c.People.Path, filepath.Join(folder, "people.db"))
		c.Audit.Path = orElse(c.Audit.Path, filepath.Join(folder, "audit.db"))
	}
	c.Audit.Witness = orElse(c.Audit.Witness, filepath.Join(folder, "audit.heads"))
}

// ProxyNetworks are People.Proxies as networks; a single address is one of itself alone.
func (c *Config) ProxyNetworks() []netip.Prefix {
	networks := make([]netip.Prefix, 0, len(c.People.Proxies))
	for _, text := range c.People.Proxies {
		if network, err := networkOf(text); err == nil {
			networks = append(networks, network)
		}
	}
	return networks
}

func networkOf(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err
}

func (c *Config) checkPeople(r *rules) {
	p := c.People
	r.duration("people.idle", p.Idle, time.Minute, 24*time.Hour)
	r.duration("people.longest", p.Longest, 5*time.Minute, 7*24*time.Hour)
	r.must(p.Idle <= p.Longest, "people.idle", "must be at most people.longest (%s), not %s", p.Longest, p.Idle)
	for i, role := range p.SecondFactor {
		key := fmt.Sprintf("people.second_factor[%d]", i)
		r.must(role.Valid() == nil, key, "must be one of %v, not %q", people.Roles(), string(role))
	}
	for i, text := range p.Proxies {
		_, err := networkOf(text)
		r.must(err == nil, fmt.Sprintf("people.proxies[%d]", i), "must be an address or a network such as 10.0.0.0/8")
	}
	files := []struct{ key, path string }{
		{"ledger.path", c.Ledger.Path},
		{"people.path", p.Path},
		{"audit.path", c.Audit.Path},
		{"audit.witness", c.Audit.Witness},
	}
	for i, f := range files {
		if f.path == "" {
			continue
		}
		same := slices.ContainsFunc(files[:i], func(o struct{ key, path string }) bool {
			return o.path != "" && filepath.Clean(o.path) == filepath.Clean(f.path)
		})
		r.must(!same, f.key, "must be a file of its own")
	}
	if c.Ledger.URL != "" {
		r.must(p.Path == "", "people.path", "must be empty when ledger.url is set: users are in its database")
		r.must(c.Audit.Path == "", "audit.path", "must be empty when ledger.url is set: the log is in its database")
	}
}
