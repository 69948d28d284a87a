package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"hotline/internal/testbed"
)

// TestFaultsOfRedis breaks a real Redis in every way an operator will meet, while events
// go on. The fold must say what is wrong, and agree to the event once it is over.
func TestFaultsOfRedis(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{
		{
			name: "killed without its data", want: ErrUnreachable, rebuilds: 1,
			inject: func(t *testing.T, b *bench) { b.must(t, b.server.Kill()) },
			heal:   func(t *testing.T, b *bench) { b.must(t, b.server.Restart(t.Context())) },
		},
		{
			name: "killed with its data", want: ErrUnreachable, keeps: true,
			inject: func(t *testing.T, b *bench) { b.must(t, b.server.Kill()) },
			heal:   func(t *testing.T, b *bench) { b.must(t, b.server.Restart(t.Context())) },
		},
		{
			name: "stopped in its tracks", want: ErrUnreachable,
			inject: func(t *testing.T, b *bench) { b.must(t, b.server.Signal(syscall.SIGSTOP)) },
			heal:   func(t *testing.T, b *bench) { b.must(t, b.server.Signal(syscall.SIGCONT)) },
		},
		{
			name: "out of memory", want: ErrNotWritable,
			inject: func(t *testing.T, b *bench) { b.do(t, "CONFIG", "SET", "maxmemory", "1") },
			heal:   func(t *testing.T, b *bench) { b.do(t, "CONFIG", "SET", "maxmemory", "0") },
		},
		{
			name: "read-only replica", want: ErrNotWritable,
			inject: func(t *testing.T, b *bench) { b.do(t, "REPLICAOF", "127.0.0.1", "1") },
			heal:   func(t *testing.T, b *bench) { b.do(t, "REPLICAOF", "NO", "ONE") },
		},
		{
			name: "disk full", want: ErrNotWritable, says: "MISCONF",
			args: []string{"--enable-protected-configs", "local"},
			inject: func(t *testing.T, b *bench) {
				b.do(t, "CONFIG", "SET", "dir", "/proc") // no file can be made there
				b.do(t, "CONFIG", "SET", "save", "1 1")
				b.do(t, "CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
				b.do(t, "SET", "changed", "1")
				b.do(t, "BGSAVE")
				tick := time.NewTicker(5 * time.Millisecond)
				defer tick.Stop()
				for ; !strings.Contains(b.admin.Info(t.Context(), "persistence").Val(), "bgsave_status:err"); <-tick.C {
					b.must(t, t.Context().Err())
				}
			},
			heal: func(t *testing.T, b *bench) { b.do(t, "CONFIG", "SET", "stop-writes-on-bgsave-error", "no") },
		},
		{
			name: "loading its data", want: ErrNotWritable, says: "LOADING",
			// It answers while it loads, and each key takes it some milliseconds.
			args: []string{"--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"},
			inject: func(t *testing.T, b *bench) {
				for i := range 100 {
					b.do(t, "SET", fmt.Sprintf("stranger-%d", i), strings.Repeat("x", 500))
				}
				b.do(t, "SAVE")
				b.must(t, b.server.Kill())
				b.loaded = make(chan error, 1)
				go func() { b.loaded <- b.server.Restart(t.Context()) }()
			},
			heal: func(t *testing.T, b *bench) { b.must(t, <-b.loaded) },
		},
		{
			name: "set back to an older copy", want: ErrUnreachable,
			inject: func(t *testing.T, b *bench) {
				b.do(t, "SAVE")
				b.ledger.append(sample(201, 50, 4)...)
				b.fold.awaitLevel(t, 250)
				b.must(t, b.server.Kill())
			},
			heal: func(t *testing.T, b *bench) { b.must(t, b.server.Restart(t.Context())) },
		},
		{
			name: "password changed", want: ErrRefused,
			inject: func(t *testing.T, b *bench) {
				b.do(t, "CONFIG", "SET", "requirepass", "new")
				b.do(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
			},
			heal: func(t *testing.T, b *bench) { b.do(t, "CONFIG", "SET", "requirepass", "") },
		},
		{
			name: "emptied", rebuilds: 1,
			inject: func(t *testing.T, b *bench) { b.do(t, "FLUSHALL") },
		},
		{
			name:   "connections cut",
			inject: func(t *testing.T, b *bench) { b.do(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") },
		},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.try(t)
		})
	}
}

// fault is one way to break Redis.
type fault struct {
	name         string
	inject, heal func(*testing.T, *bench)
	keeps        bool     // Redis keeps its data over a restart
	args         []string // of Redis
	want         error    // what the state must say meanwhile
	says         string   // and in which words of Redis
	rebuilds     uint64   // how often the counters must be begun anew because of it
}

// bench is a real Redis with a Folder and a Mirror at work on it.
type bench struct {
	server *testbed.Redis
	admin  *redis.Conn // open all the time, so that a changed password does not lock it out
	loaded chan error  // the end of a start in the background
	ledger *memLedger
	fold   *running
}

func (b *bench) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) do(t *testing.T, args ...any) {
	t.Helper()
	b.must(t, b.admin.Do(t.Context(), args...).Err())
}

func (f fault) try(t *testing.T) {
	b := &bench{server: testbed.RunRedis(t, testbed.RedisOptions{AppendOnly: f.keeps, Args: f.args})}
	client := redis.NewClient(&redis.Options{Addr: b.server.Addr, DisableIdentity: true})
	b.admin = client.Conn()
	t.Cleanup(func() {
		b.admin.Close()
		client.Close()
	})
	o := testOptions(t)
	o.Addr, o.ReadTimeout, o.WriteTimeout = b.server.Addr, time.Second, time.Second
	s, err := Open(o)
	opened(t, s, err)
	b.do(t, "PING")

	ledger := &memLedger{events: sample(1, 200, 1)}
	fold, live := run(t, s, ledger), runMirror(t, s)
	b.ledger, b.fold = ledger, fold
	before := fold.awaitLevel(t, 200)
	live.Put(1, entered, "before")
	live.await(t, 1)

	f.inject(t, b)
	had := len(ledger.all())
	ledger.append(sample(uint64(had)+1, 130, 2)...)
	fold.Wake()
	live.Put(2, entered, "meanwhile")
	if f.want != nil {
		st := fold.await(t, f.want.Error(), func(st Status) bool {
			return errors.Is(st.Err, f.want) && strings.Contains(st.Err.Error(), f.says)
		})
		if st.Applied > uint64(had) || st.Since.IsZero() {
			t.Errorf("the state during the fault is %+v", st)
		}
		f.heal(t, b)
	}
	after := fold.awaitLevel(t, had+130)
	mustAgree(t.Context(), t, s, ledger.all())
	mustVerify(t.Context(), t, s, ledger)
	if n := after.Rebuilds - before.Rebuilds; n != f.rebuilds {
		t.Errorf("the counters were begun anew %d times, want %d", n, f.rebuilds)
	}
	if after.Gaps != 0 {
		t.Errorf("%d gaps, want none", after.Gaps)
	}
	live.await(t, 2)
}

// TestRandomFaults runs the Folder against a Redis that is emptied, restarted, set back,
// made to refuse and given other events to fold, in any order. In the end, and whenever
// the fold says that it is level, the figures must equal a recount.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	rapid.Check(t, func(t *rapid.T) {
		s, err := Embedded(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		server, ledger := s.embedded.server, &memLedger{}
		f := run(t, s, ledger)
		t.Cleanup(f.stop)
		t.Repeat(map[string]func(*rapid.T){
			"events": func(t *rapid.T) {
				n := rapid.IntRange(1, 120).Draw(t, "n")
				ledger.append(randomEvents(t, uint64(len(ledger.all()))+1, n)...)
				f.Wake()
			},
			"emptied": func(*rapid.T) { server.FlushAll() },
			"crash": func(t *rapid.T) {
				server.Close()
				if rapid.Bool().Draw(t, "loses its data") {
					server.FlushAll()
				}
				restart(t, server)
			},
			"refuses": func(t *rapid.T) {
				server.SetError(rapid.SampledFrom([]string{
					"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.",
					"OOM command not allowed", "NOAUTH Authentication required.", "ERR unknown",
				}).Draw(t, "answer"))
			},
			"is well again": func(*rapid.T) { server.SetError("") },
			"older ledger": func(t *rapid.T) {
				events := ledger.all()
				ledger.set(events[:rapid.IntRange(0, len(events)).Draw(t, "left")], nil)
			},
			"ledger fails":   func(*rapid.T) { ledger.set(ledger.all(), errors.New("disk is away")) },
			"ledger is back": func(*rapid.T) { ledger.set(ledger.all(), nil) },
			"level": func(t *rapid.T) {
				server.SetError("")
				ledger.set(ledger.all(), nil)
				f.Wake()
				f.awaitLevel(t, len(ledger.all()))
				mustAgree(t.Context(), t, s, ledger.all())
			},
		})
	})
}

