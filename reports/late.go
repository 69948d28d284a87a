package reports

import (
	"time"

	"hotline/call"
)

// Cause says why a caller waited longer than the limit.
type Cause string

// The causes, the first that fits.
const (
	NoIdleAgent Cause = "no_idle_agent" // nobody was idle when the caller came
	Missed      Cause = "missed"        // an agent was rung in vain
	SlowAnswer  Cause = "slow_answer"   // the phone of an agent rang for long
	NotOffered  Cause = "not_offered"   // an agent was idle, and yet nobody was rung
)

// Late is a caller who waited longer than Rules.T, answered or not.
type Late struct {
	Call    call.ID
	Queue   call.QueueID
	Agent   call.AgentID // who answered, "" when nobody did
	Entered time.Time
	Wait    call.Millis
	End     End
	Cause   Cause
	Missed  []call.AgentID // who was rung in vain, in order
}

// late tells whether a stay that is over took longer than T.
func (s Stay) late(r Rules) bool { return s.End != Waiting && s.Wait > r.T }

// lateOf is the entry of a stay in the list.
func lateOf(j Journey, s Stay) Late {
	l := Late{
		Call: j.Call, Queue: s.Queue, Agent: s.Agent, Entered: s.Entered, Wait: s.Wait, End: s.End,
		Missed: s.Missed, Cause: NotOffered,
	}
	switch {
	case s.Queueing:
		l.Cause = NoIdleAgent
	case len(s.Missed) > 0:
		l.Cause = Missed
	case s.Rung:
		l.Cause = SlowAnswer
	}
	return l
}
