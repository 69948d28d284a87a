package callflow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hotline/acd"
	"hotline/call"
)

const (
	// mailboxBound is far above what one call can cause; reaching it means the flow hangs.
	mailboxBound = 1024
	// settle is how long a leg may be younger than a look before its absence counts: the
	// look may have been taken before the leg was made.
	settle = 3 * time.Second
	// wordMax is how long the word of an end may take after the end itself.
	wordMax = time.Second
	// overBound is how many calls that are over are kept in mind: minutes of a busy house,
	// while an event that comes again does so within seconds.
	overBound = 4096
)

// Options are what a Manager needs. All but Log and the limits are required.
type Options struct {
	Phone     Phone
	ACD       ACD
	Recording Recording
	Ledger    Ledger
	Lines     []Line
	// Queues are what callers hear while they wait; a queue that is not in it is silent.
	Queues map[call.QueueID]Room
	Log    *slog.Logger
	// Standing tells how a caller enters a queue; nil = everybody alike. It must not block.
	Standing func(a Arrival, queue call.QueueID) Standing

	// Callbacks keeps the list of those who want to be called back; nil = nobody can be.
	Callbacks Callbacks
	// Foretell tells how long a caller who waits still does; false when nobody knows. nil =
	// never known. It is asked beside the call and may take its time.
	Foretell func(ctx context.Context, id call.ID) (acd.Forecast, bool)

	Codes Codes // that agents press in a call
	Desk  Desk  // nil = codes are not listened to

	UnknownNumber string        // sound for a number without a queue, "" for none
	PromptMax     time.Duration // a prompt that does not end by itself is passed over; default 60 s
	TransferWait  time.Duration // an agent who is called for is waited for; default 20 s
	LeaveMax      time.Duration // wait for a hang-up to be confirmed before it is asked again; default 5 s
}