// restart brings a server back to its port, which an outgoing connection of this machine
// may hold for a moment.
func restart(t testingT, server *miniredis.Miniredis) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for err := server.Restart(); err != nil; err = server.Restart() {
		select {
		case <-again.C:
		case <-limit.C:
			t.Fatal(err)
		}
	}
}

// TestLag holds the lag to the first event that waits, by an injected clock.
func TestLag(t *testing.T) {
	t.Parallel()
	var late atomic.Int64
	o := testOptions(t)
	o.Now = func() time.Time { return entered.Add(time.Duration(late.Load())) }
	s, err := Embedded(o)
	opened(t, s, err)
	away := errors.New("disk is away")
	ledger := &memLedger{err: away}
	f := run(t, s, ledger)
	f.awaitFault(t, away)
	if st := f.Status(); st.Lag != 0 {
		t.Errorf("lag before any event is %s", st.Lag)
	}
	f.Wake()
	late.Store(int64(3 * time.Second))
	f.Wake()
	if st := f.Status(); st.Lag != 3*time.Second {
		t.Errorf("lag is %s, want 3 s since the first wake", st.Lag)
	}
	ledger.set(sample(1, 10, 1), nil)
	st := f.awaitLevel(t, 10)
	if st.Lag != 0 || st.LastFault == nil || !st.Since.IsZero() {
		t.Errorf("state after recovery is %+v", st)
	}
}

