package web

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Limits are how many requests are answered. The zero Limits are the defaults.
type Limits struct {
	// PerAddress is for each address, signed in or not, and PerUser for each user or token,
	// in requests per second. Twice as many may come at once.
	PerAddress float64 // 0 = 200
	PerUser    float64 // 0 = 100
}

func (l Limits) withDefaults() Limits {
	if l.PerAddress == 0 {
		l.PerAddress = 200
	}
	if l.PerUser == 0 {
		l.PerUser = 100
	}
	return l
}

// maxBuckets bounds the memory of a limiter. Whoever comes when it is full shares one bucket
// with all others who do.
const maxBuckets = 10_000

// limiter holds a bucket of tokens for each key. A bucket that is full again is forgotten.
type limiter struct {
	rate, burst float64

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rate float64) *limiter {
	return &limiter{rate: rate, burst: 2 * rate, buckets: map[string]*bucket{}}
}

// take uses up one request of a key, or says how long there is none.
func (l *limiter) take(key string) (wait time.Duration) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		b = l.newBucket(key, now)
	}
	l.fill(b, now)
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	}
	b.tokens--
	return 0
}

func (l *limiter) fill(b *bucket, now time.Time) {
	b.tokens = min(l.burst, b.tokens+l.rate*now.Sub(b.at).Seconds())
	b.at = now
}

func (l *limiter) newBucket(key string, now time.Time) *bucket {
	if len(l.buckets) >= maxBuckets && now.Sub(l.swept) > time.Second {
		l.swept = now
		for k, b := range l.buckets {
			if l.fill(b, now); b.tokens == l.burst {
				delete(l.buckets, k)
			}
		}
	}
	if len(l.buckets) >= maxBuckets {
		key = ""
	}
	if l.buckets[key] == nil {
		l.buckets[key] = &bucket{tokens: l.burst, at: now}
	}
	return l.buckets[key]
}

// limitAddress answers requests of one address no faster than allowed, and limitUser those
// of one user.
func (s *Server) limitAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !refused(w, s.addresses.take(subscriberOf(s.from(r)))) {
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) limitUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := askerOf(r.Context())
		if a.err != nil || !refused(w, s.users.take(a.key())) {
			next.ServeHTTP(w, r)
		}
	})
}

// refused answers a request that came too soon.
func refused(w http.ResponseWriter, wait time.Duration) bool {
	if wait <= 0 {
		return false
	}
	w.Header().Set("Retry-After", secondsOf(wait))
	writeProblem(w, Problem{Status: http.StatusTooManyRequests, Detail: "too many requests, try again later"})
	return true
}

// from is the address that a request comes from, behind a proxy of ours that of its client.
func (s *Server) from(r *http.Request) string {
	if s.o.Accounts != nil {
		return s.o.Accounts.From(r).Address
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// subscriberOf is what counts as one address: of IPv6 the network of one subscriber, who has
// more addresses than there is memory.
func subscriberOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	const subscriber = 64
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(subscriber); err == nil {
			return p.String()
		}
	}
	return a.String()
}
