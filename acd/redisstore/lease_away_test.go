package redisstore

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"hotline/internal/testbed"
)

// TestPeers10LeaseOutlivesARedisThatHangs: Redis stops answering for longer than a lease and
// goes on with all its data, among them a lease that has run out meanwhile. The holder, who
// went on acting, has it again; the standby, who asks more often, leaves it to him. When the
// holder is gone by then, the standby has it soon.
func TestPeers10LeaseOutlivesARedisThatHangs(t *testing.T) {
	r := testbed.RunRedis(t, testbed.RedisOptions{})
	hang := func() {
		t.Helper()
		if err := r.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		<-time.After(leaseTTL + leaseTTL/2)
		if err := r.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	first, second := holder(t, r.Addr), holder(t, r.Addr)
	if err := first.Acquire(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	holding, stop := context.WithCancel(t.Context())
	ended, taken, waits := make(chan error, 1), make(chan error, 1), make(chan struct{})
	go func() { ended <- first.Run(holding) }()
	go func() { taken <- second.Acquire(t.Context(), func() { close(waits) }) }()
	<-waits
	hang()
	// Twice as long as it takes to be taken.
	select {
	case err := <-taken:
		t.Fatalf("the standby took the lease of one who acts: %v", err)
	case <-time.After(2 * awayWait):
	}
	if err := first.Check(t.Context()); err != nil {
		t.Fatalf("the holder may not act: %v", err)
	}
	began := time.Now()
	if err := r.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err == nil || errors.Is(err, ErrLeaseLost) {
		t.Errorf("the end of the holder without Redis: %v", err)
	}
	hang()
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	t.Logf("taken %v after the holder's end, of which Redis hung %v", time.Since(began), leaseTTL+leaseTTL/2)
}
