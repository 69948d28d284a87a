package call

import "time"

// Kind is the kind of an event. The list is closed: a reader that meets a kind it does
// not know must say so rather than skip it.
type Kind string

// The kinds of events in the order a call meets them, then those of agents and faults.
// The comment names the fields that are set besides Seq, At, Kind and Call.
const (
	Arrived        Kind = "arrived"         // Number, Line, Grade, Of: the caller reached our application
	Queued         Kind = "queued"          // Queue, Entered (= At), Queueing, Place: entered a queue
	Offered        Kind = "offered"         // Queue, Entered, Agent, Offer: an agent's phone is dialled
	OfferEnded     Kind = "offer_ended"     // as Offered, and Outcome, Ring: ended without an answer
	Answered       Kind = "answered"        // as Offered, and Wait, Ring, Below: the agent picked up
	Connected      Kind = "connected"       // Agent, Offer, Leg: both hear each other
	HoldEnded      Kind = "hold_ended"      // as Offered, and Held: the agent took the caller back from hold
	Conferenced    Kind = "conferenced"     // Agent, Offer, Leg, Target: a third party was joined to the talk
	Transferred    Kind = "transferred"     // Agent, Offer, Target, Reason (TransferKind): the agent gave the caller away
	Dialled        Kind = "dialled"         // Agent, Leg, Target: an outside number is dialled
	DialEnded      Kind = "dial_ended"      // as Dialled, and Outcome or Answer, Talk and By: that leg is over
	Estimated      Kind = "estimated"       // Queue, Entered, P50, P90, Said: he who waits was told for how long
	LeftQueue      Kind = "left_queue"      // Queue, Entered, Outcome, Wait: left without an answer
	TalkEnded      Kind = "talk_ended"      // as Answered, and Answer, Talk, Hold, By: the agent's leg is over
	WrapUpEnded    Kind = "wrapup_ended"    // Queue, Entered, Agent, Answer, Wrap: the work after the call is over
	CallbackAsked  Kind = "callback_asked"  // Number, Line, Queue, Entered (the place he keeps): he wants a call back
	CallbackEnded  Kind = "callback_ended"  // as CallbackAsked, and Reason (CallbackEnd), Of: that is over
	MessageBegun   Kind = "message_begun"   // Number, Line, Queue if any, Offset, Reason: he may speak a message
	Messaged       Kind = "messaged"        // as MessageBegun, and Held, the message's length: he left a message
	SurveyBegun    Kind = "survey_begun"    // Queue, Agent: the caller is asked how content he is
	Surveyed       Kind = "surveyed"        // as SurveyBegun, and Score when he answered
	Ended          Kind = "ended"           // Ending, By, Total: the caller's leg is over
	Recorded       Kind = "recorded"        // Recording: the file is stored, checked and indexed
	RecordingFault Kind = "recording_fault" // Reason, Recording when there is a file: an alarm
	AgentChanged   Kind = "agent_changed"   // Agent, From, Was, To, Reason, Held: an agent's state changed
	StreamGap      Kind = "stream_gap"      // Reason, Held: the event stream of Asterisk was broken for Held
)

// Direction says why an agent's phone was rung. Figures of waiting count the callers' own
// legs alone: nobody waits in a queue for whom an agent asks advice. Talk and work after it
// count for every leg.
type Direction string

// The directions.
const (
	Inbound  Direction = ""         // a caller waited for the agent
	Consult  Direction = "consult"  // another agent asked for him, the caller is on hold 咨询
	Outbound Direction = "outbound" // the agent dialled out 外呼
	CallBack Direction = "callback" // a caller who asked for it is called back 回呼
)

// TransferKind is the Reason of a Transferred event.
type TransferKind string

// The kinds of transfers.
const (
	Blind    TransferKind = "blind"    // without a word to the next agent 盲转
	Attended TransferKind = "attended" // after a talk with him 咨询转接
)

// CallbackEnd is the Reason of a CallbackEnded event.
type CallbackEnd string

// The ends of a callback.
const (
	CallbackReached  CallbackEnd = "reached"      // he was called and answered
	CallbackAgain    CallbackEnd = "called_again" // he rang again, and has his place
	CallbackTwice    CallbackEnd = "asked_again"  // he asked for another one, which has the earlier place
	CallbackFailed   CallbackEnd = "failed"       // he did not answer as often as he was tried
	CallbackExpired  CallbackEnd = "expired"      // nobody was free for as long as it was kept
	CallbackCanceled CallbackEnd = "canceled"     // taken off the list by somebody
)

// Outcome says how an offer or a stay in the queue ended without an answer.
type Outcome string

