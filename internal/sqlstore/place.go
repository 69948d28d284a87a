package sqlstore

import "net/url"

// Place says where a store is: in a file of SQLite, or in a database of PostgreSQL, which
// several stores share.
type Place struct {
	// Path is the file of SQLite.
	Path string
	// URL is the address of a PostgreSQL database, postgres://user@host:port/database with
	// the usual parameters behind it; it is used when it is not empty.
	URL string
	// Password is of the user in URL; "" when none is needed.
	Password string
}

// String names the place without any secret.
func (p Place) String() string {
	if p.URL == "" {
		return p.Path
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return "PostgreSQL" // the text may hold a password
	}
	u.RawQuery = ""
	return u.Redacted()
}
