// Package sim plays whole days of a hotline in virtual time: the real call flow, engine and
// dispatcher against a simulated telephone world whose phones, callers, commands and events
// go wrong in every way that a seed draws. What must hold is checked while it runs, and the
// world's own ledger is held against that of the house at the end.
//
// It does not kill the controller: what is taken up after a kill is read from Asterisk and
// from the stored ledger by internal/app, and test/chaos does it with the real ones.
package sim

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
)

const (
	commandMax = 3*time.Second + 1234567 // deadline of a command, about that of the real phone
	ringMax    = 2 * time.Minute         // the switch's own limit for a phone that rings
	lookEvery  = 30 * time.Second        // as of internal/app
)

// world is the telephone world, and the wiring of the house as internal/app does it.
type world struct {
	weather
	chance chance
	t      *testing.T
	flows  *callflow.Manager
	acd    *acd.Dispatcher
	cfg    acd.Config
	ended  chan struct{} // closed when the run is over: whoever waits for nothing else ends
	side   sync.WaitGroup

	mu       sync.Mutex
	legs     map[call.LegID]*leg
	bridges  map[callflow.BridgeID]map[call.LegID]*leg
	prompts  map[callflow.PlaybackID]*prompt
	devices  map[call.AgentID]*device
	stories  map[call.ID]*story
	order    []*story
	commands map[string]int // how often each was given
	cut      bool           // the event stream is broken
	closing  bool           // nobody hangs up a phone any more by chance
	events   []call.Event
	faults   []string
	alone    map[call.ID]time.Time // since when a call is a talk with nobody
	excused  int                   // rings twice at once for which the switch had kept the house waiting
}

// prompt is a sound that plays.
type prompt struct {
	story *story
	over  bool
}

// fault notes something that must not be. w.mu is held.
func (w *world) fault(format string, args ...any) {
	if len(w.faults) < 20 {
		w.faults = append(w.faults, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
	}
}

// Record is the ledger.
func (w *world) Record(ev call.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ev.Seq = uint64(len(w.events) + 1)
	w.events = append(w.events, ev)
}

// Begin and End are the recorder.
func (w *world) Begin(id call.ID, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stories[id].recBegun++
}

// End is told of the end of a recording.
func (w *world) End(id call.ID, _, end time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stories[id]
	s.recEnded++
	s.recEnd = end
}

// in does something later, unless the run is over.
func (w *world) in(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		do()
	})
}

// tell sends an event of a leg to the house: in order and once, or as the weather has it.
// w.mu is held. key names the event among all others of the run.
func (w *world) tell(l *leg, key string, heard *time.Time, send func()) {
	d := w.chance.of("event", key)
	if d.happens(w.lost) && !strings.HasPrefix(key, "arrive") {
		return // an arrival is lost with the whole stream only
	}
	at := time.Now().Add(d.between(0, w.late))
	if !d.happens(w.swapped) {
		if !at.After(l.told) {
			at = l.told.Add(1)
		}
		l.told = at
	}
	w.deliver(time.Until(at), heard, send)
	if d.happens(w.doubled) {
		w.deliver(time.Until(at)+d.between(0, 2*time.Second), heard, send)
	}
}

// deliver brings an event to the house, unless the stream is broken at that moment.
func (w *world) deliver(d time.Duration, heard *time.Time, send func()) {
	time.AfterFunc(d, func() {
		w.mu.Lock()
		cut := w.cut
		if !cut && heard != nil && heard.IsZero() {
			*heard = time.Now()
		}
		w.mu.Unlock()
		if !cut {
			send()
		}
	})
}

// pass lets virtual time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// wait lets virtual time go by for a command, no longer than its context lives.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
