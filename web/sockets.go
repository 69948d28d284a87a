package web

import (
	"context"
	"sync"
	"time"
)

// tuning are the times and sizes of sockets.
type tuning struct {
	held       int           // newest events that are held for all sockets
	slack      time.Duration // how long a reader may be behind them
	write      time.Duration // for one message
	ping       time.Duration // how often a reader is looked after
	live       time.Duration // how often the live state is sent
	perUser    int           // sockets of one user
	sockets    int           // sockets of all
	callsKnown int           // calls whose agents are remembered
}

func defaultTuning() tuning {
	return tuning{
		held: 8192, slack: 3 * time.Second, write: 5 * time.Second, ping: 15 * time.Second, live: time.Second,
		perUser: 20, sockets: 1000, callsKnown: 20_000,
	}
}

// openSockets counts the streams of users.
type openSockets struct {
	mu  sync.Mutex
	all int
	of  map[string]int
	wg  sync.WaitGroup
}

func (o *openSockets) enter(key string, t tuning) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all >= t.sockets || o.of[key] >= t.perUser {
		return false
	}
	if o.of == nil {
		o.of = map[string]int{}
	}
	o.all++
	o.of[key]++
	o.wg.Add(1)
	return true
}

func (o *openSockets) leave(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all--
	if o.of[key]--; o.of[key] == 0 {
		delete(o.of, key)
	}
	o.wg.Done()
}

// snapshot makes the live state once for all who are sent it.
type snapshot struct {
	mu   sync.Mutex
	at   time.Time
	last Live
}

func (n *snapshot) live(ctx context.Context, d Desk, every time.Duration) (Live, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.at) < every/2 {
		return n.last, nil
	}
	l, err := d.Live(ctx)
	if err != nil {
		return Live{}, err
	}
	n.last, n.at = l, time.Now()
	return l, nil
}
