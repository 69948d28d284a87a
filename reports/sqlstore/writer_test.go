package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hotline/call"
)

func TestWriterBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{})
		start := time.Now()
		r.record(1, 3)
		pass(99 * time.Millisecond)
		l.holds(t, 0)
		if d := r.Stats().Depth; d != 3 {
			t.Errorf("depth is %d, want 3", d)
		}
		pass(time.Millisecond)
		l.holds(t, 3)
		r.record(4, 3+512+10)
		synctest.Wait()
		l.holds(t, 3+512)
		if !slices.Equal(l.batches, []int{3, 512}) || l.times[1] != start.Add(100*time.Millisecond) {
			t.Errorf("batches %v at %v, want 3 after 100 ms and 512 at once", l.batches, l.times)
		}
		if err := r.finish(); err != nil {
			t.Error(err)
		}
		l.holds(t, 3+512+10)
		if !slices.Equal(r.committed, []uint64{3, 515, 525}) || len(r.alarms) != 0 {
			t.Errorf("committed %v, alarms %v", r.committed, r.alarms)
		}
		if s := r.Stats(); s != (WriterStats{Stored: 525, Batches: 3, LastSeq: 525}) {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestWriterHurriesAnswers: the begin of a talk is in the ledger at once, and what was recorded
// before it with it.
func TestWriterHurriesAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{})
		r.record(1, 2)
		e := numbered(3)
		e.Kind, e.Queue, e.Agent, e.Offer, e.Entered = call.Answered, "care", "ann", "o1", e.At
		r.Record(e)
		synctest.Wait()
		l.holds(t, 3)
		r.record(4, 5)
		synctest.Wait()
		l.holds(t, 3)
		pass(100 * time.Millisecond)
		l.holds(t, 5)
		if err := r.finish(); err != nil {
			t.Error(err)
		}
	})
}

// TestWriterOutlivesFaults plays each fault in turn and expects every event once, in order.
func TestWriterOutlivesFaults(t *testing.T) {
	for name, faults := range map[string][]fault{
		"refused":                  {refuse, refuse, refuse},
		"answer lost":              {forget},
		"answer lost, then away":   {forget, refuse, refuse},
		"away, then answer lost":   {refuse, forget},
		"no answer":                {hang, hang},
		"answer lost twice in row": {forget, forget},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &ledger{faults: slices.Clone(faults)}
				r := run(t, l, WriterOptions{})
				r.record(1, 700)
				if err := r.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				l.holds(t, 700)
				if err := r.finish(); err != nil {
					t.Error(err)
				}
				if n := len(r.alarms); n < 2 || r.alarms[0] == nil || r.alarms[n-1] != nil {
					t.Errorf("alarms %v, want some and then nil", r.alarms)
				}
				if s := r.Stats(); s.Failing || s.Failures == 0 || s.Stored != 700 || s.Depth != 0 {
					t.Errorf("stats %+v", s)
				}
				if last := r.committed[len(r.committed)-1]; last != 700 {
					t.Errorf("committed %v, want 700 last", r.committed)
				}
			})
		})
	}
}

// TestWriterBacksOff measures the pauses by the fake clock.
func TestWriterBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{faults: slices.Repeat([]fault{refuse}, 8)}
		r := run(t, l, WriterOptions{})
		start := time.Now()
		r.record(1, 1)
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		// 0.1 0.2 0.4 0.8 1.6 3.2 5 5 seconds
		if d := time.Since(start); d != 16300*time.Millisecond {
			t.Errorf("eight pauses take %s, want 16.3s", d)
		}
		if err := r.finish(); err != nil {
			t.Error(err)
		}
	})
}