func (o *Options) validate() error {
	switch {
	case o.Phone == nil:
		return errors.New("callflow: Phone is missing")
	case o.ACD == nil:
		return errors.New("callflow: ACD is missing")
	case o.Recording == nil:
		return errors.New("callflow: Recording is missing")
	case o.Ledger == nil:
		return errors.New("callflow: Ledger is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.PromptMax <= 0 {
		o.PromptMax = time.Minute
	}
	if o.TransferWait <= 0 {
		o.TransferWait = 20 * time.Second
	}
	if o.LeaveMax <= 0 {
		o.LeaveMax = 5 * time.Second
	}
	return nil
}

// Manager holds the flows of all calls and brings each signal to its call.
type Manager struct {
	opt   Options
	lines map[string]Line
	again []time.Duration // pauses of stopAgain

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu    sync.Mutex
	flows map[call.ID]*flow
	over  map[call.ID]bool // the last calls that ended
	ended []call.ID        // the same, in turn; next is the oldest
	next  int

	refused atomic.Uint64
}

// NewManager checks the options; no goroutine runs before the first Arrive.
func NewManager(opt Options) (*Manager, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	lines := make(map[string]Line, len(opt.Lines))
	for _, l := range opt.Lines {
		if _, twice := lines[l.Number]; twice {
			return nil, fmt.Errorf("callflow: line %q is listed twice", l.Number)
		}
		lines[l.Number] = l
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Manager{
		opt: opt, lines: lines, again: stopAgain, ctx: ctx, stop: stop,
		flows: map[call.ID]*flow{}, over: map[call.ID]bool{},
	}, nil
}

// Arrive starts the flow of a new caller. A call that is known already, or is just over, is
// left alone, so an event that comes twice does no harm.
func (m *Manager) Arrive(a Arrival) {
	m.start(a, func(ctx context.Context, f *flow) { f.begin(ctx) })
}

// start makes the flow's goroutine, once for each call.
func (m *Manager) start(a Arrival, begin func(ctx context.Context, f *flow)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flows[a.Call] != nil || m.over[a.Call] || m.ctx.Err() != nil {
		return
	}
	f := newFlow(m, a)
	m.flows[a.Call] = f
	m.wg.Go(func() { f.run(m.ctx, begin) })
}

// Deliver brings a signal to its call. It reports false when the call is not known, so
// that the owner of the switch can hang up a leg nobody owns.
func (m *Manager) Deliver(id call.ID, s Signal) bool {
	f := m.flow(id)
	return f != nil && m.post(f, s)
}

// Act does what the ACD decided. It never blocks: it is called by the ACD's owner.
func (m *Manager) Act(a acd.Action) {
	owner, _ := CallOf(string(callOf(a)))
	if f := m.flow(owner); f != nil && m.post(f, order{a}) {
		return
	}
	m.refuse(a)
}

// refuse answers an order that came after the call's end. Without the answer the engine
// would hold the agent until its grace is over (complaint P2).
func (m *Manager) refuse(a acd.Action) {
	switch a := a.(type) {
	case acd.Ring:
		m.submit(acd.OfferFailed{Offer: a.Offer, Outcome: call.Canceled})
	case acd.Drop:
		m.submit(acd.OfferFailed{Offer: a.Offer, Outcome: a.Why})
	case acd.Connect:
		m.submit(acd.LegEnded{Offer: a.Offer, By: call.ByCaller})
	case acd.HangUp:
		m.submit(acd.LegEnded{Offer: a.Offer, By: call.BySystem})
	}
}

// Reconcile compares every flow with what the switch knew at the time taken. Legs it did
// not know are over; agents' legs that were picked up unseen are taken up; legs that bear a
// call's name and were given up by it are ended. The channel is closed when every flow has done
// so, or has ended.
func (m *Manager) Reconcile(taken time.Time, legs map[call.LegID]LegState) <-chan struct{} {
	yours := map[call.ID][]call.LegID{}
	for id := range legs {
		if owner, part := CallOf(string(id)); part != "" {
			yours[owner] = append(yours[owner], id)
		}
	}
	flows, done := m.all(), make(chan struct{})
	var left atomic.Int64
	left.Store(int64(len(flows)) + 1)
	one := func() {
		if left.Add(-1) == 0 {
			close(done)
		}
	}
	for _, f := range flows {
		if !m.post(f, look{taken: taken, legs: legs, yours: yours[f.a.Call], done: one}) {
			one()
		}
	}
	one()
	return done
}

// SwitchDied ends every call: the switch that held them is gone, with all their legs, since
// the given time.
func (m *Manager) SwitchDied(at time.Time) {
	for _, f := range m.all() {
		m.post(f, died{at})
	}
}

// Calls returns a line for each running call, for the live view.
func (m *Manager) Calls() []Status {
	flows := m.all()
	out := make([]Status, 0, len(flows))
	for _, f := range flows {
		out = append(out, f.status())
	}
	return out
}

// Known reports whether a flow owns the call. The recorder's sweep leaves such calls alone.
func (m *Manager) Known(id call.ID) bool { return m.flow(id) != nil }

// Refused counts signals that a full mailbox did not take.
func (m *Manager) Refused() uint64 { return m.refused.Load() }

// Close lets go of all flows and waits for them. Calls live on in the switch: they outlive
// the controller (ADR 0011).
func (m *Manager) Close() {
	m.stop()
	m.wg.Wait()
}

func (m *Manager) flow(id call.ID) *flow {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.flows[id]
}

func (m *Manager) all() []*flow {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]*flow, 0, len(m.flows))
	for _, f := range m.flows {
		out = append(out, f)
	}
	return out
}

func (m *Manager) post(f *flow, s Signal) bool {
	taken, full := f.box.post(s)
	if full {
		m.refused.Add(1)
		m.opt.Log.Error("mailbox of a call is full", "call", f.a.Call, "bound", mailboxBound)
	}
	return taken
}

// forget takes a finished flow out and answers the orders it did not live to see.
func (m *Manager) forget(f *flow) {
	m.mu.Lock()
	delete(m.flows, f.a.Call)
	m.remember(f.a.Call)
	m.mu.Unlock()
	for _, s := range f.box.close() {
		switch s := s.(type) {
		case order:
			m.refuse(s.Action)
		case request:
			s.reply <- ErrNoCall
		case look:
			s.done()
		}
	}
}

// remember keeps in mind that a call is over, in place of the one that ended longest ago.
func (m *Manager) remember(id call.ID) {
	if len(m.ended) < overBound {
		m.ended = append(m.ended, id)
	} else {
		delete(m.over, m.ended[m.next])
		m.ended[m.next] = id
		m.next = (m.next + 1) % overBound
	}
	m.over[id] = true
}

func (m *Manager) submit(cmd acd.Command) {
	if err := m.opt.ACD.Submit(cmd); err != nil && m.ctx.Err() == nil {
		m.opt.Log.Error("command refused by the ACD", "command", fmt.Sprintf("%T", cmd), "error", err)
	}
}

func callOf(a acd.Action) call.ID {
	switch a := a.(type) {
	case acd.Ring:
		return a.Call
	case acd.Drop:
		return a.Call
	case acd.Connect:
		return a.Call
	case acd.HangUp:
		return a.Call
	case acd.Expire:
		return a.Call
	default:
		return ""
	}
}
