// Package phonesim simulates SIP telephones: callers who dial a number and
// agents who register, ring and answer. It drives a real telephone switch, or
// its own telephones, with thousands of calls from one process, and keeps a
// ledger of its own: who rang, who answered, who heard whom and when. The
// ledger is the witness against which the product's figures are held.
//
// Every telephone speaks a code (package tone), alone or in front of recorded
// speech, so that a listener, or a recording, tells who was heard. By default
// nothing leaves the machine: targets that are not on loopback are refused.
package phonesim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/media"
)

// ErrClosed is returned when the simulator is closed or closing.
var ErrClosed = errors.New("phone simulator is closed")

// Defaults of Options.
const (
	defaultBind    = "127.0.0.1"
	defaultTimeout = 5 * time.Second
)

// Options configures a Sim. The zero value is good for tests.
type Options struct {
	// Bind is the IP address of all sockets; 127.0.0.1 when empty.
	Bind string
	// AgentAddr and CallerAddr are the SIP addresses ("host:port", port 0 = any
	// free one) of all agents and of all callers; Bind with port 0 when empty.
	// A switch that knows its trunk by address needs callers on an address of
	// their own, such as 127.0.0.2:0.
	AgentAddr, CallerAddr string
	// Law is the companding law offered; A-law when not set.
	Law g711.Law
	// FirstTone shifts the codes this simulator gives to its telephones, so that
	// two simulators of the same role do not use the same ones.
	FirstTone int
	// Timeout bounds each SIP transaction; 5 s when 0.
	Timeout time.Duration
	// AllowRemote lifts the rule that SIP and audio stay on loopback.
	AllowRemote bool
	// Notify, when set, is called at each step of each leg, by the leg's own
	// goroutine. It must not block: the telephone waits for it.
	Notify func(Event)
	// Log receives warnings; nil discards them.
	Log *slog.Logger
}

// Sim owns the telephones, their sockets and the ledger.
type Sim struct {
	opts    Options
	log     *slog.Logger
	engine  *media.Engine
	callers *station
	agents  *station

	closing chan struct{} // Closed when Close begins: every leg hangs up.
	life    context.Context
	kill    context.CancelFunc
	wg      sync.WaitGroup // Legs, requests in work and registrations.

	mu       sync.Mutex
	closed   bool
	phones   map[string]*Agent // Of agents, by user name.
	outside  map[string]*Agent // At the far side of the trunk, by number.
	legs     map[*Leg]struct{}
	finished []Record
	tones    map[Role]int // Number of codes given so far.
}

// New opens the sockets and starts the simulator. Close ends it.
func New(opts Options) (*Sim, error) {
	if opts.Bind == "" {
		opts.Bind = defaultBind
	}
	if opts.Timeout == 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	ip, err := netip.ParseAddr(opts.Bind)
	if err != nil {
		return nil, fmt.Errorf("bind address of the phone simulator: %w", err)
	}
	engine, err := media.New(media.Options{Bind: ip, AllowRemote: opts.AllowRemote, Log: opts.Log})
	if err != nil {
		return nil, fmt.Errorf("start audio of the phone simulator: %w", err)
	}
	s := &Sim{
		opts:    opts,
		log:     opts.Log,
		engine:  engine,
		closing: make(chan struct{}),
		phones:  make(map[string]*Agent),
		outside: make(map[string]*Agent),
		legs:    make(map[*Leg]struct{}),
		tones:   make(map[Role]int),
	}
	s.life, s.kill = context.WithCancel(context.Background())
	if err := s.openStations(ip); err != nil {
		s.kill()
		return nil, errors.Join(err, engine.Close())
	}
	return s, nil
}

func (s *Sim) openStations(ip netip.Addr) error {
	agents, err := s.openStation(ip, s.opts.AgentAddr, handlers{invite: s.offer(RoleAgent), knows: s.knows})
	if err != nil {
		return fmt.Errorf("open the agents' SIP address: %w", err)
	}
	callers, err := s.openStation(ip, s.opts.CallerAddr, handlers{
		invite: s.offer(RoleOutside),
		knows:  func(string) bool { return true },
	})
	if err != nil {
		return errors.Join(fmt.Errorf("open the callers' SIP address: %w", err), agents.close())
	}
	s.agents, s.callers = agents, callers
	return nil
}

func (s *Sim) openStation(ip netip.Addr, addr string, h handlers) (*station, error) {
	bind := netip.AddrPortFrom(ip, 0)
	if addr != "" {
		var err error
		if bind, err = netip.ParseAddrPort(addr); err != nil {
			return nil, err
		}
	}
	st := &station{
		timeout:     s.opts.Timeout,
		allowRemote: s.opts.AllowRemote,
		log:         s.log,
		life:        s.life,
		enter:       s.enter,
		leave:       s.wg.Done,
	}
	return st, st.open(bind, h)
}

// AgentAddr is the SIP address of all agents.
func (s *Sim) AgentAddr() netip.AddrPort {
	return s.agents.addr
}

// CallerAddr is the SIP address of all callers.
func (s *Sim) CallerAddr() netip.AddrPort {
	return s.callers.addr
}

// Media returns the counters of the audio engine.
func (s *Sim) Media() media.Stats {
	return s.engine.Stats()
}

// Signalling returns the counters of SIP, of callers and agents together.
func (s *Sim) Signalling() Signalling {
	return s.callers.conn.count.stats().plus(s.agents.conn.count.stats())
}

// Ledger returns the records of all legs, in order of their INVITE. Legs that
// have not ended have no result yet.
func (s *Sim) Ledger() []Record {
	s.mu.Lock()
	out := slices.Clone(s.finished)
	live := make([]*Leg, 0, len(s.legs))
	for l := range s.legs {
		live = append(live, l)
	}
	s.mu.Unlock()
	for _, l := range live {
		out = append(out, l.Record())
	}
	slices.SortStableFunc(out, func(a, b Record) int { return a.Invite.Compare(b.Invite) })
	return out
}

// Close hangs up every call, unregisters every agent and waits for all of it.
// When ctx ends first, the rest is cut off and ctx's error returned. A second
// call returns at once.
func (s *Sim) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.closing)
	idle := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(idle)
	}()
	var late error
	select {
	case <-idle:
	case <-ctx.Done():
		late = fmt.Errorf("close phone simulator: calls still open: %w", ctx.Err())
	}
	s.kill() // Ends what still waits for an answer.
	<-idle
	return errors.Join(late, s.callers.close(), s.agents.close(), s.engine.Close())
}

// enter admits one more piece of work that Close has to wait for; the other
// end of it is s.wg.Done.
func (s *Sim) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}

// nextTone gives out the codes of a role in turn.
func (s *Sim) nextTone(role Role) int {
	first, count := bandOf(role)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := (s.opts.FirstTone + s.tones[role]) % count
	s.tones[role]++
	return first + n
}

// enroll enters a leg in the ledger.
func (s *Sim) enroll(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.legs[l] = struct{}{}
}

// settle replaces a leg that has ended by its final record.
func (s *Sim) settle(l *Leg) {
	r := l.Record()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.legs, l)
	s.finished = append(s.finished, r)
}