func TestWriterLosesLoudly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{down: refuse}
		r := run(t, l, WriterOptions{Capacity: 10, MaxBatch: 4, Drain: time.Second})
		r.record(1, 13)
		if err := r.Save(t.Context(), numbered(14)); !errors.Is(err, ErrQueueFull) {
			t.Errorf("save on a full queue: %v, want ErrQueueFull", err)
		}
		pass(time.Second)
		if s := r.Stats(); s.Lost != 4 || s.Depth != 10 || !s.Failing {
			t.Errorf("stats %+v, want 4 lost of 14 with room for 10", s)
		}
		if !slices.ContainsFunc(r.alarms, func(err error) bool { return errors.Is(err, ErrQueueFull) }) {
			t.Errorf("alarms %v, want one for the full queue", r.alarms)
		}
		l.fail(none)
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		l.holds(t, 10)
		if err := r.finish(); err != nil {
			t.Error(err)
		}
		r.Record(numbered(11))
		if s := r.Stats(); s.Lost != 5 {
			t.Errorf("an event after the end is not counted as lost: %+v", s)
		}
		if err := r.Save(t.Context(), numbered(11)); !errors.Is(err, ErrStopped) {
			t.Errorf("save after the end: %v, want ErrStopped", err)
		}
	})
}

func TestWriterRefusesBadEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{})
		r.Record(call.Event{Kind: "holding", At: time.Now(), Call: "1"})
		if err := r.Save(t.Context(), call.Event{Kind: call.Queued}); !errors.Is(err, ErrInvalid) {
			t.Errorf("save of a bad event: %v, want ErrInvalid", err)
		}
		if err := r.Save(t.Context(), numbered(1)); err != nil {
			t.Error(err)
		}
		l.holds(t, 1)
		if s := r.Stats(); s.Refused != 2 || s.Lost != 0 {
			t.Errorf("stats %+v, want 2 refused", s)
		}
		if err := r.finish(); err != nil {
			t.Error(err)
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		r := run(t, l, WriterOptions{MaxDelay: time.Hour})
		start := time.Now()
		r.record(1, 5)
		if err := r.Flush(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("flush took %s, %v; want it at once", time.Since(start), err)
		}
		l.holds(t, 5)
		l.fail(refuse)
		r.record(6, 6)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush to a dead database: %v, want context.DeadlineExceeded", err)
		}
		waiting := make(chan error, 1)
		go func() { waiting <- r.Flush(context.Background()) }()
		synctest.Wait()
		if err := r.finish(); !errors.Is(err, ErrUnsaved) {
			t.Errorf("run ended with %v, want ErrUnsaved", err)
		}
		if err := <-waiting; !errors.Is(err, ErrStopped) {
			t.Errorf("flush of a stopped writer: %v, want ErrStopped", err)
		}
	})
}

// TestWriterDrains stops the Writer while the database is away: it goes on for Drain, and
// ends then, whatever the attempt at hand does.
func TestWriterDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{down: refuse}
		r := run(t, l, WriterOptions{Drain: 3 * time.Second})
		r.record(1, 600)
		r.stop()
		pass(time.Second)
		l.fail(none)
		if err := <-r.ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
		l.holds(t, 600)
	})
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{down: hang}
		r := run(t, l, WriterOptions{Drain: 3 * time.Second})
		r.record(1, 600)
		synctest.Wait()
		start := time.Now()
		if err := r.finish(); !errors.Is(err, ErrUnsaved) {
			t.Errorf("run ended with %v, want ErrUnsaved", err)
		}
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("draining took %s, want 3s", d)
		}
		if s := r.Stats(); s.Lost != 600 || s.Depth != 0 {
			t.Errorf("stats %+v, want 600 lost", s)
		}
		l.holds(t, 0)
	})
}

func TestWriterOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]WriterOptions{
		"batch above capacity": {Capacity: 10, MaxBatch: 11},
		"negative capacity":    {Capacity: -1},
		"negative delay":       {MaxDelay: -1},
		"backoff backwards":    {MinBackoff: time.Minute, MaxBackoff: time.Second},
	} {
		if _, err := NewWriter(&ledger{}, o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestWriterAnyFaults draws faults, bursts and flushes and expects every event once, in
// order, with Committed never ahead of the ledger nor going back.
func TestWriterAnyFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		faults := rapid.SliceOfN(rapid.SampledFrom([]fault{none, refuse, forget, hang}), 0, 12).Draw(rt, "faults")
		bursts := rapid.SliceOfN(rapid.IntRange(1, 30), 1, 8).Draw(rt, "bursts")
		size := rapid.IntRange(1, 20).Draw(rt, "batch")
		o := WriterOptions{MaxBatch: size, Drain: time.Hour}
		if rapid.Bool().Draw(rt, "spool") {
			o.Spool = t.TempDir()
		}
		synctest.Test(t, func(t *testing.T) {
			l := &ledger{faults: slices.Clone(faults)}
			r := run(t, l, o)
			n := 0
			for _, b := range bursts {
				r.record(n+1, n+b)
				n += b
				pass(time.Duration(b) * 20 * time.Millisecond)
			}
			if err := r.finish(); err != nil {
				t.Error(err)
			}
			l.holds(t, n)
			if !slices.IsSorted(r.committed) || r.committed[len(r.committed)-1] != uint64(n) {
				t.Errorf("committed %v, want rising to %d", r.committed, n)
			}
		})
	})
}

