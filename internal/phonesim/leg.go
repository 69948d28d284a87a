package phonesim

import (
	"fmt"
	"sync"
	"time"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/media"
	"hotline/internal/phonesim/tone"
)

// Leg is one telephone's part in one call. It ends by its script, by the other
// side, by Hangup or by Sim.Close; one goroutine owns it from begin to end.
type Leg struct {
	sim    *Sim
	dialog *dialog
	stream *media.Stream
	audio  *Audio
	code   int // The code the telephone speaks.

	heard  chan struct{} // Closed when the other side's code is first heard.
	hangup chan struct{} // Closed by Hangup.
	done   chan struct{} // Closed when the record is final.

	heardOnce, hangupOnce sync.Once

	mu      sync.Mutex
	rec     Record
	law     g711.Law
	version int   // Of our session description.
	events  uint8 // Payload type of keys, 0 when the other side takes none.
	talking bool  // From the answer on.
	held    bool  // By this telephone.
	deaf    bool  // The other side wants no sound: it has put us on hold.

	// changing admits one change of the session from our side at a time.
	changing sync.Mutex
}

// newLeg opens the audio of a leg and enters it in the ledger.
func (s *Sim) newLeg(rec Record, audio *Audio) (*Leg, error) {
	l := &Leg{
		sim:    s,
		audio:  audio,
		heard:  make(chan struct{}),
		hangup: make(chan struct{}),
		done:   make(chan struct{}),
		law:    s.opts.Law,
		code:   s.nextTone(rec.Role),
		rec:    rec,
		events: eventsOffered,
	}
	l.rec.Tone = l.code
	stream, err := s.engine.Open(media.StreamOptions{
		OnTone: func(code int, _ time.Time) {
			if roleOfTone(code) != rec.Role {
				l.heardOnce.Do(func() { close(l.heard) })
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("open audio of %s %s: %w", rec.Role, rec.Party, err)
	}
	l.stream = stream
	s.enroll(l)
	return l, nil
}

// attach gives the leg its dialog.
func (l *Leg) attach(d *dialog) {
	l.dialog = d
	d.onReinvite = l.renegotiate
	l.update(func(r *Record) { r.CallID = d.callID })
	d.register()
}

// Done is closed when the leg has ended and its record is final.
func (l *Leg) Done() <-chan struct{} {
	return l.done
}

// Heard is closed when the leg first hears the code of a telephone of the other
// role: a caller hears an agent, an agent a caller.
func (l *Leg) Heard() <-chan struct{} {
	return l.heard
}

// Hangup makes the telephone hang up, give up or decline, whatever fits its
// state. It does not wait; Done tells when it is over.
func (l *Leg) Hangup() {
	l.hangupOnce.Do(func() { close(l.hangup) })
}

// Record returns the ledger entry of the leg at this moment.
func (l *Leg) Record() Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rec
	r.RTP = l.stream.Counters()
	r.Heard, r.HeardDropped = l.stream.Heard()
	r.Keys = l.stream.Keys()
	return r
}

func (l *Leg) update(change func(r *Record)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.rec)
}

// tell reports a step to Options.Notify.
func (l *Leg) tell(what What) {
	if l.sim.opts.Notify != nil {
		l.sim.opts.Notify(Event{What: what, Record: l.Record()})
	}
}

// ringing notes the first sign that the other telephone rings.
func (l *Leg) ringing(at time.Time) {
	first := false
	l.update(func(r *Record) {
		if first = r.Ringing.IsZero(); first {
			r.Ringing = at
		}
	})
	if first {
		l.tell(WhatRinging)
	}
}

// ended notes the end; the first to call wins.
func (l *Leg) ended(at time.Time, by Side, result Result, code int, reason string) {
	l.update(func(r *Record) {
		if r.Result != "" {
			return
		}
		r.Ended, r.EndedBy, r.Result, r.Reason = at, by, result, reason
		if code != 0 {
			r.Code = code
		}
	})
}

// finish closes the leg; its owner calls it last.
func (l *Leg) finish() {
	l.stream.Close()
	if l.dialog != nil {
		l.dialog.unregister()
	}
	l.sim.settle(l)
	l.tell(WhatEnded)
	close(l.done)
}

// describe is our session description: an offer, or with d the answer to a
// description of that direction.
func (l *Leg) describe(d direction) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	return session{
		addr:      l.sim.engine.LocalAddr(),
		laws:      []g711.Law{l.law},
		ssrc:      l.stream.SSRC(),
		direction: d.mirrored(),
		events:    l.events,
	}.marshal(l.version)
}

// join takes the other side's description: from now on the leg listens there.
func (l *Leg) join(body []byte) (session, error) {
	s, err := parseSession(body)
	if err != nil {
		return session{}, err
	}
	l.mu.Lock()
	l.law = s.choose(l.law)
	l.events = s.events
	law := l.law
	l.mu.Unlock()
	l.stream.TakeKeys(s.events)
	if err := l.stream.Connect(s.addr, s.ssrc, law); err != nil {
		return session{}, fmt.Errorf("connect audio: %w", err)
	}
	l.mu.Lock()
	l.deaf = !s.direction.listens()
	silent := l.held || l.deaf
	l.mu.Unlock()
	l.stream.Pause(silent)
	return s, nil
}

// speak begins to send the telephone's sound.
func (l *Leg) speak() {
	l.mu.Lock()
	l.talking = true
	l.mu.Unlock()
	l.stream.Play(l.audio.source(l.code, l.currentLaw()))
}

// renegotiate answers the description of a re-INVITE.
func (l *Leg) renegotiate(offer []byte) ([]byte, error) {
	l.update(func(r *Record) { r.Reinvites++ })
	if len(offer) == 0 {
		return l.describe(sendrecv), nil
	}
	before := l.currentLaw()
	s, err := l.join(offer)
	if err != nil {
		return nil, err
	}
	if l.currentLaw() != before {
		l.speak()
	}
	return l.describe(s.direction), nil
}

func (l *Leg) currentLaw() g711.Law {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.law
}

// roleOfTone tells which role speaks the code, also when the telephones run in different
// processes: see bandOf.
func roleOfTone(code int) Role {
	for _, role := range []Role{RoleAgent, RoleOutside} {
		if first, count := bandOf(role); code >= first && code < first+count {
			return role
		}
	}
	return RoleCaller
}

// bandOf gives the codes of a role: agents have the upper half, telephones outside the
// eighth below it, callers the rest.
func bandOf(role Role) (first, count int) {
	const half, outside = tone.Codes / 2, tone.Codes / 8
	switch role {
	case RoleAgent:
		return half, tone.Codes - half
	case RoleOutside:
		return half - outside, outside
	default:
		return 0, half - outside
	}
}
