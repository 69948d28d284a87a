// Package lifecycle starts and stops the parts of a process: each teardown is registered
// right after its resource exists and they run in reverse, bounded, with every error kept.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Stack is a list of named teardowns and of goroutines that must have ended before the
// next teardown runs. The zero value is ready; it is not for concurrent Push.
type Stack struct {
	Log *slog.Logger // nil = discard

	steps []step
	once  sync.Once
	err   error
}

type step struct {
	name string
	stop func(ctx context.Context) error
}

// Push registers a teardown.
func (s *Stack) Push(name string, stop func(ctx context.Context) error) {
	s.steps = append(s.steps, step{name: name, stop: stop})
}

// Go runs a part until its own teardown cancels it; failed is called when the part ends by
// itself, so that the process does not go on without it unnoticed.
func (s *Stack) Go(ctx context.Context, name string, run func(ctx context.Context) error, failed func(error)) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		err := run(own)
		if own.Err() == nil {
			failed(fmt.Errorf("%s ended: %w", name, orEnded(err)))
		}
		done <- err
	}()
	s.Push(name, func(ctx context.Context) error {
		cancel()
		select {
		case err := <-done:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case <-ctx.Done():
			return fmt.Errorf("did not end in time: %w", ctx.Err())
		}
	})
}

// ErrEnded is the reason given for a part that ended without one.
var ErrEnded = errors.New("no reason given")

func orEnded(err error) error {
	if err == nil {
		return ErrEnded
	}
	return err
}

// Stop runs the teardowns in reverse, once; each has at most the given time, so that a part
// that hangs does not keep the others from closing their files.
func (s *Stack) Stop(ctx context.Context, each time.Duration) error {
	s.once.Do(func() {
		for _, st := range slices.Backward(s.steps) {
			bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), each)
			if err := st.stop(bound); err != nil {
				s.err = errors.Join(s.err, fmt.Errorf("stop %s: %w", st.name, err))
				if s.Log != nil {
					s.Log.Error("part did not stop cleanly", "part", st.name, "error", err)
				}
			}
			cancel()
		}
	})
	return s.err
}