// TestWriterFindsItsBatchAmongOthers has a second process write while the answer to our
// commit is lost.
func TestWriterFindsItsBatchAmongOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t)
		l := &shared{Store: s}
		r := run(t, l, WriterOptions{MaxBatch: 3})
		for i := range 9 {
			r.Record(numbered(i + 1))
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.finish(); err != nil {
			t.Error(err)
		}
		var ours []call.ID
		events, err := s.After(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Call != "other" {
				ours = append(ours, e.Call)
			}
		}
		if want := []call.ID{"1", "2", "3", "4", "5", "6", "7", "8", "9"}; !slices.Equal(ours, want) {
			t.Errorf("the ledger holds %v, want each once", ours)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// shared is a ledger into which another process writes before and after every batch, and
// whose every first answer is lost.
type shared struct {
	*Store
	calls int
}

func (s *shared) AppendOnce(ctx context.Context, b Batch) (Written, error) {
	other := []call.Event{{Kind: call.Ended, At: time.UnixMilli(1), Call: "other"}}
	if _, err := s.Append(ctx, other); err != nil {
		return Written{}, err
	}
	written, err := s.Store.AppendOnce(ctx, b)
	if err != nil {
		return Written{}, err
	}
	if _, err := s.Append(ctx, other); err != nil {
		return Written{}, err
	}
	if s.calls++; s.calls%2 == 1 {
		return Written{}, fmt.Errorf("commit: %w", errDown)
	}
	return written, nil
}

// TestWriterOnSQLite writes to a file, goes away without a flush and looks at the file: what
// is there is the beginning of what was recorded, as far as Committed told at least.
func TestWriterOnSQLite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, s, WriterOptions{MaxBatch: 16, Drain: time.Nanosecond, MaxDelay: time.Millisecond})
	r.record(1, 40)
	if err := r.Save(t.Context(), numbered(41)); err != nil {
		t.Fatal(err)
	}
	r.record(42, 500)
	err = r.finish()
	stats := r.Stats()
	if err != nil && !errors.Is(err, ErrUnsaved) {
		t.Errorf("run ended with %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	again, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	events, err := again.After(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if n := uint64(len(events)); n < 41 || n < r.committed[len(r.committed)-1] || n+stats.Lost < 500 {
		t.Errorf("%d events are left of 500, committed %v, lost %d", n, r.committed, stats.Lost)
	}
	for i, e := range events {
		if want := numbered(i + 1); e.Seq != uint64(i+1) || e.Call != want.Call {
			t.Fatalf("event %d is number %d of call %s", i+1, e.Seq, e.Call)
		}
	}
}

// TestRepeatedRecordingsAreCounted lets a batch hold nothing but a repetition.
func TestRepeatedRecordingsAreCounted(t *testing.T) {
	t.Parallel()
	r := run(t, store(t), WriterOptions{})
	e := call.Event{Kind: call.Recorded, At: time.UnixMilli(5), Call: "1", Recording: &call.Recording{
		Path: "a", SHA256: "b", Begin: time.UnixMilli(1),
	}}
	for range 3 {
		if err := r.Save(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.finish(); err != nil {
		t.Error(err)
	}
	if s := r.Stats(); s.Stored != 1 || s.Repeated != 2 || s.LastSeq != 1 {
		t.Errorf("stats %+v, want 1 stored and 2 repeated", s)
	}
}
