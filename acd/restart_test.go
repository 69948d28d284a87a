package acd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
)

// The controller is killed at any moment of anything. A second engine is made from what
// stands in the ledger and from the legs that are still there, in any order. From then on
// both are given the same commands: they ring the same phones for the same callers at the
// same moments, and every event is the same, with every length.
func TestPeers10AnythingOutlivesTheController(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRestart(rt)
		for range rapid.IntRange(0, 60).Draw(rt, "before") {
			r.step()
		}
		r.kill()
		for range rapid.IntRange(1, 40).Draw(rt, "after") {
			r.step()
		}
	})
}

// restart is an engine, the facts it left behind, and the engine that follows it.
type restart struct {
	*play
	next   *Engine // nil until the first was killed
	closes bool    // dropped legs are being confirmed
	facts  facts
}

func newRestart(rt *rapid.T) *restart {
	p := newPlay(rt)
	cfg := p.e.cfg
	// No limits of two kinds end in the same millisecond, where the order in which they
	// began would count: it is not a fact of the ledger.
	cfg.MissPause += 137 * time.Millisecond
	cfg.RingGrace += 271 * time.Millisecond
	cfg.TalkMax += 419 * time.Millisecond
	for i := range cfg.Queues {
		q := &cfg.Queues[i]
		q.EmptyAfter = 0 // a new engine counts anew
		if q.WrapUp > 0 {
			q.WrapUp += 557 * time.Millisecond
		}
		if q.MaxWait > 0 {
			q.MaxWait += 683 * time.Millisecond
		}
	}
	e, err := New(cfg)
	if err != nil {
		rt.Fatalf("New: %v", err)
	}
	p.e = e
	return &restart{play: p, facts: newFacts(cfg)}
}

// step lets time pass, with every deadline at its moment, and applies a command. Every
// command has a millisecond of its own, so that no two limits end in the same one.
func (r *restart) step() {
	pause := time.Duration(rapid.SampledFrom([]int{0, 0, 1, 2, 5, 60}).Draw(r.T, "seconds")) * time.Second
	until := r.now.Add(pause + time.Millisecond)
	for at, ok := r.e.NextDeadline(); ok && at.Before(until); at, ok = r.e.NextDeadline() {
		r.now = later(r.now, at)
		r.do(Tick{})
	}
	r.now = until
	c := r.lively()
	switch x := c.(type) {
	case Adopt, Restore:
		c = Tick{}
	case Enter:
		// Whom a caller prefers is not a fact of the ledger: who enters him again says it.
		x.Resumed, x.Prefer = false, ""
		c = x
	}
	r.do(c)
}

// lively is a command that goes on with a call that there is, or any command.
func (r *restart) lively() Command {
	legs := r.legs()
	if len(legs) == 0 || rapid.IntRange(0, 2).Draw(r.T, "any") == 0 {
		return r.draw()
	}
	o := r.e.offers[rapid.SampledFrom(legs).Draw(r.T, "leg")]
	switch o.phase {
	case talking:
		return LegEnded{o.id, call.ByCaller}
	case ringing:
		return Answered{o.id}
	default:
		return OfferFailed{o.id, o.dropped}
	}
}

func (r *restart) do(c Command) {
	r.Logf("%v %T%+v", r.now.Sub(dawn), c, c)
	out := r.e.Apply(r.now, c)
	for _, a := range out.Actions {
		if ring, ok := a.(Ring); ok {
			r.offers = append(r.offers, ring.Offer)
		}
	}
	r.facts.add(c, out.Events)
	if r.next == nil {
		return
	}
	if diff := gocmp.Diff(out, r.next.Apply(r.now, c)); diff != "" {
		r.Fatalf("the engines differ (-first +second):\n%s", diff)
	}
	if !r.closes {
		r.compare()
	}
}

func (r *restart) compare() {
	a, b := r.e.Snapshot(r.now), r.next.Snapshot(r.now)
	a.Stats, b.Stats = Stats{}, Stats{}
	if diff := gocmp.Diff(a, b); diff != "" {
		r.Fatalf("the states differ (-first +second):\n%s", diff)
	}
	x, _ := r.e.NextDeadline()
	y, _ := r.next.NextDeadline()
	if !x.Equal(y) {
		r.Fatalf("the first wakes at %v, the second at %v", x, y)
	}
}

