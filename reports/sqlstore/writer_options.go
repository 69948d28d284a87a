package sqlstore

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// WriterOptions are the settings of a Writer. The zero value of each takes the default.
type WriterOptions struct {
	// Capacity is how many events are kept while the database is away; default 100,000,
	// at 1,000 calls about half an hour. Memory is used only when they are there.
	Capacity int
	// MaxBatch is the most events in one transaction; default 512.
	MaxBatch int
	// MaxDelay is how long the first event of a batch waits for others; default 100 ms. The
	// begin of a talk waits for none.
	MaxDelay time.Duration
	// Attempt is the time limit of one attempt to write; default 10 s.
	Attempt time.Duration
	// MinBackoff and MaxBackoff bound the pause after a failed attempt, which doubles each
	// time; default 100 ms and 5 s.
	MinBackoff, MaxBackoff time.Duration
	// Spool is a folder where batches are kept on the disk while the database does not answer;
	// "" keeps them in memory alone. It is made when it is needed.
	Spool string
	// SpoolLimit is the most bytes in the spool; default 1 GiB.
	SpoolLimit int
	// Patience is the time limit of the first attempt of a batch where there is a spool;
	// default 1 s, but not above Attempt. A database that is slower has its batch from the spool.
	Patience time.Duration
	// Guard tells, before each attempt and before a batch goes to the spool, why this writer
	// must not write any more; nil while it may. Such batches stay in memory. May be nil.
	Guard func(context.Context) error
	// Drain is how long Run goes on writing after its context has ended; default 5 s.
	Drain time.Duration
	// Committed is told the number of the last event after every batch, by the goroutine
	// that writes: it must return soon and must not call Flush. May be nil. Committed and
	// Alarm are called one at a time, by several goroutines where there is a spool.
	Committed func(last uint64)
	// Alarm is told the cause of every failed attempt and of lost events, and nil when
	// writing works again. May be nil.
	Alarm func(cause error)
	// Logger may be nil, which discards.
	Logger *slog.Logger
}

// withDefaults fills what is zero and refuses what contradicts itself.
func (o WriterOptions) withDefaults() (WriterOptions, error) {
	orElse(&o.Capacity, 100_000)
	orElse(&o.MaxBatch, 512)
	orElse(&o.MaxDelay, 100*time.Millisecond)
	orElse(&o.Attempt, 10*time.Second)
	orElse(&o.Patience, min(time.Second, o.Attempt))
	orElse(&o.SpoolLimit, 1<<30)
	orElse(&o.MinBackoff, 100*time.Millisecond)
	orElse(&o.MaxBackoff, max(5*time.Second, o.MinBackoff))
	orElse(&o.Drain, 5*time.Second)
	if o.Guard == nil {
		o.Guard = func(context.Context) error { return nil }
	}
	if o.Committed == nil {
		o.Committed = func(uint64) {}
	}
	if o.Alarm == nil {
		o.Alarm = func(error) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Capacity < 0 || o.MaxBatch < 0 || o.SpoolLimit < 0:
		return o, fmt.Errorf("capacity %d, batch %d or spool %d is negative", o.Capacity, o.MaxBatch, o.SpoolLimit)
	case o.MaxBatch > o.Capacity:
		return o, fmt.Errorf("batch %d is above capacity %d", o.MaxBatch, o.Capacity)
	case o.Patience < 0 || o.Patience > o.Attempt:
		return o, fmt.Errorf("patience %s is not between 0 and the limit of an attempt %s", o.Patience, o.Attempt)
	case o.MaxDelay < 0 || o.Attempt < 0 || o.MinBackoff < 0 || o.Drain < 0:
		return o, fmt.Errorf("a time is negative: delay %s, attempt %s, backoff %s, drain %s",
			o.MaxDelay, o.Attempt, o.MinBackoff, o.Drain)
	case o.MaxBackoff < o.MinBackoff:
		return o, fmt.Errorf("longest backoff %s is below the shortest %s", o.MaxBackoff, o.MinBackoff)
	}
	return o, nil
}

// orElse sets v to its default when it is zero.
func orElse[T int | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}
