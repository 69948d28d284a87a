package redisstore

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// embeddedTick is how often the embedded server lets time pass for keys that expire.
const embeddedTick = time.Second

// embedded is a Redis inside this process, for a hotline that has none configured. It
// forgets everything at the end of the process; the counters are then rebuilt from the
// ledger, and the mirror is written again within a second.
type embedded struct {
	server *miniredis.Miniredis
	stop   chan struct{}
	done   sync.WaitGroup
}

// Embedded makes a Store on a Redis inside this process, reachable on loopback only and
// with a password that nobody else knows. The options that say where a Redis is and how to get
// in are not used. It says in the log, as a warning, what that means.
func Embedded(o Options) (*Store, error) {
	server := miniredis.NewMiniRedis()
	password := rand.Text()
	server.RequireAuth(password)
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the embedded redis: %w", err)
	}
	o.Addr, o.Username, o.Password, o.DB, o.TLS = server.Addr(), "", password, 0, nil
	o.Addrs, o.Cluster, o.SentinelMaster = nil, false, ""
	s, err := Open(o)
	if err != nil {
		server.Close()
		return nil, err
	}
	s.embedded = &embedded{server: server, stop: make(chan struct{})}
	s.embedded.done.Go(s.embedded.age)
	s.log.Warn("no redis is configured: live figures are kept inside this process, are rebuilt " +
		"from the ledger at every start and cannot be shared with a second controller")
	return s, nil
}

// age lets keys expire, which the embedded server does not do by itself.
func (e *embedded) age() {
	tick := time.NewTicker(embeddedTick)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			e.server.FastForward(embeddedTick)
		case <-e.stop:
			return
		}
	}
}

func (e *embedded) close() {
	close(e.stop)
	e.done.Wait()
	e.server.Close()
}

// IsEmbedded tells whether the Redis lives inside this process, so that the console can
// say so.
func (s *Store) IsEmbedded() bool { return s.embedded != nil }
