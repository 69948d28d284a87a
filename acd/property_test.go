package acd

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
)

// Any commands in any order at any times, lost, repeated and mixed up: the rules hold
// after each, and the engine does what its naive model does.
func TestAnyCommandsKeepTheRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlay(rt)
		for range rapid.IntRange(1, 120).Draw(rt, "commands") {
			p.now = p.now.Add(rapid.SampledFrom(pauses).Draw(rt, "pause"))
			p.step()
		}
		p.settleDown()
	})
}

// A clock that jumps, back too, leaves nothing behind either.
func TestAnyClockLeavesNothingBehind(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlay(rt)
		p.jumps = true
		for range rapid.IntRange(1, 60).Draw(rt, "commands") {
			p.now = p.now.Add(time.Duration(rapid.IntRange(-5, 5).Draw(rt, "jump")) * time.Second)
			p.step()
		}
		p.settleDown()
	})
}

// The pauses make equal times and missed deadlines frequent.
var pauses = []time.Duration{
	0, 0, 0, 0, 300 * time.Microsecond, time.Second, time.Second, 2 * time.Second, 5 * time.Second, time.Minute,
}

// play is one run of the property test.
type play struct {
	*rapid.T
	e      *Engine
	m      *model
	now    time.Time
	jumps  bool // the clock also goes back, so that limits look longer
	calls  int
	offers []call.OfferID
	sticky map[call.ID]bool // entered with an agent preferred
	ledger ledger
}

func newPlay(rt *rapid.T) *play {
	seconds := func(name string, of ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(of).Draw(rt, name)) * time.Second
	}
	cfg := Config{
		RingGrace: seconds("grace", 1, 2), MissPause: seconds("pause", 1, 3), TalkMax: seconds("talk", 20, 60),
		PriorityWorth: seconds("worth", 1, 4),
		SuspendAfter:  rapid.IntRange(0, 3).Draw(rt, "suspend"),
	}
	for i := range rapid.IntRange(1, 3).Draw(rt, "queues") {
		cfg.Queues = append(cfg.Queues, Queue{
			ID: call.QueueID(fmt.Sprint("q", i)), RingFor: seconds("ring", 3, 5),
			WrapUp: seconds("wrap", 0, 4), MaxWait: seconds("wait", 0, 4, 10),
		})
		drawSkill(rt, &cfg.Queues[i])
	}
	for i := range cfg.Queues {
		drawBounds(rt, cfg.Queues, i)
	}
	for i := range rapid.IntRange(1, 5).Draw(rt, "agents") {
		a := Agent{ID: call.AgentID(fmt.Sprint("a", i))}
		for _, q := range cfg.Queues {
			if rapid.Bool().Draw(rt, "serves") {
				a.Queues = append(a.Queues, q.ID)
			}
		}
		for _, skill := range []Skill{"phone", "line"} {
			if rapid.IntRange(0, 2).Draw(rt, "has "+string(skill)) == 0 {
				a.Skills = add(a.Skills, skill, Level(rapid.IntRange(0, 3).Draw(rt, "level")))
			}
		}
		cfg.Agents = append(cfg.Agents, a)
	}
	e, err := New(cfg)
	if err != nil {
		rt.Fatalf("New: %v", err)
	}
	return &play{T: rt, e: e, m: newModel(cfg), now: dawn, sticky: map[call.ID]bool{}, ledger: newLedger()}
}

func add(m map[Skill]Level, skill Skill, level Level) map[Skill]Level {
	if m == nil {
		m = map[Skill]Level{}
	}
	m[skill] = level
	return m
}

func drawSkill(rt *rapid.T, q *Queue) {
	q.Skill = rapid.SampledFrom([]Skill{"", "phone", "line"}).Draw(rt, "skill")
	if q.Skill == "" {
		return
	}
	q.MinLevel = Level(rapid.IntRange(0, 2).Draw(rt, "least"))
	q.HighestFirst = rapid.Bool().Draw(rt, "highest")
	for range rapid.IntRange(0, 3).Draw(rt, "widenings") {
		q.Widen = append(q.Widen, Widen{
			After: time.Duration(rapid.IntRange(0, 8).Draw(rt, "after")) * time.Second,
			Level: Level(rapid.IntRange(0, 3).Draw(rt, "enough")),
		})
	}
}

func drawBounds(rt *rapid.T, queues []Queue, i int) {
	q := &queues[i]
	q.Worth = time.Duration(rapid.SampledFrom([]int{0, 0, 2, 5}).Draw(rt, "queue's worth")) * time.Second
	q.MaxWaiting = rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(rt, "full")
	q.EmptyAfter = time.Duration(rapid.SampledFrom([]int{0, 0, 6}).Draw(rt, "empty")) * time.Second
	for _, other := range queues {
		if other.ID != q.ID && rapid.IntRange(0, 2).Draw(rt, "help") == 0 {
			q.Help = append(q.Help, Help{
				After: time.Duration(rapid.IntRange(0, 8).Draw(rt, "after")) * time.Second, Queue: other.ID,
			})
		}
	}
}

// step applies a command. What tells of the past comes after the deadlines, so that one
// sees beforehand whether it is taken.
func (p *play) step() {
	c := p.draw()
	switch c.(type) {
	case Enter, Adopt, Restore:
		p.apply(Tick{})
	}
	p.apply(c)
}

