package reports

import (
	"time"

	"hotline/call"
)

// Dial is a number that an agent called, the customer's leg of an outbound call.
type Dial struct {
	Agent  call.AgentID
	At     time.Time
	Answer time.Time   // when the number answered, zero when it did not
	Talk   call.Millis // from then on; valid when it answered
	leg    call.LegID
}

// Dials counts numbers that agents called, calls back to callers included (通时通次, K11).
type Dials struct {
	Made    int64       // numbers dialled
	Reached int64       // of Made: answered, and that talk is over
	Talk    call.Millis // sum over Reached, from the customer's answer on
}

func (d *Dials) add(e Dials) {
	d.Made += e.Made
	d.Reached += e.Reached
	d.Talk += e.Talk
}

// count counts one number.
func (d *Dials) count(c Dial) {
	d.Made++
	if !c.Answer.IsZero() {
		d.Reached++
		d.Talk += c.Talk
	}
}

// dialled takes the customer's leg of an outbound call. Numbers that are added to a call
// later, for a consultation or a transfer, are no work of that kind.
func (j *Journey) dialled(e call.Event) {
	if e.Direction != call.Outbound && e.Direction != call.CallBack {
		return
	}
	if j.Dial == nil {
		j.Dial = &Dial{Agent: e.Agent, At: e.At, leg: e.Leg}
		if e.Kind == call.DialEnded {
			j.Dial.At = e.At.Add(-max(e.Ring, e.Talk).Duration())
		}
	}
	if e.Kind == call.DialEnded && e.Leg == j.Dial.leg && !e.Answer.IsZero() {
		j.Dial.Answer, j.Dial.Talk = e.Answer, max(0, e.Talk)
	}
}
