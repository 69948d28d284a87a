package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"hotline/call"
)

// ErrOptions says that the options contradict themselves.
var ErrOptions = errors.New("options of the redis store")

// Options say how to reach Redis and what the counters mean. The zero value of each field
// but Addr or Addrs has a meaning.
type Options struct {
	Addr     string      // host:port, or the path of a Unix socket; "" where Addrs are given
	Username string      // "" = the default user
	Password string      // "" = none
	DB       int         // 0 in Redis Cluster
	TLS      *tls.Config // nil = plain

	// Addrs are some nodes of a Redis Cluster, or the sentinels that know where the master is.
	Addrs            []string
	Cluster          bool
	SentinelMaster   string // the name of the master; "" = no Sentinel
	SentinelPassword string // of the sentinels themselves; "" = none

	DialTimeout  time.Duration // 0 = 1 s
	ReadTimeout  time.Duration // 0 = 500 ms
	WriteTimeout time.Duration // 0 = 500 ms
	PoolSize     int           // connections; 0 = 10

	Prefix string // hash tag of every key; "" = hotline; sites that share one Redis need their own
	Rules  Rules
	// Teams are the teams of the agents; who is not in it or has "" is in none.
	Teams map[call.AgentID]string

	Logger *slog.Logger     // nil = discard
	Now    func() time.Time // nil = time.Now
}

// normal fills in the defaults and checks the fields.
func (o Options) normal() (Options, error) {
	orDefault(&o.DialTimeout, time.Second)
	orDefault(&o.ReadTimeout, 500*time.Millisecond)
	orDefault(&o.WriteTimeout, 500*time.Millisecond)
	orDefault(&o.PoolSize, 10)
	orDefault(&o.Prefix, "hotline")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	several := o.Cluster || o.SentinelMaster != ""
	switch {
	case o.Addr == "" && len(o.Addrs) == 0:
		return o, fmt.Errorf("%w: no address", ErrOptions)
	case o.Cluster && o.SentinelMaster != "":
		return o, fmt.Errorf("%w: a cluster has no sentinels", ErrOptions)
	case several != (len(o.Addrs) > 0) || several && o.Addr != "":
		return o, fmt.Errorf("%w: a cluster and sentinels have addrs, one redis has addr", ErrOptions)
	case o.Cluster && o.DB != 0:
		return o, fmt.Errorf("%w: a cluster has database 0 alone, not %d", ErrOptions, o.DB)
	case strings.ContainsAny(o.Prefix, "{}: \t\r\n"):
		return o, fmt.Errorf("%w: prefix %q holds a brace, colon or space", ErrOptions, o.Prefix)
	case o.DB < 0 || o.PoolSize < 0 || o.DialTimeout < 0 || o.ReadTimeout < 0 || o.WriteTimeout < 0:
		return o, fmt.Errorf("%w: a negative number", ErrOptions)
	}
	var err error
	o.Rules, err = o.Rules.normal()
	return o, err
}

// LogLibrary sends what the Redis library has to say to log, at debug level. The library
// has one logger for the whole process and writes to stderr without it, a line for each
// failed connection; so the composition root calls this once, before the first Open.
func LogLibrary(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

// libraryLog is the shape of logger that the library wants.
type libraryLog struct{ *slog.Logger }

// Printf takes a message of the library. What matters of it comes back as an error as well.
func (l libraryLog) Printf(ctx context.Context, format string, v ...any) {
	l.DebugContext(ctx, "redis library", "message", fmt.Sprintf(format, v...))
}

// orDefault replaces the zero value.
func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// client makes the connection pool. It retries nothing by itself, but for the redirections of
// a cluster: the goroutines here have their own back-off, and a reader wants its answer or its
// error within the timeouts above.
//
// life bounds how old a connection gets, 0 = any age. Behind Sentinel the library may keep one
// to a master that hung while another was made: it takes writes for some seconds after it is
// back, until the sentinels tell it. Whoever connects anew asks them where the master is.
func (o Options) client(life time.Duration) redis.UniversalClient {
	addrs := slices.Clone(o.Addrs) // the library appends what it finds
	if o.Addr != "" {
		addrs = []string{o.Addr}
	}
	return redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: addrs, IsClusterMode: o.Cluster, MasterName: o.SentinelMaster, SentinelPassword: o.SentinelPassword,
		Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		PoolSize: o.PoolSize, PoolTimeout: o.ReadTimeout,
		ConnMaxLifetime: life, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true,
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}