// TestBackoff counts the attempts on a Redis that is away for a minute: pauses of 100 ms
// to 5 s, a line in the log at the beginning only, and an end as soon as it is told.
func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		s, err := Open(Options{Addr: "127.0.0.1:1", Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		if err != nil {
			t.Fatal(err)
		}
		f := NewFolder(s, &memLedger{})
		var pauses []time.Duration
		last := time.Now()
		f.observe = func(Status) {
			pauses = append(pauses, time.Since(last))
			last = time.Now()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-time.After(2 * time.Second) // the library sees the end of the pool up to a second late
		for i, limit := 1, 100*time.Millisecond; i < len(pauses); i++ {
			if pauses[i] < limit/2 || pauses[i] > limit {
				t.Errorf("pause %d is %s, want %s to %s", i, pauses[i], limit/2, limit)
			}
			limit = min(2*limit, 5*time.Second)
		}
		if len(pauses) < 15 {
			t.Errorf("%d attempts in a minute: %s", len(pauses), pauses)
		}
		if n := strings.Count(lines.String(), "stand still"); n != 1 {
			t.Errorf("the log tells of the fault %d times, want once:\n%s", n, &lines)
		}
	})
}

// TestCheck holds the plain errors of Check to a real Redis.
func TestCheck(t *testing.T) {
	t.Parallel()
	server := testbed.RunRedis(t, testbed.RedisOptions{})
	open := func(addr, password string) *Store {
		s, err := Open(Options{Addr: addr, Password: password})
		return opened(t, s, err)
	}
	good := open(server.Addr, "")
	if warnings, err := good.Check(t.Context()); len(warnings) != 0 || err != nil {
		t.Errorf("a good redis gives %q, %v", warnings, err)
	}
	if err := good.redis.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	warnings, err := good.Check(t.Context())
	if len(warnings) != 1 || !strings.Contains(warnings[0], "allkeys-lru") || err != nil {
		t.Errorf("a redis that evicts gives %q, %v; want a warning", warnings, err)
	}
	clock, err := good.Time(t.Context())
	if d := time.Since(clock).Abs(); err != nil || d > patience {
		t.Errorf("the clock of redis is %s off ours, %v; both are this machine's", d, err)
	}
	if _, err := open("127.0.0.1:1", "").Check(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no redis gives %v, want ErrUnreachable", err)
	}
	if err := good.redis.ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"", "wrong"} {
		if _, err := open(server.Addr, password).Check(t.Context()); !errors.Is(err, ErrRefused) {
			t.Errorf("password %q gives %v, want ErrRefused", password, err)
		}
	}
	if _, err := open(server.Addr, "secret").Check(t.Context()); err != nil {
		t.Errorf("the right password gives %v", err)
	}
	inside, err := Embedded(Options{})
	opened(t, inside, err)
	if warnings, err = inside.Check(t.Context()); len(warnings) != 1 || err != nil || !inside.IsEmbedded() {
		t.Errorf("an embedded redis gives %q, %v; want a warning", warnings, err)
	}
}

// TestEmbeddedSaysSo holds the warning to the log, and the expiry to the embedded server.
func TestEmbeddedSaysSo(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	s, err := Embedded(Options{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
	opened(t, s, err)
	if !strings.Contains(lines.String(), "no redis is configured") {
		t.Errorf("the log says %q", lines.String())
	}
	if err := s.redis.Set(t.Context(), "short-lived", "1", time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); ; <-look.C {
		if n, err := s.redis.Exists(t.Context(), "short-lived").Result(); err != nil || n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a key of the embedded redis does not expire")
		}
	}
}
