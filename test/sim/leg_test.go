package sim

import (
	"time"

	"hotline/call"
	"hotline/callflow"
)

// The states of a leg in the switch.
const (
	created = iota // exists, cannot be dialled yet
	ready          // can be dialled
	ringing        // the phone rings
	up             // picked up
	gone
)

// leg is one channel of the switch: a caller's, or one to an agent's phone.
type leg struct {
	id     call.LegID
	story  *story
	agent  call.AgentID // "" for a caller and an outside number
	state  int
	born   time.Time
	bridge callflow.BridgeID
	told   time.Time // when its latest event reaches us, so that the next does not overtake it

	picked time.Time // when the phone was picked up
	joined time.Time // when it first came into a bridge with somebody
	ended  time.Time

	heardUp, heardGone time.Time // when the house was first told so by an event
	outcome            call.Outcome
	hangUps            int       // how often its end was ordered
	dropped            time.Time // when that was done first
	liedJoin           bool      // joined, and the command reported an error
	failed             bool      // the command that makes or dials it reported an error
}

func (l *leg) isCaller() bool { return l == l.story.caller }

// device is an agent's telephone.
type device struct {
	agent call.AgentID
	off   bool
	legs  map[call.LegID]*leg
}

// span is a time from one moment to another.
type span struct{ from, to time.Time }

// story is what the world itself saw of one call.
type story struct {
	id     call.ID
	line   string
	caller *leg
	legs   []*leg    // of agents, in the order of their making
	busy   []span    // when the flow waited for a command
	kept   time.Time // when a command last ran into its deadline

	arrived    time.Time    // the house was told of him
	queued     time.Time    // music was ordered for the first time
	goodbye    bool         // the last prompt was ordered
	expired    call.Outcome // the rule by which he was let go, "" for none
	conference bool         // asked for
	turnedAway bool         // we ordered the end of his leg before he hung up himself
	stranger   bool         // found by a look

	hangsUp  hangUp // when he hangs up
	after    time.Duration
	talk     time.Duration
	talkEnds int // who ends it, see the constants below

	recBegun, recEnded int
	recEnd             time.Time
}

// hangUp is the moment at which a caller hangs up, unless he talks before.
type hangUp int

// The moments of a hang-up.
const (
	whenTired    hangUp = iota // a time after his arrival
	whenRung                   // a time after an agent's phone begins to ring
	whenAnswered               // a time after an agent picked up: before, in or after the join
	never
)

// Who ends a talk.
const (
	byCaller = iota
	byAgent
	byBoth
)

// waited is how much of the time between two moments the flow spent in commands: as long
// may its own word come late.
func (s *story) waited(from, to time.Time) time.Duration {
	var sum time.Duration
	for _, b := range s.busy {
		begin, end := b.from, b.to
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		if end.After(begin) {
			sum += end.Sub(begin)
		}
	}
	return sum
}
