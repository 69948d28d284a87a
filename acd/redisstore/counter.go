package redisstore

import "time"

// Interval is the grid of the counters. It divides every time zone's offset in use, so an
// interval never spans two days of the site.
const Interval = 15 * time.Minute

// Counter holds the counts of one queue, or of several added up. Counts of callers belong
// to the interval in which they entered the queue; those of talks and wraps to the interval
// in which the agent answered. All lengths of time are in milliseconds.
type Counter struct {
	Start time.Time `json:"start"` // of the interval or of the site's day

	Offered    int64 `json:"offered"`     // entered the queue
	Queued     int64 `json:"queued"`      // of these, found no idle agent and had to wait
	Answered   int64 `json:"answered"`    // an agent picked up
	AnsweredIn int64 `json:"answered_in"` // of these, within Rules.Within, inclusive
	Abandoned  int64 `json:"abandoned"`   // hung up while waiting, the short ones included
	Short      int64 `json:"short"`       // of these, sooner than Rules.Short
	TimedOut   int64 `json:"timed_out"`   // waited to the queue's limit
	LeftEmpty  int64 `json:"left_empty"`  // no agent was signed in
	Overflowed int64 `json:"overflowed"`  // moved to another queue
	Callback   int64 `json:"callback"`    // took a call-back
	ToMessage  int64 `json:"to_message"`  // chose to leave a message

	WaitAnswered  int64 `json:"wait_answered_ms"`  // waits of the answered
	WaitAbandoned int64 `json:"wait_abandoned_ms"` // waits of the abandoned, the short ones included
	WaitShort     int64 `json:"wait_short_ms"`     // waits of the short ones
	MaxWait       int64 `json:"max_wait_ms"`       // longest wait that ended, however it ended

	Talks int64 `json:"talks"`   // finished talks
	Talk  int64 `json:"talk_ms"` // their length, holds included
	Held  int64 `json:"held"`    // of the finished talks, had a hold
	Hold  int64 `json:"hold_ms"` // of Talk, on hold
	Wraps int64 `json:"wraps"`   // finished after-call work
	Wrap  int64 `json:"wrap_ms"` // its length

	Holds     int64 `json:"holds"`     // finished holds, in the interval in which they began
	Transfers int64 `json:"transfers"` // callers given away by an agent, in the interval in which that was
	Attended  int64 `json:"attended"`  // of these, after a talk with the next agent
}

// Waiting is the number of callers who are still in the queue: those offered who neither
// were answered nor left.
func (c Counter) Waiting() int64 {
	return c.Offered - c.Answered - c.Abandoned - c.TimedOut - c.LeftEmpty - c.Overflowed - c.Callback - c.ToMessage
}

// AgentCounter holds the counts of one agent. Offers and their outcomes belong to the
// interval in which the phone began to ring, answers, talks and wraps to that of the
// answer. All lengths of time are in milliseconds.
type AgentCounter struct {
	Start time.Time `json:"start"` // of the interval or of the site's day

	Offers      int64 `json:"offers"`      // the agent's phone was dialled
	NoAnswer    int64 `json:"no_answer"`   // rang out
	Rejected    int64 `json:"rejected"`    // declined
	Busy        int64 `json:"busy"`        // the phone was busy
	Unreachable int64 `json:"unreachable"` // the phone was not registered or failed
	Canceled    int64 `json:"canceled"`    // the caller left while it rang

	Answered int64 `json:"answered"` // picked up
	Talks    int64 `json:"talks"`    // finished talks
	Talk     int64 `json:"talk_ms"`  // their length, holds included
	Held     int64 `json:"held"`     // of the finished talks, had a hold
	Hold     int64 `json:"hold_ms"`  // of Talk, on hold
	Wraps    int64 `json:"wraps"`    // finished after-call work
	Wrap     int64 `json:"wrap_ms"`  // its length

	Holds     int64 `json:"holds"`     // finished holds, in the interval in which they began
	Transfers int64 `json:"transfers"` // callers given away, in the interval in which that was
	Attended  int64 `json:"attended"`  // of these, after a talk with the next agent

	// Time in a state, cut at the borders of the intervals it lies in. A state is counted
	// when it ends; who wants the present one too adds it from the live state.
	InReady   int64 `json:"in_ready_ms"`   // idle
	InRinging int64 `json:"in_ringing_ms"` // the phone rings
	InTalking int64 `json:"in_talking_ms"` // talking, holds not included
	InHold    int64 `json:"in_hold_ms"`    // the caller is on hold
	InWrapUp  int64 `json:"in_wrapup_ms"`  // after-call work
	InBreak   int64 `json:"in_break_ms"`   // paused; by reason in BreakCounter
}

// SignedIn is the time signed in, in milliseconds: that in every state but offline.
func (c AgentCounter) SignedIn() int64 {
	return c.InReady + c.InRinging + c.InTalking + c.InHold + c.InWrapUp + c.InBreak
}

