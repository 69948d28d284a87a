package people

import (
	"context"
	"time"
)

// Store keeps the facts. Its methods may be called from several goroutines and by several
// processes at once; each is done as a whole or not at all.
type Store interface {
	Users
	Sessions
	Tokens
}

// Users keeps people.
type Users interface {
	// AddUser adds an account. ErrTaken when its name or agent is another user's.
	AddUser(ctx context.Context, a Account) error
	// AddFirst adds an account when there is none at all, and reports whether it did.
	AddFirst(ctx context.Context, a Account) (bool, error)
	// Account returns the user of an id, ErrUnknown when there is none.
	Account(ctx context.Context, id string) (Account, error)
	// AccountNamed returns the user of a name, ErrUnknown when there is none.
	AccountNamed(ctx context.Context, name string) (Account, error)
	// Users returns all users by name.
	Users(ctx context.Context) ([]User, error)
	// SaveUser replaces a user, apart from his id, time and credentials, and returns him with
	// his new version. A user who is disabled gets a new epoch with it. ErrChanged unless the
	// version is the one that is stored, ErrLastAdministrator when nobody would be left who
	// is an enabled administrator.
	SaveUser(ctx context.Context, u User) (User, error)
	// SaveCredentials replaces what a user proves himself with. ErrChanged unless the revision
	// is the one that is stored: so a code is used once, however many ask at the same time.
	SaveCredentials(ctx context.Context, id string, c Credentials) error
}

// Sessions keeps who is signed in. A session counts as long as its user is enabled and has
// the epoch in which it began; SessionOf and SessionsOf return no other.
type Sessions interface {
	// AddSession adds one. ErrChanged when it would not count.
	AddSession(ctx context.Context, s Session) error
	// SessionOf returns the session of a token's hash with its account, or ErrUnknown.
	SessionOf(ctx context.Context, hash string) (Session, Account, error)
	// SessionsOf returns the sessions of a user, the newest first.
	SessionsOf(ctx context.Context, user string) ([]Session, error)
	// Seen notes that a session was used.
	Seen(ctx context.Context, session string, at time.Time) error
	// EndSession removes one; ErrUnknown when the user has no such session.
	EndSession(ctx context.Context, user, session string) error
	// Sweep removes the sessions that expired before now or were last used before idle, and
	// those that do not count, and returns how many.
	Sweep(ctx context.Context, now, idle time.Time) (int, error)
}

// Tokens keeps the tokens of machines.
type Tokens interface {
	// AddToken adds one; ErrTaken when its name is another token's.
	AddToken(ctx context.Context, t Token) error
	// TokenOf returns the token of a hash, or ErrUnknown.
	TokenOf(ctx context.Context, hash string) (Token, error)
	// Tokens returns all tokens by name.
	Tokens(ctx context.Context) ([]Token, error)
	// TokenUsed notes that a token was used.
	TokenUsed(ctx context.Context, token string, at time.Time) error
	// RemoveToken removes one by id; ErrUnknown when there is none.
	RemoveToken(ctx context.Context, token string) error
}

// Session is one sign-in that is not over.
type Session struct {
	ID      string // random; names the session in lists and is of no use for signing in
	Hash    string // SHA-256 of the token, in hex; the token itself is stored nowhere
	User    string // id
	Epoch   uint64 // of the user when it began
	Created time.Time
	Seen    time.Time // last use, to a minute
	Expires time.Time // the end, however much it is used
	Address string    // where the sign-in came from
	Client  string    // what the browser says it is, shortened
}

// Token lets a program read: a wallboard, a report tool. It never commands.
type Token struct {
	ID      string
	Name    string
	Hash    string // SHA-256, in hex
	Roles   []Role // what it may read
	Created time.Time
	By      string    // name of the user who made it
	Expires time.Time // from then on it is refused
	Used    time.Time // last use, to a minute; zero = never
}
