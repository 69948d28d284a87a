package callflow

import (
	"cmp"
	"slices"
	"time"

	"hotline/call"
)

// Status is one running call for the live view.
type Status struct {
	Arrival
	Stage      Stage
	Since      time.Time    // begin of the stage
	Queue      call.QueueID // where he waits, waited or would wait
	Agent      call.AgentID // who answers for the call
	Below      bool         // the agent, or the one whose phone rings, is below the level that the caller wants
	Held       bool         // the caller hears music instead of his agent
	Consulting string       // whom the agent asks meanwhile, as in call.Event.Target; "" = nobody
	Parties    []Party      // everybody but the caller, in the order of their legs
}

// Party is somebody in a call beside its caller.
type Party struct {
	Leg    call.LegID
	Agent  call.AgentID // "" for a number outside
	Number string       // outside
	Up     bool         // picked up; else the phone rings
	With   bool         // hears the caller
}

// show brings the copy that others read up to date.
func (f *flow) show() {
	parties := make([]Party, 0, len(f.legs))
	for id, l := range f.legs {
		parties = append(parties, Party{Leg: id, Agent: l.agent, Number: l.number, Up: l.up, With: l.joined})
	}
	slices.SortFunc(parties, func(a, b Party) int { return cmp.Compare(a.Leg, b.Leg) })
	asked := ""
	if f.consult != nil {
		asked = f.consult.to.String()
	}
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	f.seen.Queue = cmp.Or(f.queue, f.line.Queue)
	f.seen.Held, f.seen.Consulting, f.seen.Parties = f.held, asked, parties
}
