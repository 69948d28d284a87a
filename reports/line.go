package reports

import "hotline/call"

// Line counts the calls of one hotline number by how far they came. They belong to the
// period in which they arrived. Those that entered a queue are counted in Figures too.
type Line struct {
	Line             string // the number that was dialled, "" when the arrival was not seen
	Arrived          int64  // calls
	Entered          int64  // of Arrived: entered a queue
	HungUpInGreeting int64  // of the others: the caller hung up before the queue
	Closed           int64  // of the others: outside the hours of the line, with or without a message
	UnknownLine      int64  // of the others: the number has no queue
	Failed           int64  // of the others: broken by a fault
	Other            int64  // of the others: any other ending, as shut down
	Open             int64  // of the others: not over at the last event

	Busy     int64 // of Entered: turned away because as many waited as may 占线
	Messages int64 // of Arrived: left a message 留言
	Dropped  int64 // of Arrived: cut off by a fault, wherever they were 掉线
}

// add counts one call.
func (l *Line) add(j Journey) {
	l.Arrived++
	l.addEnding(j)
	switch {
	case len(j.Stays) > 0:
		l.Entered++
	case !j.Over:
		l.Open++
	case j.Ending.Reason == call.HungUpInGreeting:
		l.HungUpInGreeting++
	case j.Ending.Reason == call.Closed:
		l.Closed++
	case j.Ending.Reason == call.UnknownLine:
		l.UnknownLine++
	case j.Ending.Class == call.ClassFailed:
		l.Failed++
	default:
		l.Other++
	}
}

// addEnding counts what concerns calls whether they entered a queue or not.
func (l *Line) addEnding(j Journey) {
	if !j.Over {
		return
	}
	if j.Ending.Class == call.ClassMessage {
		l.Messages++
	}
	switch {
	case j.Ending.Reason == call.QueueFull:
		l.Busy++
	case j.Ending.Reason == call.Lost || j.Ending.Class == call.ClassFailed:
		l.Dropped++
	}
}