// draw makes a command about things that exist, existed or never did.
func (p *play) draw() Command {
	agent := call.AgentID(fmt.Sprint("a", rapid.IntRange(0, len(p.e.agents)).Draw(p.T, "agent")))
	id := call.ID(fmt.Sprint("c", rapid.IntRange(max(0, p.calls-6), p.calls).Draw(p.T, "call")))
	offer := call.OfferID("c0-a1")
	if len(p.offers) > 0 {
		recent := p.offers[max(0, len(p.offers)-6):]
		offer = rapid.SampledFrom(recent).Draw(p.T, "offer")
	}
	switch rapid.IntRange(0, 19).Draw(p.T, "kind") {
	case 0, 1:
		return SignIn{agent}
	case 2:
		return SignOut{agent, "over"}
	case 3:
		return GoReady{agent}
	case 4:
		return TakeBreak{agent, "tea"}
	case 5, 6, 7, 8:
		return p.drawEnter(id)
	case 9, 10:
		return Leave{Call: id}
	case 11, 12, 13:
		return Answered{offer}
	case 14:
		outcomes := []call.Outcome{call.NoAnswer, call.Rejected, call.Busy, call.Unreachable, call.Canceled}
		return OfferFailed{offer, rapid.SampledFrom(outcomes).Draw(p.T, "outcome")}
	case 15:
		return LegEnded{offer, rapid.SampledFrom([]call.Party{call.ByAgent, call.ByCaller}).Draw(p.T, "by")}
	case 16:
		return WrapUpDone{agent}
	case 17:
		return p.drawAdopt(agent, id)
	case 18:
		return p.drawRestore(agent, id)
	default:
		return Tick{}
	}
}

func (p *play) drawEnter(old call.ID) Command {
	queue := call.QueueID(fmt.Sprint("q", rapid.IntRange(0, len(p.e.queues)).Draw(p.T, "queue")))
	c := Enter{Call: call.ID(fmt.Sprint("c", p.calls)), Queue: queue}
	switch rapid.IntRange(0, 9).Draw(p.T, "entry") {
	case 0:
		c.Call = old
	case 1, 2:
		c.Resumed = rapid.Bool().Draw(p.T, "resumed")
		c.Since = p.now.Add(-time.Duration(rapid.IntRange(-1, 12).Draw(p.T, "since")) * time.Second)
	}
	if rapid.IntRange(0, 4).Draw(p.T, "resumes a place") == 0 {
		c.Place = p.now.Add(-time.Duration(rapid.IntRange(-1, 20).Draw(p.T, "place")) * time.Second)
	}
	if rapid.IntRange(0, 3).Draw(p.T, "grade") == 0 {
		c.Priority = rapid.IntRange(-2, 2).Draw(p.T, "priority")
		c.Level = Level(rapid.IntRange(0, 4).Draw(p.T, "wanted"))
	}
	if rapid.IntRange(0, 2).Draw(p.T, "sticky") == 0 {
		p.sticky[c.Call] = true
		c.Prefer = call.AgentID(fmt.Sprint("a", rapid.IntRange(0, len(p.e.agents)).Draw(p.T, "preferred")))
		c.PreferFor = time.Duration(rapid.IntRange(0, 6).Draw(p.T, "for")) * time.Second
	}
	p.calls++
	return c
}

// apply gives one command to both and checks everything.
func (p *play) apply(c Command) {
	isNew, offline := p.isNew(c)
	p.Logf("%v %T%+v", p.now.Sub(dawn), c, c)
	out := p.e.Apply(p.now, c)
	for _, a := range out.Actions {
		if r, ok := a.(Ring); ok {
			p.offers = append(p.offers, r.Offer)
		}
	}
	if diff := cmp.Diff(p.m.apply(p.now, c), out.Actions); diff != "" {
		p.Fatalf("actions of model and engine (-model +engine):\n%s", diff)
	}
	for i, a := range p.e.agents {
		if got, want := a.state, p.m.agents[i].state; got != want {
			p.Fatalf("%s is %s, in the model %s", a.id, got, want)
		}
	}
	a, adopts := c.(Adopt)
	if isNew && (!adopts || p.e.offers[a.Offer] != nil) {
		p.told(c, offline)
	}
	if adopts && slices.Contains(out.Actions, Action(Drop{a.Offer, a.Caller.Call, a.Agent, call.Canceled})) {
		if p.e.offers[a.Offer] == nil { // his ring could not be: he stands in the queue as before
			p.ledger.count(a.Caller.Queue).queued++
		}
	}
	p.ledger.add(p.T, call.Stamp(p.now), out)
	p.checkRules(c, out)
}

// settleDown hangs up all calls, loses every message after that and waits: nothing may
// stay.
func (p *play) settleDown() {
	for i := range p.calls {
		p.apply(Leave{Call: call.ID(fmt.Sprint("c", i))})
	}
	for range 1000 {
		next, ok := p.e.NextDeadline()
		if !ok {
			break
		}
		p.now = later(p.now, next)
		p.apply(Tick{})
	}
	if n := len(p.e.offers) + len(p.e.callers) + p.e.deadlines.len(); n != 0 {
		p.Fatalf("%d offers, calls and deadlines are left for ever", n)
	}
	for _, a := range p.e.agents {
		if a.state == call.Ringing || a.state == call.Talking || a.state == call.WrapUp {
			p.Fatalf("%s is stuck in %s", a.id, a.state)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
