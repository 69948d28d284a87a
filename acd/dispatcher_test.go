package acd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

// desk is a running dispatcher and what came out of it, in words.
type desk struct {
	*Dispatcher
	t      *testing.T
	mu     sync.Mutex
	words  []string
	answer func(Action) // called for each action, may submit
	cancel context.CancelFunc
	ended  chan error
}

func newDesk(t *testing.T, mailbox int) *desk {
	t.Helper()
	e, err := New(twoQueues())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	d := &desk{t: t, ended: make(chan error, 1), answer: func(Action) {}}
	d.Dispatcher, err = NewDispatcher(e, Options{
		Mailbox: mailbox,
		Record:  func(ev call.Event) { d.say(traceEvent(ev)) },
		Act:     func(a Action) { d.say(traceAction(a)); d.answer(a) },
	})
	if err != nil {
		t.Fatalf("NewDispatcher: %v", err)
	}
	return d
}

func (d *desk) say(words string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.words = append(d.words, words)
}

func (d *desk) run() {
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go func() { d.ended <- d.Run(ctx) }()
}

func (d *desk) stop() {
	d.t.Helper()
	d.cancel()
	if err := <-d.ended; err != nil {
		d.t.Errorf("Run: %v", err)
	}
}

func (d *desk) submit(commands ...Command) {
	d.t.Helper()
	for _, c := range commands {
		if err := d.Submit(c); err != nil {
			d.t.Errorf("Submit %T: %v", c, err)
		}
	}
}

// wantWords checks what came out so far, and forgets it.
func (d *desk) wantWords(want ...string) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(want, d.words); diff != "" {
		d.t.Errorf("-want +got:\n%s", diff)
	}
	d.words = nil
}

// pass lets time go by in the bubble, and everything happen that is due.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// Deadlines take effect without any command, at their time; events come before actions.
func TestDispatcherWakesForDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 0)
		d.run()
		defer d.stop()
		d.submit(rung...)
		synctest.Wait()
		d.wantWords("ann: offline > ready", "queued c1 queueing=false", "offered c1-a1", "ann: ready > ringing",
			"! ring c1-a1 ann")
		pass(ringFor - time.Millisecond)
		d.wantWords()
		pass(time.Millisecond)
		d.wantWords("offer_ended c1-a1 no_answer", "ann: ringing > ready", "! drop c1-a1 no_answer")
		pass(missPause)
		d.wantWords("offered c1-a2", "ann: ready > ringing", "! ring c1-a2 ann")
		d.submit(Answered{"c1-a2"}, LegEnded{"c1-a2", call.ByCaller}, WrapUpDone{"ann"})
		synctest.Wait()
		d.wantWords("answered c1-a2", "ann: ringing > talking", "! connect c1-a2 ann",
			"talk_ended c1-a2 caller", "ann: talking > wrapup", "wrapup_ended c1 ann", "ann: wrapup > ready")
		pass(24 * time.Hour)
		d.wantWords()
	})
}

func TestDispatcherBounds(t *testing.T) {
	d := newDesk(t, 2)
	d.submit(SignIn{"ann"}, Tick{})
	for range 3 {
		if err := d.Submit(Tick{}); !errors.Is(err, ErrOverloaded) {
			t.Fatalf("Submit to a full mailbox: %v, want ErrOverloaded", err)
		}
	}
	if _, err := d.Snapshot(t.Context()); !errors.Is(err, ErrOverloaded) {
		t.Errorf("Snapshot with a full mailbox: %v, want ErrOverloaded", err)
	}
	if got := d.Overloads(); got != 4 {
		t.Errorf("Overloads = %d, want 4", got)
	}
}

// What was taken is applied when Run ends; afterwards nothing is taken. Run may see its
// end or the mailbox first, so that one try proves nothing.
func TestDispatcherEnd(t *testing.T) {
	for range 20 {
		d := newDesk(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d.submit(rung...)
		if err := d.Run(ctx); err != nil {
			t.Fatalf("Run: %v", err)
		}
		d.wantWords("ann: offline > ready", "queued c1 queueing=false", "offered c1-a1",
			"ann: ready > ringing", "! ring c1-a1 ann")
		if err := d.Submit(Tick{}); !errors.Is(err, ErrClosed) {
			t.Errorf("Submit: %v, want ErrClosed", err)
		}
		if _, err := d.Snapshot(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Snapshot: %v, want ErrClosed", err)
		}
		if err := d.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("second Run: %v, want ErrRunning", err)
		}
	}
}

// A snapshot shows everything that was submitted before it, by way of the same mailbox.
func TestDispatcherSnapshotSeesWhatWasSubmitted(t *testing.T) {
	d := newDesk(t, 0)
	d.run()
	defer d.stop()
	for i := range 200 {
		id := call.ID(fmt.Sprint("c", i))
		d.submit(Enter{Call: id, Queue: "care"})
		s, err := d.Snapshot(t.Context())
		if err != nil {
			t.Fatalf("Snapshot: %v", err)
		}
		callers := s.Queues[0].Callers
		if len(callers) != i+1 || callers[i].Call != id {
			t.Fatalf("snapshot %d shows %d callers", i, len(callers))
		}
	}
}

func TestDispatcherSnapshotEndsWithItsContext(t *testing.T) {
	d := newDesk(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Snapshot(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot without Run: %v, want context.Canceled", err)
	}
}

// Callers from many goroutines while the phones answer from within Act: everyone is
// served once.
func TestDispatcherServesManyAtOnce(t *testing.T) {
	const lines, each = 8, 250
	d := newDesk(t, 0)
	served := make(chan call.ID, lines*each)
	d.answer = func(a Action) {
		switch a := a.(type) {
		case Ring:
			d.submit(Answered{a.Offer})
		case Connect:
			served <- a.Call
			d.submit(LegEnded{a.Offer, call.ByCaller}, WrapUpDone{a.Agent})
		}
	}
	d.run()
	d.submit(SignIn{"ann"}, SignIn{"bob"}, SignIn{"cy"})
	for line := range lines {
		go func() {
			for i := range each {
				queue := []call.QueueID{"care", "sales"}[i%2]
				d.submit(Enter{Call: call.ID(fmt.Sprint("c", line, "-", i)), Queue: queue})
			}
		}()
	}
	seen := map[call.ID]bool{}
	for range lines * each {
		id := <-served
		if seen[id] {
			t.Errorf("%s is connected twice", id)
		}
		seen[id] = true
	}
	d.stop()
}

func TestDispatcherOptions(t *testing.T) {
	e, err := New(twoQueues())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	record, act := func(call.Event) {}, func(Action) {}
	for _, tc := range []struct {
		engine  *Engine
		options Options
		want    string
	}{
		{nil, Options{Record: record, Act: act}, "engine: must be given"},
		{e, Options{Record: record, Act: act, Mailbox: -1}, "Mailbox: -1 must not be negative"},
		{e, Options{Act: act}, "Record: must be given"},
		{e, Options{Record: record}, "Act: must be given"},
	} {
		_, err := NewDispatcher(tc.engine, tc.options)
		if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("NewDispatcher: %v, want ErrOptions with %q", err, tc.want)
		}
	}
}
