package reports

import "hotline/call"

// Line counts the calls of one hotline number over the whole period.
type Line struct {
	Line string // the number that was dialled, "" when the arrival was not seen
	Arrivals
}

// Arrivals counts calls by how far they came. They belong to the interval in which they
// arrived. A call counts once, however many queues it was in.
type Arrivals struct {
	Arrived          int64 // calls (总呼叫数, M21)
	Entered          int64 // of Arrived: entered a queue
	HungUpInGreeting int64 // of the others: the caller hung up before the queue
	Closed           int64 // of the others: outside the hours of the line, with or without a message
	UnknownLine      int64 // of the others: the number has no queue
	Failed           int64 // of the others: broken by a fault
	Other            int64 // of the others: any other ending, as shut down
	Open             int64 // of the others: not over at the last event

	Answered   int64 // of Entered: reached an agent
	Abandoned  int64 // of Entered: hung up, or was lost, before an agent answered
	Voiced     int64 // of Entered: left a message or is called back instead
	TurnedAway int64 // of Entered: sent away unheard
	Unfinished int64 // of Entered: none of these yet

	Busy       int64 // of Entered: as many waited as may 占线
	Messages   int64 // of Arrived: left a message 留言
	Dropped    int64 // of Arrived: cut off by a fault, wherever they were 掉线
	CalledBack int64 // of Missed: was called back and answered
}

// Missed are the calls that nobody answered, those that are still open not included.
func (a Arrivals) Missed() int64 { return a.Arrived - a.Answered - a.Unfinished - a.Open }

// ways is the sum of how far calls came, which is Arrived.
func (a Arrivals) ways() int64 {
	return a.Entered + a.HungUpInGreeting + a.Closed + a.UnknownLine + a.Failed + a.Other + a.Open
}

// outcomes is the sum of what became of calls in queues, which is Entered.
func (a Arrivals) outcomes() int64 {
	return a.Answered + a.Abandoned + a.Voiced + a.TurnedAway + a.Unfinished
}

// fields are the counts in an order that is stored, see Fate: a new one comes last.
func (a *Arrivals) fields() []*int64 {
	return []*int64{
		&a.Arrived, &a.Entered, &a.HungUpInGreeting, &a.Closed, &a.UnknownLine, &a.Failed, &a.Other, &a.Open,
		&a.Answered, &a.Abandoned, &a.Voiced, &a.TurnedAway, &a.Unfinished,
		&a.Busy, &a.Messages, &a.Dropped, &a.CalledBack,
	}
}

func (a *Arrivals) sum(b Arrivals) {
	all := a.fields()
	for i, n := range b.fields() {
		*all[i] += *n
	}
}

// Fate is what became of one call: which fields of Arrivals count it, one bit for each.
type Fate int64

// Fate is what became of the call so far; 0 for one that nobody made to us.
func (j *Journey) Fate() Fate {
	var a Arrivals
	if !j.Outbound {
		a.count(j)
	}
	var fate Fate
	for i, n := range a.fields() {
		fate |= Fate(*n) << i
	}
	return fate
}

// Of counts n calls of one fate.
func (f Fate) Of(n int64) Arrivals {
	var a Arrivals
	for i, field := range a.fields() {
		*field = n * int64(f>>i&1)
	}
	return a
}

// count counts one call.
func (a *Arrivals) count(j *Journey) {
	a.Arrived++
	a.countEnding(j)
	switch {
	case len(j.Stays) > 0:
		a.Entered++
		a.countEntered(j)
	case !j.Over:
		a.Open++
	case j.Ending.Reason == call.HungUpInGreeting:
		a.HungUpInGreeting++
	case j.Ending.Reason == call.Closed:
		a.Closed++
	case j.Ending.Reason == call.UnknownLine:
		a.UnknownLine++
	case j.Ending.Class == call.ClassFailed:
		a.Failed++
	default:
		a.Other++
	}
	if j.CalledBack && !j.answered() && !j.waits() {
		a.CalledBack++
	}
}

// countEntered counts what became of a call that was in a queue.
func (a *Arrivals) countEntered(j *Journey) {
	last := j.Stays[len(j.Stays)-1].End
	switch {
	case j.answered():
		a.Answered++
	case j.waits():
		a.Unfinished++
	case last == Callback || last == ToMessage || j.Ending.Class == call.ClassMessage:
		a.Voiced++
	case last == Abandoned || last == Lost:
		a.Abandoned++
	default:
		a.TurnedAway++
	}
}

// countEnding counts what concerns calls whether they entered a queue or not.
func (a *Arrivals) countEnding(j *Journey) {
	if !j.Over {
		return
	}
	if j.Ending.Class == call.ClassMessage {
		a.Messages++
	}
	switch {
	case j.Ending.Reason == call.QueueFull:
		a.Busy++
	case j.Ending.Reason == call.Lost || j.Ending.Class == call.ClassFailed:
		a.Dropped++
	}
}

// answered tells whether an agent picked up for the caller.
func (j *Journey) answered() bool {
	for _, s := range j.Stays {
		if s.End == Answered {
			return true
		}
	}
	return false
}

// waits tells whether it is still open what becomes of the caller.
func (j *Journey) waits() bool {
	if j.Over {
		return false
	}
	if len(j.Stays) == 0 {
		return true
	}
	last := j.Stays[len(j.Stays)-1].End
	return last == Waiting || last == Overflowed
}
