package lifecycle

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStopRunsInReverseOnceAndKeepsErrors(t *testing.T) {
	var s Stack
	var order []string
	fault := errors.New("disk is gone")
	s.Push("first", func(context.Context) error { order = append(order, "first"); return nil })
	s.Push("second", func(context.Context) error { order = append(order, "second"); return fault })
	for range 2 {
		if err := s.Stop(t.Context(), time.Second); !errors.Is(err, fault) {
			t.Errorf("Stop = %v, want the fault of the second step", err)
		}
	}
	if diff := cmp.Diff([]string{"second", "first"}, order); diff != "" {
		t.Errorf("order of teardown: %s", diff)
	}
}

func TestStopIsBoundedWhenAPartHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Stack
		closed := false
		release := make(chan struct{})
		s.Push("file", func(context.Context) error { closed = true; return nil })
		s.Go(t.Context(), "hangs", func(context.Context) error { <-release; return nil }, func(error) {})
		err := s.Stop(t.Context(), 3*time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || !closed {
			t.Errorf("Stop = %v, file closed = %v; want a deadline error and a closed file", err, closed)
		}
		close(release)
	})
}

func TestGoReportsAPartThatEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Stack
		fault := errors.New("port taken")
		got := make(chan error, 1)
		s.Go(t.Context(), "web", func(context.Context) error { return fault }, func(err error) { got <- err })
		if err := <-got; !errors.Is(err, fault) {
			t.Errorf("failed(%v), want the part's fault", err)
		}
		if err := s.Stop(t.Context(), time.Second); !errors.Is(err, fault) {
			t.Errorf("Stop = %v, want the part's fault", err)
		}
	})
}
