package people

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// The limits of guessing. A name is closed for a minute at most, since whoever knows a name
// could else keep its owner out; an address for a quarter of an hour. Neither for ever.
const (
	freeByName    = 5
	freeByAddress = 50 // a whole office, which begins its shift at once, may stand behind one
	worstName     = time.Minute
	worstAddress  = 15 * time.Minute
	forgetAfter   = time.Hour // without a wrong guess
	maxTracked    = 10_000    // names, and as many addresses
)

// throttle counts wrong guesses of each name and each address and makes the next one wait:
// after the free ones 1 s, 2 s, 4 s and so on. An attempt counts as wrong from its begin
// until it turns out right, so that many at once are no way around it.
type throttle struct {
	now func() time.Time

	mu        sync.Mutex
	names     *simplelru.LRU[string, *guesses]
	addresses *simplelru.LRU[string, *guesses]
	refused   uint64
}

type guesses struct {
	wrong int
	last  time.Time
	until time.Time // refused before
	told  bool      // that it is closed stands in the audit log
}

func newThrottle(now func() time.Time) (*throttle, error) {
	names, err := simplelru.NewLRU[string, *guesses](maxTracked, nil)
	if err != nil {
		return nil, err
	}
	addresses, err := simplelru.NewLRU[string, *guesses](maxTracked, nil)
	if err != nil {
		return nil, err
	}
	return &throttle{now: now, names: names, addresses: addresses}, nil
}

// attempt is a guess whose outcome is not known yet; it counts as wrong until then.
type attempt struct {
	t             *throttle
	name, address *guesses
	// until is what this guess closed each to: what another one closed stays closed.
	nameUntil, addressUntil time.Time
}

// begin starts a guess, or returns how long to wait before the next one; first tells that
// this is the first refusal since the way was closed, so that the log has it once. A guess
// that is refused leaves no trace beside that: else a flood of them would push out what is
// known of others.
func (t *throttle) begin(name, address string) (a *attempt, wait time.Duration, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, network := t.now(), networkOf(address)
	byName, byAddress := known(t.names, name), known(t.addresses, network)
	for _, g := range []*guesses{byName, byAddress} {
		if left := g.until.Sub(now); left > 0 {
			wait, first = max(wait, left), first || !g.told
			g.told = true
		}
	}
	if wait > 0 {
		t.refused++
		return nil, wait, first
	}
	t.names.Add(name, byName)
	t.addresses.Add(network, byAddress)
	return &attempt{
		t: t, name: byName, address: byAddress,
		nameUntil:    byName.charge(now, freeByName, worstName),
		addressUntil: byAddress.charge(now, freeByAddress, worstAddress),
	}, 0, false
}

// known is the count of a key, or a new one.
func known(in *simplelru.LRU[string, *guesses], key string) *guesses {
	if g, ok := in.Peek(key); ok {
		return g
	}
	return &guesses{}
}

// charge counts a wrong guess and returns until when it closes the way.
func (g *guesses) charge(now time.Time, free int, worst time.Duration) time.Time {
	if now.Sub(g.last) > forgetAfter {
		g.wrong = 0
	}
	g.wrong++
	g.last, g.told = now, false
	if over := g.wrong - free; over >= 0 {
		g.until = now.Add(min(worst, time.Second<<min(over, 20)))
	}
	return g.until
}

// forgive takes back a guess and what it closed.
func (g *guesses) forgive(until time.Time) {
	g.wrong = max(0, g.wrong-1)
	if g.until.Equal(until) {
		g.until = time.Time{}
	}
}

// right forgives the name everything, and the address this guess: otherwise somebody with
// an account of his own could guess at others' for ever.
func (a *attempt) right() {
	a.settle(func() {
		a.name.wrong, a.name.until = 0, time.Time{}
		a.address.forgive(a.addressUntil)
	})
}

// neutral takes back a guess that was none; it does nothing to one that was settled.
func (a *attempt) neutral() {
	a.settle(func() {
		a.name.forgive(a.nameUntil)
		a.address.forgive(a.addressUntil)
	})
}

// wrong lets the guess count.
func (a *attempt) wrong() { a.settle(func() {}) }

func (a *attempt) settle(how func()) {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	if a.name != nil {
		how()
	}
	a.name = nil
}

// networkOf is what one guesser commands: an address of IPv4, or the /64 of IPv6 that a
// single line has.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// closed is how often a guess was refused because of those before it.
func (t *throttle) closed() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}
