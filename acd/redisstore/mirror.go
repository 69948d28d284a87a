package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// mirrorPace is the rhythm of a Mirror. Tests shorten it.
type mirrorPace struct {
	ttl        time.Duration // after this without a word the live state is gone
	space      time.Duration // between two writes
	refresh    time.Duration // a state that does not change is written again
	maxBackoff time.Duration // between attempts while Redis is down
}

func defaultMirrorPace() mirrorPace {
	return mirrorPace{
		ttl: 30 * time.Second, space: 100 * time.Millisecond,
		refresh: time.Second, maxBackoff: 5 * time.Second,
	}
}

// ErrNoMirror says that no controller has told its live state for 30 s.
var ErrNoMirror = errors.New("no live state")

// Snapshot is the live state as read from the mirror.
type Snapshot struct {
	Number uint64          `json:"number"` // counts the states of one controller
	At     time.Time       `json:"at"`     // when the state was taken
	State  json.RawMessage `json:"state"`  // queues, agents and calls, as Put was given them
}

// MirrorStatus is the state of a Mirror.
type MirrorStatus struct {
	Sent      uint64    // states written
	Coalesced uint64    // states that a newer one overtook before they were written
	Faults    uint64    // writes that failed
	Err       error     // why the last write failed; nil when it went well
	Since     time.Time // when that began
}

// Mirror keeps a copy of the live state in Redis for those who look from outside the
// controller: a terminal view, a wallboard, a standby. One goroutine, that of Run, writes;
// of states that come faster than ten a second only the latest is written.
type Mirror struct {
	store *Store
	pace  mirrorPace
	wake  chan struct{}

	blob   []byte // owned by Run: the last state as written
	number uint64 // owned by Run: its number

	mu     sync.Mutex
	next   *putState
	status MirrorStatus
}

// putState is a state that waits to be written.
type putState struct {
	Number uint64    `json:"number"`
	At     time.Time `json:"at"`
	State  any       `json:"state"`
}

// NewMirror makes a Mirror in a store. It does nothing before Run.
func NewMirror(s *Store) *Mirror {
	return &Mirror{store: s, pace: defaultMirrorPace(), wake: make(chan struct{}, 1)}
}

// Put hands over the live state. It never blocks. The state is turned into JSON later, by
// the goroutine that writes, and must not be changed after the call.
func (m *Mirror) Put(number uint64, at time.Time, state any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next != nil {
		m.status.Coalesced++
	}
	m.next = &putState{Number: number, At: at, State: state}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Status tells how the mirror stands.
func (m *Mirror) Status() MirrorStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

// Run writes until ctx ends and then returns nil. The last state is written again every
// second, so that a Redis that was emptied has it back and a reader sees that the
// controller is alive. Only one Run may be at work on a Mirror.
func (m *Mirror) Run(ctx context.Context) error {
	timer := time.NewTimer(m.pace.refresh)
	defer timer.Stop()
	backoff := m.pace.space
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
		case <-timer.C:
		}
		pause := m.pace.space
		if err := m.write(ctx); err != nil {
			pause, backoff = backoff, min(2*backoff, m.pace.maxBackoff)
		} else {
			backoff = m.pace.space
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		timer.Reset(m.pace.refresh - m.pace.space)
	}
}

// write sends the newest state, or the last one again, and announces it.
func (m *Mirror) write(ctx context.Context) error {
	if err := m.take(); err != nil {
		m.note(err)
		return err
	}
	if m.blob == nil {
		return nil
	}
	_, err := m.store.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, m.store.keys.mirror(), m.blob, m.pace.ttl)
		p.Publish(ctx, m.store.keys.mirrorNews(), m.number)
		return nil
	})
	if ctx.Err() == nil { // a write that was cut off by the end of Run is no fault
		m.note(plain(err))
	}
	return err
}

// take turns the state that waits into JSON.
func (m *Mirror) take() error {
	m.mu.Lock()
	next := m.next
	m.next = nil
	m.mu.Unlock()
	if next == nil {
		return nil
	}
	blob, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("live state %d as json: %w", next.Number, err)
	}
	m.blob, m.number = blob, next.Number
	return nil
}

// note records how a write went; the log hears of the beginning and the end of a fault.
func (m *Mirror) note(err error) {
	m.mu.Lock()
	was := m.status.Err
	m.status.Err = err
	switch {
	case err == nil:
		m.status.Sent++
		m.status.Since = time.Time{}
	default:
		m.status.Faults++
		if was == nil {
			m.status.Since = m.store.now()
		}
	}
	m.mu.Unlock()
	switch {
	case err != nil && was == nil:
		m.store.log.Error("the live state is not mirrored", "err", err)
	case err == nil && was != nil:
		m.store.log.Info("the live state is mirrored again")
	}
}

// Get reads the live state. ErrNoMirror means that there is none.
func (m *Mirror) Get(ctx context.Context) (Snapshot, error) {
	blob, err := m.store.redis.Get(ctx, m.store.keys.mirror()).Bytes()
	if errors.Is(err, redis.Nil) {
		return Snapshot{}, ErrNoMirror
	}
	if err != nil {
		return Snapshot{}, plain(err)
	}
	var s Snapshot
	if err := json.Unmarshal(blob, &s); err != nil {
		return Snapshot{}, fmt.Errorf("live state: %w", err)
	}
	return s, nil
}

// Watch calls news when there may be a new live state to Get, until ctx ends, and then
// returns nil. The first call comes as soon as the watch stands, and another one whenever
// the connection was lost and is back. A watcher still looks by itself now and then, since
// Redis does not repeat an announcement that got lost.
func (m *Mirror) Watch(ctx context.Context, news func()) error {
	sub := m.store.redis.Subscribe(ctx, m.store.keys.mirrorNews())
	defer sub.Close()
	messages := sub.ChannelWithSubscriptions()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-messages:
			if !ok {
				return nil
			}
			news()
		}
	}
}
