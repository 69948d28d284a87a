package reports

import "hotline/call"

// Line counts the calls of one hotline number by how far they came. They belong to the
// period in which they arrived. Those that entered a queue are counted in Figures too.
type Line struct {
	Line             string // the number that was dialled, "" when the arrival was not seen
	Arrived          int64  // calls
	Entered          int64  // of Arrived: entered a queue
	HungUpInGreeting int64  // of the others: the caller hung up before the queue
	UnknownLine      int64  // of the others: the number has no queue
	Failed           int64  // of the others: broken by a fault
	Other            int64  // of the others: any other ending, as closed or shut down
	Open             int64  // of the others: not over at the last event
}

// add counts one call.
func (l *Line) add(j Journey) {
	l.Arrived++
	switch {
	case len(j.Stays) > 0:
		l.Entered++
	case !j.Over:
		l.Open++
	case j.Ending.Reason == call.HungUpInGreeting:
		l.HungUpInGreeting++
	case j.Ending.Reason == call.UnknownLine:
		l.UnknownLine++
	case j.Ending.Class == call.ClassFailed:
		l.Failed++
	default:
		l.Other++
	}
}
