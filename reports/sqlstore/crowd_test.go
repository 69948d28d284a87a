package sqlstore

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hotline/call"
)

// crowdDays is over how many days a crowd calls; the second has 25 hours.
const crowdDays = 3

// crowdAgents is how many agents change their states all the time.
const crowdAgents = 12

// crowdZone is where the clocks change.
func crowdZone(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func crowdStart(zone *time.Location) time.Time { return time.Date(2026, 10, 24, 0, 0, 0, 0, zone) }

// crowd makes calls of every kind in several queues, and agents who change their states. What
// it tells comes in the order of time, as calls side by side are written.
type crowd struct {
	rand    *rand.Rand
	start   time.Time
	length  time.Duration
	waiting byTime
}

// newCrowd begins before midnight, so that calls reach over it.
func newCrowd(zone *time.Location, seed uint64) *crowd {
	start := crowdStart(zone)
	return &crowd{
		rand: rand.New(rand.NewPCG(seed, seed)), start: start.Add(-time.Hour),
		length: start.AddDate(0, 0, crowdDays).Sub(start) + 2*time.Hour,
	}
}

// tell makes so many calls. It gives each as a whole to one, and all events in the order of
// time to every.
func (c *crowd) tell(calls int, one func([]call.Event), every func(call.Event)) {
	for a := range crowdAgents {
		changes := c.states(crowdAgent(a))
		one(changes)
		c.push(changes)
	}
	for i, at := range c.arrivals(calls) {
		events := c.story(call.ID(fmt.Sprintf("%d.%d", at.Unix(), i)), at)
		one(events)
		c.push(events)
		for c.waiting[0].At.Before(at) {
			every(*heap.Pop(&c.waiting).(*call.Event))
		}
	}
	for len(c.waiting) > 0 {
		every(*heap.Pop(&c.waiting).(*call.Event))
	}
}

// arrivals are when calls come, in their order. Every tenth comes within a minute and a half of
// midnight, so that many reach from one day into the next.
func (c *crowd) arrivals(calls int) []time.Time {
	all := make([]time.Time, calls)
	for i := range all {
		all[i] = c.start.Add(time.Duration(c.rand.Int64N(int64(c.length))).Truncate(time.Millisecond))
		if i%10 == 0 {
			midnight := c.start.Add(time.Hour).AddDate(0, 0, c.rand.IntN(crowdDays+1))
			all[i] = midnight.Add(time.Duration(c.rand.IntN(180_000)-90_000) * time.Millisecond)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func (c *crowd) push(events []call.Event) {
	for i := range events {
		events[i].Seq = uint64(c.rand.Uint32()) // decides between events of one moment, see byTime
		if i > 0 && events[i].At.Equal(events[i-1].At) {
			events[i].Seq = events[i-1].Seq + 1
		}
		heap.Push(&c.waiting, &events[i])
	}
}

// states are the changes of one agent's states, about one in ten minutes.
func (c *crowd) states(a call.AgentID) []call.Event {
	all := []call.AgentState{call.Ready, call.Ringing, call.Talking, call.Hold, call.WrapUp, call.Break, call.Offline}
	var changes []call.Event
	state, since := call.Offline, c.start
	for at := c.start; at.Before(c.start.Add(c.length)); {
		next := all[c.rand.IntN(len(all))]
		if next != state {
			changes = append(changes, call.Event{
				Kind: call.AgentChanged, At: at, Agent: a, From: state, To: next, Held: call.Between(since, at), Reason: "r",
			})
			state, since = next, at
		}
		at = at.Add(time.Duration(c.rand.IntN(1_000_000)+1) * time.Millisecond)
	}
	return changes
}

func crowdAgent(i int) call.AgentID { return call.AgentID(fmt.Sprint("agent", i)) }

// byTime is a heap of events; those of one moment keep the order of their call.
type byTime []*call.Event

func (b byTime) Len() int { return len(b) }

func (b byTime) Less(i, j int) bool {
	return cmp.Or(b[i].At.Compare(b[j].At), cmp.Compare(b[i].Seq, b[j].Seq)) < 0
}

func (b byTime) Swap(i, j int) { b[i], b[j] = b[j], b[i] }

// Push is for package heap.
func (b *byTime) Push(e any) { *b = append(*b, e.(*call.Event)) }

// Pop is for package heap.
func (b *byTime) Pop() any {
	last := (*b)[len(*b)-1]
	*b = (*b)[:len(*b)-1]
	return last
}

// tale is one call while it is told.
type tale struct {
	*crowd
	id     call.ID
	line   string
	begin  time.Time
	at     time.Time
	offers int
	agent  call.AgentID // who was rung last
	events []call.Event
}

// story is one call from its arrival to its end, in the order of time.
func (c *crowd) story(id call.ID, at time.Time) []call.Event {
	s := &tale{crowd: c, id: id, begin: at, at: at, line: []string{"10000", "10001", "10086"}[c.rand.IntN(3)]}
	switch n := c.rand.IntN(100); {
	case n < 4:
		s.dialsOut([]call.Direction{call.Outbound, call.CallBack}[n%2])
	case n < 14:
		s.arrives()
		s.neverEnters(n - 4)
	default:
		s.arrives()
		s.enters(c.queue(), 0)
	}
	slices.SortStableFunc(s.events, func(a, b call.Event) int { return a.At.Compare(b.At) })
	return s.events
}

// queue is any of six.
func (c *crowd) queue() call.QueueID { return call.QueueID(fmt.Sprint("queue", c.rand.IntN(6))) }

// passes lets some time pass, in milliseconds below most.
func (s *tale) passes(most int) call.Millis {
	d := call.Millis(s.rand.IntN(most))
	s.at = s.at.Add(d.Duration())
	return d
}

// limits moves the end of one wait in five to a limit of the figures, where it is not past.
func (s *tale) limits(entered time.Time) {
	limit := entered.Add([]time.Duration{5 * time.Second, 15 * time.Second}[s.rand.IntN(2)])
	if s.rand.IntN(5) == 0 && s.at.Before(limit) {
		s.at = limit
	}
}

// says writes an event of now.
func (s *tale) says(e call.Event) {
	e.Call, e.At = s.id, s.at
	s.events = append(s.events, e)
}

func (s *tale) arrives() {
	s.says(call.Event{Kind: call.Arrived, Number: "13800000001", Line: s.line})
}

func (s *tale) ends(class call.Class, reason call.Reason) {
	s.says(call.Event{
		Kind: call.Ended, Ending: call.Ending{Class: class, Reason: reason}, Total: call.Between(s.begin, s.at),
	})
}

// neverEnters is a call that reaches no queue, in one of ten ways.
func (s *tale) neverEnters(way int) {
	s.passes(20_000)
	switch {
	case way < 4:
		s.ends(call.ClassAbandoned, call.HungUpInGreeting)
	case way == 4:
		s.ends(call.ClassRefused, call.Closed)
	case way == 5:
		s.says(call.Event{Kind: call.Messaged, Number: "13800000001", Line: s.line, Held: 4000})
		s.ends(call.ClassMessage, call.Closed)
	case way == 6:
		s.ends(call.ClassRefused, call.UnknownLine)
	case way == 7:
		s.ends(call.ClassFailed, call.SwitchFailure)
	case way == 8:
		s.ends(call.ClassRefused, call.ShutDown)
	} // else it is still in the greeting
}

// enters is a stay in a queue and what comes of it. A call is in three queues at most.
func (s *tale) enters(q call.QueueID, before int) {
	in := call.Event{Queue: q, Entered: s.at}
	entry := in
	entry.Kind, entry.Queueing = call.Queued, s.rand.IntN(3) == 0
	s.says(entry)
	for range max(0, s.rand.IntN(5)-2) {
		s.passes(9_000)
		s.ringsInVain(in, []call.Outcome{call.NoAnswer, call.Rejected, call.Busy, call.Unreachable}[s.rand.IntN(4)])
	}
	s.passes(20_000)
	switch n := s.rand.IntN(100); {
	case n < 70:
		s.isAnswered(in, before)
	case n < 73 && before < 2:
		s.leaves(in, call.Overflowed)
		s.enters(s.queue(), before+1)
	case n == 73: // somebody cut the line, and nobody noticed
		s.ends(call.ClassFailed, call.Lost)
	case n == 74: // he waits
	case n == 75: // his phone rings still
		s.says(s.offer(in, call.Offered))
	case n < 78:
		s.ringsInVain(in, call.Canceled)
		s.leaves(in, call.Abandoned)
		s.ends(call.ClassAbandoned, call.HungUpWhileRinged)
	default:
		s.leavesForGood(in, n-78)
	}
}

// leavesForGood is the end of a call in a queue, in one of 22 ways.
func (s *tale) leavesForGood(in call.Event, way int) {
	outcome := call.Abandoned
	switch {
	case way < 3:
		outcome = call.TimedOut
	case way < 5:
		outcome = call.LeftEmpty
	case way == 5:
		outcome = call.Overflowed // as many waited as may
	case way < 9:
		outcome = call.Callback
	case way < 11:
		outcome = call.ToMessage
	}
	s.leaves(in, outcome)
	switch outcome {
	case call.Abandoned:
		s.ends(call.ClassAbandoned, call.HungUpInQueue)
	case call.ToMessage:
		s.passes(9_000)
		s.says(call.Event{Kind: call.Messaged, Number: "13800000001", Line: s.line, Queue: in.Queue, Held: 3000})
		s.ends(call.ClassMessage, call.OnWish)
	default:
		end := call.RefusedFrom(outcome)
		s.ends(end.Class, end.Reason)
	}
	if outcome == call.Callback && s.rand.IntN(3) > 0 {
		s.passes(3_600_000)
		how := []call.CallbackEnd{call.CallbackReached, call.CallbackFailed}[s.rand.IntN(2)]
		s.says(call.Event{Kind: call.CallbackEnded, Queue: in.Queue, Entered: in.Entered, Reason: string(how)})
	}
}

// leaves is the end of a stay without an answer.
func (s *tale) leaves(in call.Event, how call.Outcome) {
	s.limits(in.Entered)
	in.Kind, in.Outcome, in.Wait = call.LeftQueue, how, call.Between(in.Entered, s.at)
	s.says(in)
}

// offer is an event about the ring of an agent's phone, now and then of the one before.
func (s *tale) offer(in call.Event, k call.Kind) call.Event {
	s.offers++
	if s.agent == "" || s.rand.IntN(3) > 0 {
		s.agent = crowdAgent(s.rand.IntN(crowdAgents))
	}
	in.Kind, in.Agent, in.Offer = k, s.agent, call.OfferID(fmt.Sprint(s.id, "-", s.offers))
	return in
}

func (s *tale) ringsInVain(in call.Event, how call.Outcome) {
	e := s.offer(in, call.Offered)
	s.says(e)
	e.Kind, e.Outcome, e.Ring = call.OfferEnded, how, s.passes(30_000)
	s.says(e)
}

// isAnswered is a talk and what comes of it.
func (s *tale) isAnswered(in call.Event, before int) {
	e := s.offer(in, call.Offered)
	s.says(e)
	rung := s.at
	s.passes(12_000)
	s.limits(in.Entered)
	e.Kind, e.Ring, e.Wait = call.Answered, call.Between(rung, s.at), call.Between(in.Entered, s.at)
	s.says(e)
	answer, hold := s.at, call.Millis(0)
	for range max(0, s.rand.IntN(6)-3) {
		s.passes(30_000)
		held := s.passes(40_000)
		hold += held
		back := e
		back.Kind, back.Held, back.Wait, back.Ring = call.HoldEnded, held, 0, 0
		s.says(back)
	}
	s.passes(240_000)
	given := before < 2 && s.rand.IntN(8) == 0
	if given {
		kind := []call.TransferKind{call.Blind, call.Attended}[s.rand.IntN(2)]
		s.says(call.Event{Kind: call.Transferred, Agent: e.Agent, Offer: e.Offer, Reason: string(kind), Target: "queue:x"})
	}
	s.talkEnds(e, answer, hold)
	switch {
	case given:
		s.enters(s.queue(), before+1)
	case s.rand.IntN(200) > 0:
		s.ends(call.ClassAnswered, call.CallerHungUp)
	default:
		s.ends(call.ClassFailed, call.Lost)
	}
}

// talkEnds is the end of an agent's talk and mostly that of his work after it, which the call
// does not wait for. Of one in 50 talks nothing is known.
func (s *tale) talkEnds(e call.Event, answer time.Time, hold call.Millis) {
	n := s.rand.IntN(50)
	if n == 0 {
		return
	}
	e.Kind, e.Answer, e.Talk, e.Hold, e.Wait, e.Ring = call.TalkEnded, answer, call.Between(answer, s.at), hold, 0, 0
	s.says(e)
	if n < 3 {
		return
	}
	over := s.at
	e.Kind, e.Talk, e.Hold, e.Wrap = call.WrapUpEnded, 0, 0, s.passes(60_000)
	e.Offer = ""
	s.says(e)
	s.at = over
}

// dialsOut is a number that an agent calls, after his own phone was answered.
func (s *tale) dialsOut(why call.Direction) {
	s.says(call.Event{Kind: call.Arrived, Number: "13900000001", Direction: why})
	e := s.offer(call.Event{Direction: why, Queue: s.queue(), Entered: s.at}, call.Offered)
	s.says(e)
	e.Kind, e.Ring = call.Answered, s.passes(12_000)
	s.says(e)
	answer := s.at
	dial := call.Event{Kind: call.Dialled, Direction: why, Agent: e.Agent, Leg: "1", Target: "number:13900000001"}
	s.passes(9_000)
	s.says(dial)
	dial.Kind, dial.Ring = call.DialEnded, s.passes(30_000)
	if s.rand.IntN(3) > 0 {
		dial.Answer = s.at
		dial.Talk = s.passes(120_000)
	} else {
		dial.Outcome = call.NoAnswer
	}
	s.says(dial)
	s.talkEnds(e, answer, 0)
	s.ends(call.ClassAnswered, call.AgentHungUp)
}
