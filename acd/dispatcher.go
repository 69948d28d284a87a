package acd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"hotline/call"
)

// DefaultMailbox is how many commands may wait for a Dispatcher when Options leaves it open.
const DefaultMailbox = 65536

// The errors of a Dispatcher.
var (
	// ErrOverloaded says that the mailbox is full; the command was not taken.
	ErrOverloaded = errors.New("acd: dispatcher overloaded")
	// ErrClosed says that Run has returned or is about to; the command was not taken.
	ErrClosed = errors.New("acd: dispatcher closed")
	// ErrRunning says that Run was called a second time.
	ErrRunning = errors.New("acd: dispatcher was run before")
	// ErrOptions is wrapped by the faults of Options; the text names field and rule.
	ErrOptions = errors.New("acd: invalid dispatcher options")
)

// Options are the ways in and out of a Dispatcher.
type Options struct {
	// Mailbox is how many commands may wait; 0 = DefaultMailbox.
	Mailbox int
	// Record takes each event, Act each order, from the one goroutine of Run: for one
	// command all events come first, then the actions, each in the engine's order. Both
	// are needed and must not block, since everybody's calls wait meanwhile. They may
	// call Submit, but not Snapshot, which waits for this goroutine.
	Record func(call.Event)
	Act    func(Action)
}

// Dispatcher owns an Engine: it gives it the commands of all goroutines one by one, tells
// it the time and wakes it for its deadlines.
type Dispatcher struct {
	engine *Engine
	record func(call.Event)
	act    func(Action)
	mail   chan Command
	ran    atomic.Bool
	over   atomic.Uint64

	// mu keeps a command from slipping into the mailbox after Run has emptied it for the
	// last time. Submit only reads, so that those who submit do not wait for each other.
	mu     sync.RWMutex
	closed bool
}

// NewDispatcher makes the owner of an engine, which nobody else may use from then on. The
// error wraps ErrOptions.
func NewDispatcher(e *Engine, o Options) (*Dispatcher, error) {
	if o.Mailbox == 0 {
		o.Mailbox = DefaultMailbox
	}
	switch {
	case e == nil:
		return nil, fmt.Errorf("%w: engine: must be given", ErrOptions)
	case o.Mailbox < 0:
		return nil, fmt.Errorf("%w: Mailbox: %d must not be negative", ErrOptions, o.Mailbox)
	case o.Record == nil:
		return nil, fmt.Errorf("%w: Record: must be given", ErrOptions)
	case o.Act == nil:
		return nil, fmt.Errorf("%w: Act: must be given", ErrOptions)
	}
	return &Dispatcher{
		engine: e, record: o.Record, act: o.Act,
		mail: make(chan Command, o.Mailbox),
	}, nil
}

// Submit hands over a command and returns at once. Commands of one goroutine keep their
// order. The error is ErrOverloaded or ErrClosed, and then the command was not taken.
// Commands may be submitted before Run; what was taken is applied even when Run ends.
func (d *Dispatcher) Submit(c Command) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return ErrClosed
	}
	select {
	case d.mail <- c:
		return nil
	default:
		d.over.Add(1)
		return ErrOverloaded
	}
}

// Overloads is how many commands were turned away by a full mailbox.
func (d *Dispatcher) Overloads() uint64 { return d.over.Load() }

// Run applies commands and deadlines until ctx ends, then what was taken before, and
// returns nil. It returns ErrRunning when it was called before.
func (d *Dispatcher) Run(ctx context.Context) error {
	if d.ran.Swap(true) {
		return ErrRunning
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		d.arm(timer)
		select {
		case <-ctx.Done():
			d.close()
			d.drain()
			return nil
		case c := <-d.mail:
			d.apply(c)
			d.drain()
		case <-timer.C:
			d.apply(Tick{})
		}
	}
}

// arm sets the timer for the engine's next deadline.
func (d *Dispatcher) arm(timer *time.Timer) {
	at, ok := d.engine.NextDeadline()
	if !ok {
		timer.Stop()
		return
	}
	timer.Reset(time.Until(at))
}

// close turns away commands from now on.
func (d *Dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

// drain applies what waits in the mailbox now, without looking at the timer in between:
// every command brings the deadlines up to date itself.
func (d *Dispatcher) drain() {
	for range len(d.mail) {
		d.apply(<-d.mail)
	}
}

func (d *Dispatcher) apply(c Command) {
	if l, ok := c.(look); ok {
		l.reply <- d.engine.collect(time.Now())
		return
	}
	out := d.engine.Apply(time.Now(), c)
	for _, ev := range out.Events {
		d.record(ev)
	}
	for _, a := range out.Actions {
		d.act(a)
	}
}

// look asks the owner for the state. It goes through the mailbox, so that whoever asks
// sees the effect of what he submitted before.
type look struct{ reply chan<- collected }

func (look) command() {}

// Snapshot returns the state after all commands that were submitted before. The error is
// ErrOverloaded, ErrClosed, or that of ctx when Run does not come to it in time.
func (d *Dispatcher) Snapshot(ctx context.Context) (Snapshot, error) {
	reply := make(chan collected, 1)
	if err := d.Submit(look{reply: reply}); err != nil {
		return Snapshot{}, fmt.Errorf("snapshot: %w", err)
	}
	select {
	case c := <-reply:
		return c.sorted(), nil
	case <-ctx.Done():
		return Snapshot{}, fmt.Errorf("snapshot: %w", ctx.Err())
	}
}
