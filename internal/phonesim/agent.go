package phonesim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Registration.
const (
	defaultExpires = 2 * time.Minute
	minExpires     = 2 * time.Second
	// A registration is renewed when three quarters of its time have passed.
	renewNumerator, renewDenominator = 3, 4
	retryFirst                       = time.Second
	retryMax                         = 30 * time.Second
)

// Errors of agents.
var (
	// ErrRegister is returned when the registrar refuses.
	ErrRegister = errors.New("registration refused")
	// ErrUserTaken is returned when the user name has a telephone already.
	ErrUserTaken = errors.New("user name already has a telephone")
)

// AgentOptions describes one agent's telephone.
type AgentOptions struct {
	// User is the user name and the number of the telephone.
	User string
	// Password answers the registrar's digest challenge.
	Password string
	// Registrar is the host:port to register with. Empty means that the
	// telephone does not register; it can still be called directly.
	Registrar string
	// Expires is the life of a registration; 2 minutes when 0.
	Expires time.Duration
	// Lines is how many calls the telephone takes at a time; further ones get
	// 486. 1 when 0.
	Lines int
	// Behave decides what to do with an offer; nil answers after 1 s and talks
	// until the other side hangs up. It is called once for each offer, from the
	// leg's goroutine, and must not block.
	Behave func(Offer) Action
}

// Agent is one agent's telephone, or the inside of one at the far side of the trunk. It
// lives until Sim.Close.
type Agent struct {
	sim  *Sim
	role Role
	opts AgentOptions

	// registering admits one registration at a time.
	registering sync.Mutex
	callID      string
	seq         uint32

	mu         sync.Mutex
	registered bool
	renew      context.CancelFunc // Ends the renewal; nil without one.
	offers     int
	legs       []*Leg // In order of their INVITE.
}

// NewAgent makes a telephone and registers it, when it has a registrar.
func (s *Sim) NewAgent(ctx context.Context, opts AgentOptions) (*Agent, error) {
	if opts.User == "" {
		return nil, errors.New("agent telephone: user name must not be empty")
	}
	if opts.Expires == 0 {
		opts.Expires = defaultExpires
	}
	a, err := s.newPhone(RoleAgent, opts)
	if err != nil {
		return nil, err
	}
	if opts.Registrar == "" {
		return a, nil
	}
	if err := a.Register(ctx); err != nil {
		s.uninstall(a)
		return nil, err
	}
	return a, nil
}

// newPhone makes a telephone that takes calls.
func (s *Sim) newPhone(role Role, opts AgentOptions) (*Agent, error) {
	if opts.Lines == 0 {
		opts.Lines = 1
	}
	if opts.Behave == nil {
		opts.Behave = func(Offer) Action { return Answer(time.Second, 0) }
	}
	a := &Agent{
		sim:    s,
		role:   role,
		opts:   opts,
		callID: sip.GenerateTagN(24) + "@" + s.agents.addr.Addr().String(),
	}
	return a, s.install(a)
}

// exchange is the telephones of a role, by the name they are called under. The caller
// holds the lock.
func (s *Sim) exchange(role Role) map[string]*Agent {
	if role == RoleOutside {
		return s.outside
	}
	return s.phones
}

func (s *Sim) install(a *Agent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	phones := s.exchange(a.role)
	if phones[a.opts.User] != nil {
		return fmt.Errorf("%s %s: %w", a.role, a.opts.User, ErrUserTaken)
	}
	phones[a.opts.User] = a
	return nil
}

func (s *Sim) uninstall(a *Agent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.exchange(a.role), a.opts.User)
}

// phone returns the telephone of a user, or nil.
func (s *Sim) phone(role Role, user string) *Agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exchange(role)[user]
}

// knows tells whether OPTIONS for a user is answered: a telephone that has
// unregistered is off.
func (s *Sim) knows(user string) bool {
	a := s.phone(RoleAgent, user)
	return user == "" || (a != nil && a.reachable())
}

// User is the user name of the telephone.
func (a *Agent) User() string {
	return a.opts.User
}

// reachable tells whether the telephone is on.
func (a *Agent) reachable() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.registered || a.opts.Registrar == ""
}

// Phone returns the telephone of an agent's user name, or nil.
func (s *Sim) Phone(user string) *Agent { return s.phone(RoleAgent, user) }

// Calls are the calls that ring or talk at the telephone now, in order of their INVITE.
func (a *Agent) Calls() []*Leg {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.legs)
}

// Hangup hangs up, or declines, every call of the telephone.
func (a *Agent) Hangup() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.legs {
		l.Hangup()
	}
}

