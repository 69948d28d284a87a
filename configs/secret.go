package configs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// Secret is a password or token. Printing or logging it shows stars.
type Secret struct{ value string }

// NewSecret wraps a password that was made at run time, such as the demo's.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the password itself, for the one call that needs it.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no password.
func (s Secret) Empty() bool { return s.value == "" }

// String hides the password from fmt.
func (s Secret) String() string { return "***" }

// GoString hides the password from %#v.
func (s Secret) GoString() string { return "configs.Secret(***)" }

// MarshalText hides the password from JSON and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// LogValue hides the password from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }

// maxSecret bounds what is read: a password file that is longer is some other file.
const maxSecret = 4096

// readSecret reads a password file: one line, its end of line left out. A file that every
// user of the machine may read is refused, since it is no secret any more.
func readSecret(name string) (Secret, error) {
	f, err := os.Open(name)
	if err != nil {
		return Secret{}, fmt.Errorf("must be a file that can be read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Secret{}, fmt.Errorf("must be a file that can be read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Secret{}, fmt.Errorf("must be a regular file: %s", name)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return Secret{}, fmt.Errorf("must not be open to other users: chmod o-rwx %s", name)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return Secret{}, fmt.Errorf("must be a file that can be read: %w", err)
	}
	value := strings.TrimRight(string(content), "\r\n")
	switch {
	case value == "":
		return Secret{}, errors.New("must not be an empty file")
	case len(content) > maxSecret || strings.ContainsAny(value, "\r\n\x00"):
		return Secret{}, errors.New("must be a file of one line")
	}
	return Secret{value: value}, nil
}

// readSecrets reads every password file that is named.
func (c *Config) readSecrets() Problems {
	var problems Problems
	read := func(key, name string, to *Secret) {
		if name == "" {
			return
		}
		secret, err := readSecret(name)
		if to == &c.API.Token && errors.Is(err, fs.ErrNotExist) {
			return // the first start makes it
		}
		if err != nil {
			problems = append(problems, Problem{Key: key, Rule: err.Error()})
			return
		}
		*to = secret
	}
	read("asterisk.password_file", c.Asterisk.PasswordFile, &c.Asterisk.Password)
	read("redis.password_file", c.Redis.PasswordFile, &c.Redis.Password)
	read("redis.sentinel_password_file", c.Redis.SentinelPasswordFile, &c.Redis.SentinelPassword)
	read("ledger.password_file", c.Ledger.PasswordFile, &c.Ledger.Password)
	read("api.token_file", c.API.TokenFile, &c.API.Token)
	for i := range c.Agents {
		read(fmt.Sprintf("agents[%d].password_file", i), c.Agents[i].PasswordFile, &c.Agents[i].Password)
	}
	return problems
}

// MakeToken makes the API's token when there is none yet: random, in TokenFile, readable by
// this user alone. It never replaces one.
func (c *Config) MakeToken() error {
	if !c.API.Token.Empty() {
		return nil
	}
	token := rand.Text()
	f, err := os.OpenFile(c.API.TokenFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("api.token_file: cannot be made: %w", err)
	}
	if _, err := f.WriteString(token + "\n"); err != nil {
		return errors.Join(fmt.Errorf("api.token_file: cannot be written: %w", err), f.Close(), os.Remove(f.Name()))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("api.token_file: cannot be written: %w", err)
	}
	c.API.Token = NewSecret(token)
	return nil
}