// The outcomes of an offer. They are kept apart because they charge different people:
// a cancelled offer is not the agent's miss.
const (
	NoAnswer    Outcome = "no_answer"   // rang out 无应答
	Rejected    Outcome = "rejected"    // declined by the agent (603) 拒接
	Busy        Outcome = "busy"        // phone busy (486) 占线
	Unreachable Outcome = "unreachable" // not registered, or the phone failed 不可达
	Canceled    Outcome = "canceled"    // the caller left while it rang 主叫放弃
)

// The outcomes of a stay in the queue. With Answered they are the right side of the
// invariant offered = answered + abandoned + short + timed out + left empty + overflowed
// + callback + to message + waiting; short is an abandon below the configured limit.
const (
	Abandoned  Outcome = "abandoned"  // the caller hung up 放弃
	TimedOut   Outcome = "timed_out"  // waited to the queue's limit 超时
	LeftEmpty  Outcome = "left_empty" // no agent was signed in 无座席
	Overflowed Outcome = "overflowed" // moved to another queue 溢出
	Callback   Outcome = "callback"   // took a call-back 回呼
	ToMessage  Outcome = "to_message" // chose to leave a message 留言
)

// Class groups endings for figures: what a manager would call it.
type Class string

// The classes of endings.
const (
	ClassAnswered  Class = "answered"  // talked to an agent
	ClassAbandoned Class = "abandoned" // hung up before an agent answered
	ClassRefused   Class = "refused"   // turned away by a rule: closed, timed out, queue full
	ClassFailed    Class = "failed"    // broken by a fault
	ClassUnreached Class = "unreached" // an agent called and was not answered 外呼未接通
	ClassCallback  Class = "callback"  // is called back instead of waiting
	ClassMessage   Class = "message"   // left a message instead of talking; the reason says why
)

// Ending says how a call ended. The list of reasons is closed.
type Ending struct {
	Class  Class  `json:"class"`
	Reason Reason `json:"reason"`
}

// Reason is the detail of an ending.
type Reason string

// The reasons of endings.
const (
	CallerHungUp      Reason = "caller_hung_up"      // during the talk
	AgentHungUp       Reason = "agent_hung_up"       // during the talk
	OutsideHungUp     Reason = "outside_hung_up"     // the outside number he was sent to, during the talk
	HungUpInGreeting  Reason = "hung_up_in_greeting" // before the queue
	HungUpInQueue     Reason = "hung_up_in_queue"    // while waiting
	HungUpWhileRinged Reason = "hung_up_while_rung"  // while an agent's phone rang
	WaitedTooLong     Reason = "waited_too_long"     // longest wait of the queue
	QueueFull         Reason = "queue_full"          // as many waited as may
	NoAgents          Reason = "no_agents"           // nobody who could answer was signed in
	UnknownLine       Reason = "unknown_line"        // number with no queue
	Closed            Reason = "closed"              // outside the hours of the line
	OnWish            Reason = "on_wish"             // left a message, or is called back, although he could have waited
	NumberBusy        Reason = "number_busy"         // whom an agent called 被叫忙
	NumberNoAnswer    Reason = "number_no_answer"    // the same, rang out 被叫无应答
	NumberRejected    Reason = "number_rejected"     // the same, declined 被叫拒接
	NumberUnreachable Reason = "number_unreachable"  // the same, no such number or no way to it 被叫不可达
	AgentGaveUp       Reason = "agent_gave_up"       // hung up before the number answered
	AgentNotReached   Reason = "agent_not_reached"   // his own phone was not answered, or he was busy
	SwitchFailure     Reason = "switch_failure"      // Asterisk restarted or refused a command
	Lost              Reason = "lost"                // gone when we looked again after a gap
	NotWanted         Reason = "not_wanted"          // of a callback: he rang again, or it was taken off the list
	ShutDown          Reason = "shut_down"           // ended by the operator
)

// RefusedFrom is the ending of a caller whom the queue let go without an answer.
func RefusedFrom(o Outcome) Ending {
	reasons := map[Outcome]Reason{Overflowed: QueueFull, LeftEmpty: NoAgents}
	if o == Callback {
		return Ending{Class: ClassCallback, Reason: OnWish}
	}
	if reason, ok := reasons[o]; ok {
		return Ending{Class: ClassRefused, Reason: reason}
	}
	return Ending{Class: ClassRefused, Reason: WaitedTooLong}
}

// EndingWithout is the ending of a caller who could leave a message on an occasion and left
// none.
func EndingWithout(occasion Reason) Ending {
	if occasion == OnWish {
		return Ending{Class: ClassAbandoned, Reason: HungUpInQueue}
	}
	return Ending{Class: ClassRefused, Reason: occasion}
}

