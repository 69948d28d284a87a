package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// The rhythm of a Lease. A standby takes over within leaseTTL + standbyPoll of the last
// renewal, which leaves the rest of two seconds to take up the calls.
const (
	leaseTTL    = 1500 * time.Millisecond
	leaseRenew  = 300 * time.Millisecond
	standbyPoll = 100 * time.Millisecond
	// emptyWait is how long a Redis without a past is left to a holder who may live: it has
	// just lost its data, or nobody ever used it.
	emptyWait = 3 * leaseRenew
	// awayWait is the same for a Redis that could not be asked for a while: the holder may be in
	// the middle of a command that fails, and comes back after it.
	awayWait = leaseTTL
	// awayMemory is for how long it counts that Redis could not be asked. One look that went
	// well does not end it: a master that hung while another was made answers once more when it
	// is back, and what it says holds no longer.
	awayMemory = 2 * awayWait
)

// ErrLeaseLost says that another controller acts now. Whoever gets it must stop at once: two
// controllers that act on the same calls would ring phones twice and write two stories.
var ErrLeaseLost = errors.New("another controller has taken over")

// Lease makes one controller of several the active one. It is held in Redis and renewed; a
// holder that stops renewing (killed, stopped, cut off) loses it to a standby. Its token
// grows with every holder, so an old one is told from a new one (fencing).
//
// While Redis is away nobody can take the lease, so the holder goes on: routing never
// depends on Redis. Were Redis only away for the holder, the standby would connect to
// Asterisk, which tells the old controller that it was replaced.
type Lease struct {
	store *Store
	owner string
	log   *slog.Logger

	look, acquire, renew, release *redis.Script

	turn sync.Mutex // a renewal and the giving back exclude each other; held during a command

	mu    sync.Mutex
	token int64
	fresh time.Time // last renewal that Redis confirmed, by the monotonic clock
	lost  bool
	given bool // given back: it is not renewed, and we may not act
}

// NewLease makes a lease in a store. It holds nothing before Acquire.
func NewLease(s *Store) *Lease {
	return &Lease{
		store: s, owner: rand.Text(), log: s.log,
		look: redis.NewScript(lookLua), acquire: redis.NewScript(takeLua),
		renew: redis.NewScript(renewLua), release: redis.NewScript(releaseLua),
	}
}

// lookLua tells whether the lease can be had. It changes nothing: a Redis that hangs carries
// out later what it was sent, also for one who has given up waiting.
//
//	KEYS 1 lease, 2 token
//	returns leaseHeld, leaseFree, or leaseNew when this Redis has no past
const lookLua = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('EXISTS', KEYS[2]) == 1 and 1 or 2`

// Answers of lookLua.
const (
	leaseHeld = iota
	leaseFree
	leaseNew
)

// takeLua takes the lease if nobody holds it.
//
//	KEYS 1 lease, 2 token
//	ARGV 1 owner, 2 milliseconds
//	returns the new token, 0 when another holds it
const takeLua = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return redis.call('INCR', KEYS[2]) end
return 0`

