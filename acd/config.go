package acd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hotline/call"
)

// The limits that stand where Config leaves a field zero.
const (
	DefaultRingGrace = 5 * time.Second
	DefaultMissPause = 5 * time.Second
	DefaultTalkMax   = 4 * time.Hour
	// DefaultPriorityWorth is what stands where Config leaves PriorityWorth zero.
	DefaultPriorityWorth = time.Minute
	// DefaultCallbackTurn is what stands where Config leaves CallbackTurn zero.
	DefaultCallbackTurn = 2
)

// MaxPriority bounds Enter.Priority on both sides, so that Config.PriorityWorth bounds what
// a priority can do.
const MaxPriority = 9

// ReasonMissed is the reason of the break of an agent who let Config.SuspendAfter calls in a
// row ring out. It ends by GoReady like any other.
const ReasonMissed = "missed calls"

// ErrConfig is wrapped by every fault of a Config; the text names the field and the rule.
var ErrConfig = errors.New("acd: invalid config")

// Config says which queues and agents there are and how long anything may last.
type Config struct {
	Queues []Queue
	Agents []Agent

	// RingGrace is how long the leg of a dropped offer, or of a talk that we hang up, may
	// take until it is taken as gone without confirmation; 0 = DefaultRingGrace.
	RingGrace time.Duration
	// MissPause is how long an agent is offered nothing after his phone rang out, was
	// rejected, busy or unreachable, so that the caller goes on to the next agent instead
	// of looping on one phone; 0 = DefaultMissPause.
	MissPause time.Duration
	// SuspendAfter is how many calls in a row an agent may let ring out until he is given a
	// break by us, since he is not at his desk and each ring costs a caller RingFor; 0 =
	// never. Any answer begins a new row, and so do the end of that break and a sign-in.
	SuspendAfter int
	// TalkMax is the limit of a talk, a guard against lost messages and not a rule of the
	// house; 0 = DefaultTalkMax.
	TalkMax time.Duration
	// PriorityWorth is how much longer than in truth a caller counts as waiting for each
	// step of his priority; 0 = DefaultPriorityWorth. All callers of the house stand in one
	// line by queue entry less this and Queue.Worth. The place is fixed at the entry and
	// never changes, so that a caller is passed only by those who enter within the
	// difference of worth after him, or who had their place before him (Enter.Place), and
	// nobody can starve, however many key accounts call or however much a queue is worth.
	PriorityWorth time.Duration
	// CallbackTurn is how many calls in a row that an agent is rung for hold at most one
	// callback, as long as a caller waits whom he may serve; 0 = DefaultCallbackTurn, least 2.
	// A callback keeps its place in the line, so that it goes before those who came later
	// only, but however many there are, callers on the line have the other calls.
	CallbackTurn int
}

// worth is how much earlier than in truth a caller of that priority counts as entered.
func (c Config) worth(priority int) time.Duration {
	return time.Duration(min(max(priority, -MaxPriority), MaxPriority)) * c.PriorityWorth
}

// Queue is one line of callers.
type Queue struct {
	ID      call.QueueID
	RingFor time.Duration // how long an agent's phone rings, above 0
	WrapUp  time.Duration // limit of the work after a call; 0 = none, ready at once
	// MaxWait is the limit of waiting; 0 = none. A phone that rings at that moment may
	// ring on, and the caller leaves when it is not answered.
	MaxWait time.Duration

	// Worth is how much longer than in truth its callers count as waiting when an agent has
	// several queues, see Config.PriorityWorth; 0 = as all others. It changes nothing
	// between callers of the same queue, and where agents have one queue each.
	Worth time.Duration

	Skill    Skill // that its agents have; "" = none, and every agent has level 0
	MinLevel Level // least level in Skill that its callers want; needs a Skill when above 0
	// HighestFirst takes the highest of the levels that have an idle agent first, instead
	// of the lowest that the caller wants.
	HighestFirst bool
	// Widen makes a lower level enough for callers who have waited for a while, at once
	// where After is 0. The level they want stays, and agents who have it stay preferred.
	Widen []Widen
	// Help lets the agents of other queues take callers who have waited for a while, beside
	// the queue's own, who are rung first. The caller keeps his queue, his entry and his
	// place in the line of the house, and the level he needs there is the one he needs
	// here. Help is not passed on: who helps that other queue does not help this one.
	Help []Help

	// MaxWaiting is how many callers may wait at once, those whose agent's phone rings not
	// counted; 0 = any number. One more who finds no idle agent is sent away (Overflowed).
	MaxWaiting int
	// EmptyAfter is for how long no agent of the queue and of those that Help it may be
	// signed in until all who wait are sent away (LeftEmpty), and from then on whoever
	// enters, until an agent signs in; 0 = callers wait for an agent to come. It should
	// outlast a phone's registering again; a new engine counts from its first Apply.
	EmptyAfter time.Duration
}

// Skill is a field of work, such as a line of products or a language.
type Skill string

// Level is how far an agent has come in a Skill: the higher the more able. What the numbers
// mean is the site's affair, for instance 1 junior, 2 senior, 3 manager. 0 is none.
type Level int

// Widen is one step of Queue.Widen.
type Widen struct {
	After time.Duration // of waiting, from the queue entry
	Level Level         // that is enough from then on; a higher one than before changes nothing
}

