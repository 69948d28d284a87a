package ari_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/ari"
	"hotline/ari/aritest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit ends a test that waits for what never comes.
const limit = 20 * time.Second

// rig is a client that runs against a scripted Asterisk.
type rig struct {
	t      *testing.T
	ctx    context.Context
	srv    *aritest.Server
	client *ari.Client
	logged *logbook
	stop   context.CancelFunc
	ended  chan error // result of Run
}

// start runs a client until the end of the test. Pauses are short, everything else is as
// in production unless the test changes it.
func start(t *testing.T, change ...func(*ari.Options)) *rig {
	t.Helper()
	return startWith(t, aritest.New(), change...)
}

func startWith(t *testing.T, srv *aritest.Server, change ...func(*ari.Options)) *rig {
	t.Helper()
	r := newRig(t, srv, change...)
	go func() { r.ended <- r.client.Run(r.ctx) }()
	t.Cleanup(func() {
		r.stop()
		if err := r.wait(); err != nil && !errors.Is(err, ari.ErrReplaced) {
			t.Errorf("run ended with %v", err)
		}
	})
	return r
}

func newRig(t *testing.T, srv *aritest.Server, change ...func(*ari.Options)) *rig {
	t.Helper()
	r := &rig{t: t, srv: srv, logged: &logbook{}, ended: make(chan error, 1)}
	o := r.srv.Options()
	o.BackoffMin, o.BackoffMax = time.Millisecond, 5*time.Millisecond
	o.Log = slog.New(r.logged)
	for _, f := range change {
		f(&o)
	}
	client, err := ari.New(o)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	r.client = client
	t.Cleanup(srv.Close)
	t.Cleanup(client.Close)
	r.ctx, r.stop = context.WithTimeout(t.Context(), limit)
	t.Cleanup(r.stop)
	return r
}

// wait gives the result of Run, reading what is left in the queue.
func (r *rig) wait() error {
	for range r.client.Messages() { // emptied so that Run can end
	}
	err := <-r.ended
	r.ended <- err
	return err
}

// next is the next message, which must be a T.
func next[T ari.Message](r *rig) T {
	r.t.Helper()
	var zero T
	select {
	case m, ok := <-r.client.Messages():
		if !ok {
			r.t.Fatalf("queue closed, want a %T", zero)
		}
		found, ok := m.(T)
		if !ok {
			r.t.Fatalf("message %T %+v, want a %T", m, m, zero)
		}
		return found
	case <-r.ctx.Done():
		r.t.Fatalf("no message, want a %T", zero)
	}
	return zero
}

// event is the next message, which must be an event of that type.
func (r *rig) event(want ari.EventType) *ari.Event {
	r.t.Helper()
	e := next[*ari.Event](r)
	if e.Type != want {
		r.t.Fatalf("event %s, want %s", e.Type, want)
	}
	return e
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// logbook counts log lines by text.
type logbook struct {
	mu    sync.Mutex
	lines map[string]int
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = make(map[string]int)
	}
	l.lines[r.Message]++
	return nil
}

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[text]
}