// renewLua extends the lease of its holder. A lease that is gone, because Redis lost its
// data, is his again, and the token does not go back.
//
//	KEYS 1 lease, 2 token
//	ARGV 1 owner, 2 milliseconds, 3 token
//	returns 1, or 0 when another holds it
const renewLua = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
return 1`

// releaseLua gives the lease back, so that a standby need not wait for its end.
//
//	KEYS 1 lease
//	ARGV 1 owner
const releaseLua = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

// Acquire waits until the lease is ours. waiting is called once, when another holds it; from
// then on a Redis that is away is waited for. Before, it is an error: nobody is known to act,
// and calls must not wait for Redis.
func (l *Lease) Acquire(ctx context.Context, waiting func()) error {
	tick := time.NewTicker(standbyPoll)
	defer tick.Stop()
	said, awayAt, free := false, time.Time{}, time.Time{}
	for {
		before := time.Now()
		state, err := l.look.Run(ctx, l.store.lease, l.keys()).Int()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !said:
			return fmt.Errorf("lease: %w", plain(err))
		case err != nil: // the other one goes on without Redis, so it is not ours
			awayAt, free = time.Now(), time.Time{}
		case state == leaseHeld:
			free = time.Time{}
			if !said {
				waiting()
			}
			said = true
		case free.IsZero():
			free = before
		}
		if !free.IsZero() && time.Since(free) >= leaveAlone(state, awayAt) {
			if err := l.take(ctx); err == nil {
				return nil
			}
			free = time.Time{}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// leaveAlone is how long a lease that can be had is left to a holder who may live.
func leaveAlone(state int, awayAt time.Time) time.Duration {
	switch {
	case time.Since(awayAt) < awayMemory: // it ran out while Redis could not be asked, and the holder is on his way
		return awayWait
	case state == leaseNew:
		return emptyWait
	default:
		return 0
	}
}

// errTaken says that another was faster.
var errTaken = errors.New("the lease was taken meanwhile")

func (l *Lease) take(ctx context.Context) error {
	before := time.Now()
	token, err := l.acquire.Run(ctx, l.store.lease, l.keys(), l.owner, leaseTTL.Milliseconds()).Int64()
	switch {
	case err != nil:
		return plain(err)
	case token == 0:
		return errTaken
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token, l.fresh, l.lost, l.given = token, before, false, false
	return nil
}

// Run renews the lease until ctx ends and gives it back then. It ends with ErrLeaseLost when
// another holds it.
func (l *Lease) Run(ctx context.Context) error {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return l.Release(ctx)
		case <-tick.C:
		}
		if err := l.refresh(ctx); errors.Is(err, ErrLeaseLost) && !l.isGiven() {
			return err
		}
	}
}

// Release gives the lease back, so that a standby takes over at once. From then on we may
// not act, and Run renews nothing. An error means that it runs out by itself.
func (l *Lease) Release(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.isGiven() {
		return nil
	}
	l.mu.Lock()
	l.given = true
	l.mu.Unlock()
	return l.giveBack(ctx)
}

func (l *Lease) isGiven() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.given
}

// Check tells whether we may act. It costs nothing while the lease is fresh. After a stop of
// the whole process it asks Redis before anything is done.
func (l *Lease) Check(ctx context.Context) error {
	l.mu.Lock()
	lost, fresh := l.lost || l.given, time.Since(l.fresh) < leaseTTL
	l.mu.Unlock()
	switch {
	case lost:
		return ErrLeaseLost
	case fresh:
		return nil
	}
	if err := l.refresh(ctx); errors.Is(err, ErrLeaseLost) {
		return err
	}
	return nil // Redis is away: nobody else can have it
}

// Token is the number of this holder; a later holder has a larger one.
func (l *Lease) Token() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.token
}

func (l *Lease) refresh(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.isGiven() {
		return ErrLeaseLost
	}
	before := time.Now()
	held, err := l.renew.Run(ctx, l.store.lease, l.keys(), l.owner, leaseTTL.Milliseconds(), l.Token()).Int()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.lost:
		return ErrLeaseLost
	case err != nil:
		l.fresh = time.Now() // nobody else can get it now: let the next look be later
		return plain(err)
	case held == 0:
		l.lost = true
		l.log.Error("the lease is lost", "token", l.token)
		return ErrLeaseLost
	}
	l.fresh = before
	return nil
}

func (l *Lease) giveBack(ctx context.Context) error {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := l.release.Run(bound, l.store.lease, l.keys()[:1], l.owner).Err(); err != nil {
		return fmt.Errorf("give the lease back: %w", plain(err))
	}
	return nil
}

func (l *Lease) keys() []string { return []string{l.store.keys.lease(), l.store.keys.leaseToken()} }
