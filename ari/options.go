package ari

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Options says which Asterisk to speak with and how patiently.
type Options struct {
	URL      string // base of ARI, such as "http://127.0.0.1:8088/ari"; http or https, no query
	User     string // user of ari.conf
	Password string
	App      string // name of our Stasis application: letters, digits, '_', '-', '.'

	// Subscribe names event sources asked for after every connect. "deviceState:PJSIP/a1001"
	// tells of registration (UNAVAILABLE, NOT_INUSE, ...) by DeviceStateChanged.
	// "endpoint:PJSIP/a1001" tells it by EndpointStateChange, and of each contact, but also
	// sends every event of the phone's channels a second time.
	Subscribe []string
	Watch     []string // endpoints whose state the Snapshot carries: "PJSIP/a1001"

	PingEvery      time.Duration // pause between pings, also the limit for a pong and for an event of our own; 0 = 3 s
	PingMisses     int           // missed ones in a row that end the connection; 0 = 2, so within 9 s
	CommandTimeout time.Duration // limit of one command with its retry; 0 = 4 s
	BackoffMin     time.Duration // first pause before connecting again; 0 = 100 ms
	BackoffMax     time.Duration // longest pause; 0 = 5 s
	ReadLimit      int64         // longest event, bytes; 0 = 4 MiB
	Backlog        int           // events that may wait for the consumer; 0 = 65536

	// Guard is asked before every command that changes something and before every connect;
	// its error refuses them, and the refusal of a connect ends Run with it. A controller that
	// is not the active one any more is kept from acting by it. nil = always allowed.
	Guard func(ctx context.Context) error

	TLS *tls.Config  // for https; nil = the system's roots
	Log *slog.Logger // nil = discard
}

func (o Options) withDefaults() Options {
	setDuration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	setDuration(&o.PingEvery, 3*time.Second)
	setDuration(&o.CommandTimeout, 4*time.Second)
	setDuration(&o.BackoffMin, 100*time.Millisecond)
	setDuration(&o.BackoffMax, 5*time.Second)
	if o.PingMisses == 0 {
		o.PingMisses = 2
	}
	if o.ReadLimit == 0 {
		o.ReadLimit = 4 << 20
	}
	if o.Backlog == 0 {
		o.Backlog = 65536
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Guard == nil {
		o.Guard = func(context.Context) error { return nil }
	}
	o.URL = strings.TrimRight(o.URL, "/")
	return o
}

func (o Options) validate() error {
	u, err := url.Parse(o.URL)
	if err != nil {
		// Without the text itself: it may hold a password.
		return errors.New("ari: url: must be scheme, host, port and path only")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("ari: url %q: scheme must be http or https", u.Redacted())
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("ari: url %q: must be scheme, host, port and path only", u.Redacted())
	case o.User == "" || o.Password == "":
		return errors.New("ari: user and password: must be set")
	case strings.Contains(o.User, ":"):
		return errors.New("ari: user: must not contain a colon")
	case !plainName(o.App):
		return fmt.Errorf("ari: app %q: must be letters, digits, '_', '-' and '.'", o.App)
	}
	return o.validateLimits()
}

func (o Options) validateLimits() error {
	switch {
	case o.PingEvery < 0 || o.CommandTimeout < 0 || o.BackoffMin < 0:
		return errors.New("ari: ping every, command timeout and backoff: must not be negative")
	case o.BackoffMax < o.BackoffMin:
		return fmt.Errorf("ari: backoff max %v: must not be below backoff min %v", o.BackoffMax, o.BackoffMin)
	case o.PingMisses < 1:
		return fmt.Errorf("ari: ping misses %d: must be at least 1", o.PingMisses)
	case o.ReadLimit < 1<<20:
		return fmt.Errorf("ari: read limit %d: must be at least 1 MiB", o.ReadLimit)
	case o.Backlog < 1:
		return fmt.Errorf("ari: backlog %d: must be at least 1", o.Backlog)
	}
	for _, name := range o.Watch {
		if tech, resource, ok := strings.Cut(name, "/"); !ok || tech == "" || resource == "" {
			return fmt.Errorf("ari: watch %q: must be technology/resource", name)
		}
	}
	for _, source := range o.Subscribe {
		if kind, name, ok := strings.Cut(source, ":"); !ok || kind == "" || name == "" || strings.Contains(name, ",") {
			return fmt.Errorf("ari: subscribe %q: must be kind:name without a comma", source)
		}
	}
	return nil
}

func plainName(s string) bool {
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", r) {
			return false
		}
	}
	return s != ""
}
