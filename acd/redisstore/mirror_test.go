package redisstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// mirror writes and reads a live state, and brings it back to a Redis that was emptied.
func mirror(t *testing.T, s *Store) {
	ctx := t.Context()
	m := runMirror(t, s)
	if _, err := m.Get(ctx); !errors.Is(err, ErrNoMirror) {
		t.Fatalf("get before the first put gave %v, want ErrNoMirror", err)
	}
	m.Put(7, entered, map[string]int{"calls": 3})
	m.await(t, 7)
	got, err := m.Get(ctx)
	if err != nil || got.Number != 7 || !got.At.Equal(entered) || string(got.State) != `{"calls":3}` {
		t.Errorf("got %+v, %v", got, err)
	}
	ttl, err := s.redis.PTTL(ctx, s.keys.mirror()).Result()
	if err != nil || ttl <= 0 || ttl > 30*time.Second {
		t.Errorf("the live state lives for %s, %v; want up to 30 s", ttl, err)
	}
	wipe(t, s)
	m.await(t, 7)

	m.Put(8, entered, func() {}) // cannot be JSON
	m.Put(9, entered, 1)
	m.await(t, 9)
}

// unwritable puts a state that cannot be JSON. The mirror says so and keeps the last one.
func unwritable(t *testing.T, s *Store) {
	m := NewMirror(s)
	m.Put(1, entered, "good")
	if err := m.write(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.Put(2, entered, func() {})
	if err := m.write(t.Context()); err == nil || m.Status().Err == nil {
		t.Errorf("writing a function gave %v and the state %+v, want an error", err, m.Status())
	}
	if err := m.write(t.Context()); err != nil || m.Status().Err != nil || m.Status().Faults != 1 {
		t.Errorf("the write after gave %v and the state %+v, want one fault that is over", err, m.Status())
	}
	if got, err := m.Get(t.Context()); err != nil || got.Number != 1 {
		t.Errorf("got %+v, %v; want the last good state", got, err)
	}
}

// mirrorUnderLoad puts far more than can be written; the last one must arrive.
func mirrorUnderLoad(t *testing.T, s *Store) {
	m := runMirror(t, s)
	const puts = 5000
	for i := range uint64(puts) {
		m.Put(i+1, entered, "state")
	}
	m.await(t, puts)
	m.await(t, puts) // the second announcement comes after the first write was counted
	m.stop()
	st := m.Status()
	if st.Coalesced == 0 || st.Coalesced+st.Sent < puts {
		t.Errorf("state is %+v: %d puts must be sent or overtaken", st, puts)
	}
}

// runningMirror is a Mirror at work in a test, and a watcher.
type runningMirror struct {
	*Mirror
	news chan struct{}
	stop func()
}

// runMirror starts a quick Mirror and a watcher, and ends both with the test.
func runMirror(t *testing.T, s *Store) *runningMirror {
	t.Helper()
	m := &runningMirror{Mirror: NewMirror(s), news: make(chan struct{}, 1)}
	m.pace.space, m.pace.refresh = time.Millisecond, 10*time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := m.Watch(ctx, m.hear); err != nil {
			t.Errorf("watcher ended with %v", err)
		}
	})
	ended.Go(func() {
		if err := m.Run(ctx); err != nil {
			t.Errorf("mirror ended with %v", err)
		}
	})
	m.stop = func() {
		cancel()
		ended.Wait()
	}
	t.Cleanup(m.stop)
	return m
}

func (m *runningMirror) hear() {
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// await waits, hearing announcements only, until a state can be read.
func (m *runningMirror) await(t *testing.T, number uint64) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case <-m.news:
			if got, err := m.Get(t.Context()); err == nil && got.Number == number {
				return
			}
		case <-limit.C:
			t.Fatalf("state %d was not announced", number)
		}
	}
}