// Event is one fact about a call or an agent. Events are appended to the ledger and never
// changed; every figure is a fold of them. An event carries the times a fold needs
// (Entered, Wait, Talk ...), so that a fold keeps no state of its own and can be repeated
// by event number.
type Event struct {
	Seq  uint64    `json:"seq"` // place in the ledger from 1 without gaps; 0 until appended
	At   time.Time `json:"at"`  // when it happened, see Stamp
	Kind Kind      `json:"kind"`
	Call ID        `json:"call,omitempty"`

	Number string `json:"number,omitempty"` // the caller's number as delivered; "" when withheld
	Line   string `json:"line,omitempty"`   // the hotline number that was dialled
	Grade  string `json:"grade,omitempty"`  // id of the caller's grade, such as key account; "" = none

	// Direction tells legs that no caller asked for from those he waited for.
	Direction Direction `json:"direction,omitempty"`
	// Target is where an agent sent or joined somebody: "agent:ID", "queue:ID" or
	// "number:DIGITS".
	Target string `json:"target,omitempty"`

	// Of is the call that asked to be called back by this one; of CallbackEnded the call by
	// which that ended, if any.
	Of ID `json:"of,omitempty"`

	Queue    QueueID   `json:"queue,omitempty"`
	Entered  time.Time `json:"entered,omitzero"`   // queue entry: the cohort the call is counted in
	Queueing bool      `json:"queueing,omitempty"` // no agent was idle at entry; the queued rate (M17) counts it
	Place    time.Time `json:"place,omitzero"`     // queue entry of the earlier call whose place he took; zero = his own
	Agent    AgentID   `json:"agent,omitempty"`
	Offer    OfferID   `json:"offer,omitempty"`
	Leg      LegID     `json:"leg,omitempty"`
	Below    bool      `json:"below,omitempty"` // the agent is below the level that the caller wants
	Answer   time.Time `json:"answer,omitzero"` // when the agent picked up

	Wait  Millis `json:"wait_ms,omitempty"`  // queue entry to this event
	Ring  Millis `json:"ring_ms,omitempty"`  // offer to this event
	Talk  Millis `json:"talk_ms,omitempty"`  // agent's answer to agent's end, holds included
	Hold  Millis `json:"hold_ms,omitempty"`  // of Talk: the caller was on hold
	Wrap  Millis `json:"wrap_ms,omitempty"`  // after-call work
	Total Millis `json:"total_ms,omitempty"` // arrival to this event
	Held  Millis `json:"held_ms,omitempty"`  // time in the state or condition that ended

	P50  Millis `json:"p50_ms,omitempty"`  // from this event: half of those in his place are answered by then
	P90  Millis `json:"p90_ms,omitempty"`  // nine of ten are
	Said Millis `json:"said_ms,omitempty"` // what he was told of it, as rounded

	Outcome Outcome    `json:"outcome,omitempty"`
	Ending  Ending     `json:"ending,omitzero"`
	By      Party      `json:"by,omitempty"`
	From    AgentState `json:"from,omitempty"`
	To      AgentState `json:"to,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Was     string     `json:"was,omitempty"` // the Reason with which the state From began, such as that of a break

	// Fallback says that it happened while no controller was there and Asterisk's own queue
	// took the call. It counts like any other.
	Fallback bool `json:"fallback,omitempty"`
	// Offset is where a message begins in the call and its recording, counted from the arrival.
	// The recording begins some milliseconds before that.
	Offset Millis `json:"offset_ms,omitempty"`
	// Score is how content the caller is, 5 (wholly) to 1 (not at all); 0 = no answer.
	Score int `json:"score,omitempty"`

	Recording *Recording `json:"recording,omitempty"`
}

// Millis is a length of time in whole milliseconds: the unit in JSON, SQL and Redis.
type Millis int64

// MillisOf rounds a duration down to milliseconds; a negative one, which only a clock
// that jumped can make, becomes zero.
func MillisOf(d time.Duration) Millis { return Millis(max(0, d.Milliseconds())) }

// Between is the time from a to b in milliseconds, zero when b is before a.
func Between(a, b time.Time) Millis { return MillisOf(b.Sub(a)) }

// Duration is m as a time.Duration.
func (m Millis) Duration() time.Duration { return time.Duration(m) * time.Millisecond }

// Recording describes one stored recording: a stereo WAV, left = caller, right = what the
// caller hears.
type Recording struct {
	Path    string    `json:"path"`    // relative to the store's root, slash separated
	SHA256  string    `json:"sha256"`  // of the whole file, hex
	Bytes   int64     `json:"bytes"`   // size of the file
	Begin   time.Time `json:"begin"`   // first sample, by Asterisk's clock
	Length  Millis    `json:"length"`  // by the number of samples
	Missing Millis    `json:"missing"` // call time without samples; 0 when whole
	Rate    int       `json:"rate"`    // samples per second and channel
	Padded  Millis    `json:"padded"`  // silence added to one channel to keep both in step
	Rescued bool      `json:"rescued"` // joined by the sweep after a fault, not by the call's end
}