// LineCounter holds the counts of one hotline number, by the interval in which the call
// arrived.
type LineCounter struct {
	Start     time.Time `json:"start"`     // of the interval or of the site's day
	Arrived   int64     `json:"arrived"`   // reached our application
	Answered  int64     `json:"answered"`  // ended, having talked to an agent
	Abandoned int64     `json:"abandoned"` // ended, hung up before an agent answered
	Refused   int64     `json:"refused"`   // ended, turned away by a rule
	Failed    int64     `json:"failed"`    // ended, broken by a fault
	Messages  int64     `json:"messages"`  // ended, having left a message
	Callbacks int64     `json:"callbacks"` // ended, to be called back
}

// cell is one number of a counter: its field in the Redis hash and where it is held.
type cell struct {
	field string
	value *int64
	max   bool // the largest value counts, not the sum
}

// counts is a counter of any kind, as a list of its cells in a fixed order.
type counts interface{ cells() []cell }

func (c *Counter) cells() []cell {
	return []cell{
		{field: "offered", value: &c.Offered},
		{field: "queued", value: &c.Queued},
		{field: "answered", value: &c.Answered},
		{field: "answered_in", value: &c.AnsweredIn},
		{field: "abandoned", value: &c.Abandoned},
		{field: "short", value: &c.Short},
		{field: "timed_out", value: &c.TimedOut},
		{field: "left_empty", value: &c.LeftEmpty},
		{field: "overflowed", value: &c.Overflowed},
		{field: "callback", value: &c.Callback},
		{field: "to_message", value: &c.ToMessage},
		{field: "wait_answered_ms", value: &c.WaitAnswered},
		{field: "wait_abandoned_ms", value: &c.WaitAbandoned},
		{field: "wait_short_ms", value: &c.WaitShort},
		{field: "max_wait_ms", value: &c.MaxWait, max: true},
		{field: "talks", value: &c.Talks},
		{field: "talk_ms", value: &c.Talk},
		{field: "held", value: &c.Held},
		{field: "hold_ms", value: &c.Hold},
		{field: "wraps", value: &c.Wraps},
		{field: "wrap_ms", value: &c.Wrap},
		{field: "holds", value: &c.Holds},
		{field: "transfers", value: &c.Transfers},
		{field: "attended", value: &c.Attended},
	}
}

func (c *AgentCounter) cells() []cell {
	return []cell{
		{field: "offers", value: &c.Offers},
		{field: "no_answer", value: &c.NoAnswer},
		{field: "rejected", value: &c.Rejected},
		{field: "busy", value: &c.Busy},
		{field: "unreachable", value: &c.Unreachable},
		{field: "canceled", value: &c.Canceled},
		{field: "answered", value: &c.Answered},
		{field: "talks", value: &c.Talks},
		{field: "talk_ms", value: &c.Talk},
		{field: "held", value: &c.Held},
		{field: "hold_ms", value: &c.Hold},
		{field: "wraps", value: &c.Wraps},
		{field: "wrap_ms", value: &c.Wrap},
		{field: "holds", value: &c.Holds},
		{field: "transfers", value: &c.Transfers},
		{field: "attended", value: &c.Attended},
		{field: "in_ready_ms", value: &c.InReady},
		{field: "in_ringing_ms", value: &c.InRinging},
		{field: "in_talking_ms", value: &c.InTalking},
		{field: "in_hold_ms", value: &c.InHold},
		{field: "in_wrapup_ms", value: &c.InWrapUp},
		{field: "in_break_ms", value: &c.InBreak},
	}
}

func (c *LineCounter) cells() []cell {
	return []cell{
		{field: "arrived", value: &c.Arrived},
		{field: "answered", value: &c.Answered},
		{field: "abandoned", value: &c.Abandoned},
		{field: "refused", value: &c.Refused},
		{field: "failed", value: &c.Failed},
		{field: "messages", value: &c.Messages},
		{field: "callbacks", value: &c.Callbacks},
	}
}

// Add adds the numbers of o to c; the longest wait stays the longest of both. Start is kept.
func (c *Counter) Add(o Counter) { merge(c.cells(), o.cells()) }

// BreakCounter holds how long one agent was on breaks, by the reason of the break; "" is a
// break without one. A break over midnight counts in both days.
type BreakCounter struct {
	Start   time.Time        `json:"start"`      // of the site's day or month
	Reasons map[string]int64 `json:"reasons_ms"` // milliseconds
}

// breakTime is a piece of a break. Its one field is named by the reason.
type breakTime struct {
	reason string
	length int64
}

func (b *breakTime) cells() []cell { return []cell{{field: b.reason, value: &b.length}} }

// Add adds the numbers of o to c. Start is kept.
func (c *LineCounter) Add(o LineCounter) { merge(c.cells(), o.cells()) }

// Add adds the numbers of o to c. Start is kept.
func (c *AgentCounter) Add(o AgentCounter) { merge(c.cells(), o.cells()) }

// merge adds the cells of one counter to those of another of the same kind.
func merge(into, from []cell) {
	for i, c := range from {
		if c.max {
			*into[i].value = max(*into[i].value, *c.value)
		} else {
			*into[i].value += *c.value
		}
	}
}