// Register registers the telephone and keeps the registration alive until
// Unregister or Sim.Close, which unregisters.
//
//nolint:contextcheck // The renewal outlives the call that begins it.
func (a *Agent) Register(ctx context.Context) error {
	a.registering.Lock()
	defer a.registering.Unlock()
	granted, err := a.request(ctx, a.opts.Expires)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.registered = true
	running := a.renew != nil
	a.mu.Unlock()
	if running {
		return nil
	}
	if !a.sim.enter() {
		return ErrClosed
	}
	life, cancel := context.WithCancel(a.sim.life)
	a.mu.Lock()
	a.renew = cancel
	a.mu.Unlock()
	go func() {
		defer a.sim.wg.Done()
		a.keep(life, granted)
	}()
	return nil
}

// Unregister takes the telephone off the registrar: it becomes unreachable.
func (a *Agent) Unregister(ctx context.Context) error {
	a.registering.Lock()
	defer a.registering.Unlock()
	a.mu.Lock()
	renew := a.renew
	a.renew, a.registered = nil, false
	a.mu.Unlock()
	if renew == nil {
		return nil
	}
	renew()
	_, err := a.request(ctx, 0)
	return err
}

// keep renews the registration until life or the simulator ends.
func (a *Agent) keep(life context.Context, first time.Duration) {
	wait, retry := renewAfter(first), retryFirst
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-a.sim.closing:
			// Not with life, which Unregister itself ends.
			if err := a.Unregister(a.sim.life); err != nil { //nolint:contextcheck // as said above
				a.sim.log.Warn("agent not unregistered", "user", a.opts.User, "error", err)
			}
			return
		case <-timer.C:
		}
		granted, err := a.renewOnce(life)
		if err != nil {
			a.sim.log.Warn("registration not renewed", "user", a.opts.User, "error", err)
			wait, retry = retry, min(2*retry, retryMax)
		} else {
			wait, retry = renewAfter(granted), retryFirst
		}
		timer.Reset(wait)
	}
}

func (a *Agent) renewOnce(life context.Context) (time.Duration, error) {
	a.registering.Lock()
	defer a.registering.Unlock()
	if err := life.Err(); err != nil {
		return 0, err // Unregistered while this waited.
	}
	return a.request(life, a.opts.Expires)
}

func renewAfter(granted time.Duration) time.Duration {
	return max(granted, minExpires) * renewNumerator / renewDenominator
}

// request sends one REGISTER, answers a challenge, and returns the life of the
// registration that was granted.
func (a *Agent) request(ctx context.Context, expires time.Duration) (time.Duration, error) {
	st := a.sim.agents
	var registrar sip.Uri
	if err := sip.ParseUri("sip:"+a.opts.Registrar, &registrar); err != nil {
		return 0, fmt.Errorf("registrar %q of agent %s: %w", a.opts.Registrar, a.opts.User, err)
	}
	req := sip.NewRequest(sip.REGISTER, registrar)
	who := registrar
	who.User = a.opts.User
	from := sip.FromHeader{Address: who}
	from.Params.Add("tag", sip.GenerateTagN(16))
	callID := sip.CallIDHeader(a.callID)
	a.seq++
	req.AppendHeader(&from)
	req.AppendHeader(&sip.ToHeader{Address: who})
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: a.seq, MethodName: sip.REGISTER})
	req.AppendHeader(st.contact(a.opts.User))
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires/time.Second))))
	req.AppendHeader(sip.NewHeader("User-Agent", userAgent))
	res, err := st.do(ctx, req)
	if err == nil && (res.StatusCode == sip.StatusUnauthorized || res.StatusCode == sip.StatusProxyAuthRequired) {
		res, err = st.answer(ctx, req, res, sipgo.DigestAuth{Username: a.opts.User, Password: a.opts.Password})
		a.seq = req.CSeq().SeqNo
	}
	if err != nil {
		return 0, fmt.Errorf("register agent %s: %w", a.opts.User, err)
	}
	if !res.IsSuccess() {
		return 0, fmt.Errorf("register agent %s: %w: %d %s", a.opts.User, ErrRegister, res.StatusCode, res.Reason)
	}
	return granted(res, expires), nil
}

// granted reads how long the registrar keeps the registration.
func granted(res *sip.Response, asked time.Duration) time.Duration {
	value := ""
	if h := res.GetHeader("Expires"); h != nil {
		value = h.Value()
	}
	if c := res.Contact(); c != nil {
		if v, ok := c.Params.Get("expires"); ok {
			value = v
		}
	}
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return asked
}
