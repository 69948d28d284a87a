package sim

import "time"

// weather says how well the telephone world behaves. The zero value is a world without a
// fault, in which commands and events take no time.
type weather struct {
	latency time.Duration // of a command at most
	late    time.Duration // of an event at most
	tidy    time.Duration // between the end of a leg being ordered and the phone's silence, at most

	refused float64       // commands that fail and do nothing
	hung    float64       // commands that do nothing until their deadline
	lied    float64       // commands that are carried out and report their deadline
	stalled float64       // commands that report their deadline and are carried out after it
	doubled float64       // events that come twice
	swapped float64       // events that may overtake earlier ones of the same leg
	lost    float64       // events that never come
	gaps    time.Duration // mean time between two breaks of the event stream; 0 = none

	nobody  float64       // phones that ring out
	reject  float64       // agents who decline
	busy    float64       // phones that are busy
	dead    float64       // phones that cannot be reached
	glare   float64       // phones that are picked up while they are told to stop
	wishes  time.Duration // mean time between two wishes of an agent (break, sign-out); 0 = none
	deaths  time.Duration // mean time between two failures of a phone; 0 = none
	hurried float64       // callers who hang up in the very moments that are hard
	control float64       // agents who do something with the caller they talk with
}

// lossy says that events may be missing, so that only a look at the switch brings them.
func (w weather) lossy() bool { return w.lost > 0 || w.gaps > 0 }

// broken says that commands may not be carried out as they were reported.
func (w weather) broken() bool { return w.refused+w.hung+w.lied+w.stalled > 0 }

// calm is the world in which figures must be right to the millisecond: people do what they
// like, the switch does what it is told at once.
func calm(d dice) weather {
	return weather{
		nobody: d.Float64() * 0.2, reject: d.Float64() * 0.1, busy: d.Float64() * 0.1, dead: d.Float64() * 0.1,
		wishes: one(d, 0, time.Minute, 5*time.Minute), hurried: d.Float64() * 0.5,
	}
}

// usual is a switch that works and takes its time.
func usual(d dice) weather {
	w := calm(d)
	w.latency = one(d, 2*time.Millisecond, 20*time.Millisecond, 200*time.Millisecond)
	w.late = one(d, time.Millisecond, 10*time.Millisecond, 100*time.Millisecond)
	w.tidy = one(d, time.Millisecond, 30*time.Millisecond, 500*time.Millisecond)
	w.glare, w.doubled = d.Float64()*0.3, d.Float64()*0.1
	w.deaths = one(d, 0, 10*time.Minute)
	return w
}

// storm is a switch that fails in some of the ways it can.
func storm(d dice) weather {
	w := usual(d)
	for _, p := range []*float64{&w.refused, &w.hung, &w.lied, &w.stalled, &w.lost} {
		if d.happens(0.5) {
			*p = d.Float64() * 0.05
		}
	}
	for _, p := range []*float64{&w.doubled, &w.swapped} {
		if d.happens(0.5) {
			*p = d.Float64() * 0.3
		}
	}
	w.late = one(d, w.late, 2*time.Second)
	w.gaps = one(d, 0, 0, 3*time.Minute)
	return w
}

// busyAgents is a weather in which agents hold, ask, transfer and call outside.
func busyAgents(of func(dice) weather) func(dice) weather {
	return func(d dice) weather {
		w := of(d)
		w.control = 0.2 + 0.8*d.Float64()
		return w
	}
}