// Help is one entry of Queue.Help.
type Help struct {
	After time.Duration // of waiting, from the queue entry
	Queue call.QueueID  // whose agents help from then on
}

// Agent is one person who answers calls.
type Agent struct {
	ID     call.AgentID
	Queues []call.QueueID // queues he serves
	// Skills are his levels. He serves every queue that asks for one of them, named in
	// Queues or not; in a queue whose skill he does not have his level is 0.
	Skills map[Skill]Level
}

// Validate returns all faults of the config joined, each wrapping ErrConfig, or nil.
func (c Config) Validate() error {
	var v faults
	v.notNegative("RingGrace", c.RingGrace)
	v.notNegative("MissPause", c.MissPause)
	v.notNegative("TalkMax", c.TalkMax)
	v.notNegative("PriorityWorth", c.PriorityWorth)
	v.need(c.CallbackTurn == 0 || c.CallbackTurn >= 2, "CallbackTurn", "%d must be at least 2", c.CallbackTurn)
	v.need(c.SuspendAfter >= 0, "SuspendAfter", "%d must not be negative", c.SuspendAfter)
	queues := make(map[call.QueueID]bool, len(c.Queues))
	for i, q := range c.Queues {
		field := fmt.Sprintf("Queues[%d]", i)
		v.need(q.ID != "", field+".ID", "must not be empty")
		v.need(!queues[q.ID], field+".ID", "%q must be unique", q.ID)
		v.need(q.RingFor > 0, field+".RingFor", "%v must be above 0", q.RingFor)
		v.notNegative(field+".WrapUp", q.WrapUp)
		v.notNegative(field+".MaxWait", q.MaxWait)
		v.levels(field, q)
		v.notNegative(field+".EmptyAfter", q.EmptyAfter)
		v.notNegative(field+".Worth", q.Worth)
		v.need(q.MaxWaiting >= 0, field+".MaxWaiting", "%d must not be negative", q.MaxWaiting)
		queues[q.ID] = true
	}
	for i, q := range c.Queues {
		v.help(fmt.Sprintf("Queues[%d]", i), q, queues)
	}
	agents := make(map[call.AgentID]bool, len(c.Agents))
	for i, a := range c.Agents {
		field := fmt.Sprintf("Agents[%d]", i)
		v.need(a.ID != "", field+".ID", "must not be empty")
		v.need(!agents[a.ID], field+".ID", "%q must be unique", a.ID)
		agents[a.ID] = true
		v.queues(field+".Queues", a.Queues, queues)
		v.skills(field, a.Skills)
	}
	return errors.Join(v...)
}

func (c Config) withDefaults() Config {
	c.RingGrace = orDefault(c.RingGrace, DefaultRingGrace)
	c.MissPause = orDefault(c.MissPause, DefaultMissPause)
	c.TalkMax = orDefault(c.TalkMax, DefaultTalkMax)
	c.CallbackTurn = cmp.Or(c.CallbackTurn, DefaultCallbackTurn)
	c.PriorityWorth = orDefault(c.PriorityWorth, DefaultPriorityWorth)
	return c
}

func orDefault(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return d
}

// faults collects what is wrong with a Config, so that one look shows everything.
type faults []error

func (v *faults) need(ok bool, field, rule string, args ...any) {
	if !ok {
		*v = append(*v, fmt.Errorf("%w: %s: %s", ErrConfig, field, fmt.Sprintf(rule, args...)))
	}
}

func (v *faults) notNegative(field string, d time.Duration) {
	v.need(d >= 0, field, "%v must not be negative", d)
}

func (v *faults) levels(field string, q Queue) {
	v.need(q.MinLevel >= 0, field+".MinLevel", "%d must not be negative", q.MinLevel)
	v.need(q.MinLevel == 0 || q.Skill != "", field+".MinLevel", "%d needs a Skill", q.MinLevel)
	for i, w := range q.Widen {
		at := fmt.Sprintf("%s.Widen[%d]", field, i)
		v.notNegative(at+".After", w.After)
		v.need(w.Level >= 0, at+".Level", "%d must not be negative", w.Level)
	}
}

func (v *faults) skills(field string, skills map[Skill]Level) {
	for _, skill := range slices.Sorted(maps.Keys(skills)) {
		at := fmt.Sprintf("%s.Skills[%q]", field, skill)
		v.need(skill != "", at, "must have a name")
		v.need(skills[skill] >= 0, at, "%d must not be negative", skills[skill])
	}
}

func (v *faults) help(field string, q Queue, known map[call.QueueID]bool) {
	var from []call.QueueID
	for i, h := range q.Help {
		at := fmt.Sprintf("%s.Help[%d]", field, i)
		v.notNegative(at+".After", h.After)
		v.need(h.Queue != q.ID, at, "%q must be another queue", h.Queue)
		from = append(from, h.Queue)
	}
	v.queues(field+".Help", from, known)
}

func (v *faults) queues(field string, ids []call.QueueID, known map[call.QueueID]bool) {
	seen := make(map[call.QueueID]bool, len(ids))
	for i, id := range ids {
		at := fmt.Sprintf("%s[%d]", field, i)
		v.need(known[id], at, "%q must be a configured queue", id)
		v.need(!seen[id], at, "%q must not be named twice", id)
		seen[id] = true
	}
}