// settle has the world answer what is neither a fact nor a leg: a hang-up that was ordered,
// and one of a leg that was answered too late.
func (r *restart) settle() {
	for _, id := range r.legs() {
		if o := r.e.offers[id]; o.by != "" {
			r.do(LegEnded{id, call.ByAgent})
		} else if o.late {
			r.do(OfferFailed{id, call.Canceled})
		}
	}
}

// legs lists all offers that have a leg.
func (r *restart) legs() []call.OfferID {
	ids := make([]call.OfferID, 0, len(r.e.offers))
	for id := range r.e.offers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// kill makes the second engine from the facts and the legs that are there.
func (r *restart) kill() {
	r.settle()
	e, err := New(r.e.cfg)
	if err != nil {
		r.Fatalf("New: %v", err)
	}
	legs := r.legs()
	commands := r.facts.adoptions(legs)
	commands = append(commands, r.facts.restorations()...)
	commands = append(commands, rapid.Permutation(r.facts.entries()).Draw(r.T, "order")...)
	for _, c := range commands {
		c = r.wished(c)
		r.Logf("second: %T%+v", c, c)
		for _, ev := range e.Apply(r.now, c).Events {
			if ev.Kind != call.AgentChanged || ev.From != call.Offline || ev.Held != 0 {
				r.Fatalf("%T brings about %+v, which is no news", c, ev)
			}
		}
	}
	if got := e.Stats(); got != (Stats{}) {
		r.Fatalf("the second engine refuses something: %+v", got)
	}
	r.next, r.closes = e, true
	for _, id := range legs {
		if o := r.e.offers[id]; o != nil && o.phase == closing {
			// Both ordered the leg away, at different times: its end is the same for both.
			r.do(OfferFailed{id, o.dropped})
		}
	}
	r.closes = false
	r.compare()
}

// wished adds what the desktop of an agent remembers: what he asked for after his call.
func (r *restart) wished(c Command) Command {
	switch c := c.(type) {
	case Adopt:
		a := r.e.agentByID[c.Agent]
		c.Next, c.NextWhy = a.next, a.nextWhy
		return c
	case Restore:
		a := r.e.agentByID[c.Agent]
		c.Next, c.NextWhy = a.next, a.nextWhy
		return c
	default:
		return c
	}
}

// facts is what a controller finds after a restart: the ledger, folded, and what the grade
// of each caller is.
type facts struct {
	cfg    Config
	seq    int
	grades map[call.ID]Enter
	calls  map[call.ID]*callFact
	legs   map[call.OfferID]*legFact
	agents map[call.AgentID]*agentFact
}

type callFact struct {
	call.Event  // Queued
	seq, offers int
	waits       bool
}

type legFact struct {
	call.Event // Offered
	seq        int
	answer     time.Time
	dropped    call.Outcome
}

type agentFact struct {
	call.Event     // the last change
	seq            int
	signedIn, idle time.Time
	missed, before time.Time  // the last missed call, and the one before
	ended          call.Event // the last OfferEnded
	misses         int
	talk           call.Event // TalkEnded
}

func newFacts(cfg Config) facts {
	f := facts{
		cfg: cfg, grades: map[call.ID]Enter{}, calls: map[call.ID]*callFact{},
		legs: map[call.OfferID]*legFact{}, agents: map[call.AgentID]*agentFact{},
	}
	for _, a := range cfg.Agents {
		f.agents[a.ID] = &agentFact{Event: call.Event{Agent: a.ID, To: call.Offline}}
	}
	return f
}

func (f *facts) add(c Command, events []call.Event) {
	for _, ev := range events {
		f.seq++
		if enter, ok := c.(Enter); ok && ev.Kind == call.Queued {
			f.grades[ev.Call] = enter
		}
		f.addCall(ev)
		if a := f.agents[ev.Agent]; a != nil {
			f.addAgent(a, ev)
		}
	}
}

func (f *facts) addCall(ev call.Event) {
	c, l := f.calls[ev.Call], f.legs[ev.Offer]
	switch ev.Kind {
	case call.Queued:
		f.calls[ev.Call] = &callFact{Event: ev, seq: f.seq, waits: true}
	case call.Offered:
		number := ev.Offer[strings.LastIndex(string(ev.Offer), "-a")+2:]
		c.offers, _ = strconv.Atoi(string(number))
		c.waits = false
		f.legs[ev.Offer] = &legFact{Event: ev, seq: f.seq}
	case call.OfferEnded:
		c.waits = true
		l.dropped = ev.Outcome
	case call.Answered:
		l.answer = ev.At
	case call.LeftQueue:
		f.undoMiss(ev)
		delete(f.calls, ev.Call)
	case call.TalkEnded:
		delete(f.calls, ev.Call)
	}
}

// undoMiss takes back a missed call that was the caller's doing.
func (f *facts) undoMiss(left call.Event) {
	for _, a := range f.agents {
		same := a.ended.Call == left.Call && a.ended.At.Equal(left.At) && a.ended.Outcome == call.Canceled
		if same && left.Outcome == call.Abandoned {
			a.missed = a.before
		}
	}
}

func (f *facts) addAgent(a *agentFact, ev call.Event) {
	switch ev.Kind {
	case call.OfferEnded:
		a.before, a.missed, a.ended = a.missed, ev.At, ev
		if ev.Outcome == call.NoAnswer {
			if a.misses++; a.misses == f.cfg.SuspendAfter {
				a.misses = 0
			}
		}
	case call.Answered:
		a.misses = 0
	case call.TalkEnded:
		a.talk = ev
	case call.AgentChanged:
		if ev.From == call.Offline {
			a.signedIn, a.misses = ev.At, 0
		}
		if ev.To == call.Ready && (ev.From != call.Ringing || a.ended.Outcome != call.Canceled) {
			a.idle = ev.At
		}
		a.Event, a.seq = ev, f.seq
	}
}

// again is how a caller enters again.
func (f *facts) again(c *callFact) Enter {
	grade := f.grades[c.Call]
	return Enter{
		Call: c.Call, Queue: c.Queue, Since: c.Entered, Place: c.Place, Offers: c.offers, Resumed: true,
		Priority: grade.Priority, Level: grade.Level,
	}
}

// adoptions are the legs that are there, in the order in which they were made.
func (f *facts) adoptions(legs []call.OfferID) []Command {
	slices.SortFunc(legs, func(a, b call.OfferID) int { return cmp.Compare(f.legs[a].seq, f.legs[b].seq) })
	var commands []Command
	for _, id := range legs {
		l, a := f.legs[id], f.agents[f.legs[id].Agent]
		c := Adopt{
			Caller: Enter{Call: l.Call, Queue: l.Queue}, Agent: l.Agent, Offer: id, Offered: l.At, Answer: l.answer,
			Dropped: l.dropped, SignedIn: a.signedIn, IdleSince: a.idle, Misses: a.misses,
		}
		if l.dropped == "" {
			c.Caller = f.again(f.calls[l.Call])
		}
		commands = append(commands, c)
	}
	return commands
}

// restorations are the agents without a call, in the order of their last change.
func (f *facts) restorations() []Command {
	var all []*agentFact
	for _, a := range f.agents {
		if a.Kind != "" {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *agentFact) int { return cmp.Compare(a.seq, b.seq) })
	var commands []Command
	for _, a := range all {
		c := Restore{
			Agent: a.Agent, State: a.To, Since: a.At, Reason: a.Reason, SignedIn: a.signedIn,
			IdleSince: a.idle, Missed: a.missed, Misses: a.misses,
		}
		switch a.To {
		case call.Ready, call.Break, call.Offline:
			commands = append(commands, c)
		case call.WrapUp:
			c.Call, c.Queue, c.Offer = a.talk.Call, a.talk.Queue, a.talk.Offer
			c.Entered, c.Answer = a.talk.Entered, a.talk.Answer
			commands = append(commands, c)
		default:
		}
	}
	return commands
}

// entries are the callers who wait.
func (f *facts) entries() []Command {
	var all []*callFact
	for _, c := range f.calls {
		if c.waits {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *callFact) int { return cmp.Compare(a.seq, b.seq) })
	commands := make([]Command, 0, len(all))
	for _, c := range all {
		commands = append(commands, f.again(c))
	}
	return commands
}
