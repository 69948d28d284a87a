package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/acd"
	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
)

// While no controller is there, Asterisk's own queue takes the calls (ADR 0011). Here they
// come home: who still waits is taken up with the wait that he has, who talks keeps his
// agent from being rung, and who is gone comes into the ledger from what Asterisk wrote.

const (
	// taleEnding ends the name of the file that Asterisk writes of such a call.
	taleEnding = "-fallback.csv"
	// fallbackLook is how often Asterisk is asked for its channels as long as such calls
	// last, and fallbackQuiet for how long after the last of them.
	fallbackLook  = 250 * time.Millisecond
	fallbackQuiet = 3 * time.Second
	// settleTale is how long a call must have lasted before its absence among Asterisk's
	// channels means that it is over.
	settleTale = 2 * time.Second
	// ReasonFallback is the reason of an agent's sign-out while he has such a call.
	ReasonFallback = "fallback call"
)

// fallback is what is known of such calls. The zero value is ready but for wake.
type fallback struct {
	wake chan struct{} // there may be such calls; holds one
	warm atomic.Bool   // there are

	pass sync.Mutex // one look at a time

	mu      sync.Mutex
	back    map[call.ID]bool // came back; the file is about to go
	working map[call.ID]bool // over, and the engine ends the agent's work after it
}

func (f *fallback) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *fallback) set(m *map[call.ID]bool, id call.ID, in bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *m == nil {
		*m = map[call.ID]bool{}
	}
	if in {
		(*m)[id] = true
	} else {
		delete(*m, id)
	}
}

func (f *fallback) has(m *map[call.ID]bool, id call.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return (*m)[id]
}

// mark completes the engine's last event of such a call.
func (f *fallback) mark(ev call.Event) call.Event {
	if ev.Kind == call.WrapUpEnded && f.has(&f.working, ev.Call) {
		ev.Fallback = true
		f.set(&f.working, ev.Call, false)
	}
	return ev
}

// watchFallback looks again and again as long as such calls last. At other times it costs
// nothing.
func (a *App) watchFallback(ctx context.Context) error {
	tick := time.NewTicker(fallbackLook)
	defer tick.Stop()
	until := time.Time{}
	for {
		warm := time.Now().Before(until)
		a.fallback.warm.Store(warm)
		var next <-chan time.Time
		if warm {
			next = tick.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-next:
		case <-a.fallback.wake:
		}
		taken := time.Now()
		channels, err := a.ari.Channels(ctx)
		if err == nil && a.passFallback(ctx, channels, taken) || err != nil && warm {
			until = time.Now().Add(fallbackQuiet)
		}
	}
}

// passFallback brings agents and ledger into line with the calls that Asterisk's own queue
// has or had. It tells whether there are any still.
func (a *App) passFallback(ctx context.Context, channels []ari.Channel, taken time.Time) bool {
	a.fallback.pass.Lock()
	defer a.fallback.pass.Unlock()
	seen := seen{taken: taken, alive: make(map[call.ID]bool, len(channels)), engaged: map[call.AgentID]bool{}}
	busy := false
	for _, c := range channels {
		seen.alive[call.ID(c.ID)] = true
		switch c.App {
		case "AppQueue": // an agent's phone that Asterisk's queue rings or has joined
			seen.engaged[a.agentOf(c.Name)], busy = true, true
		case "Queue", "Wait":
			busy = true
		}
	}
	for id := range seen.engaged {
		a.roster.hold(id)
	}
	work, left, err := a.importTales(ctx, seen)
	if err != nil {
		a.log.Error("calls of the time without a controller are not in the ledger yet", "error", err)
		busy = true
	}
	held := a.roster.release(taken, seen.engaged, work)
	return busy || left+held > 0
}

// agentOf is whose phone a channel is; of a phone that nobody has any more, the phone's name.
func (a *App) agentOf(channel string) call.AgentID {
	phone := endpointOf(channel)
	for _, g := range a.cfg.Agents {
		if g.Endpoint == phone {
			return g.ID
		}
	}
	return call.AgentID(phone[strings.LastIndex(phone, "/")+1:])
}

// seen is one look at Asterisk's channels.
type seen struct {
	taken   time.Time
	alive   map[call.ID]bool      // callers, and channels of others
	engaged map[call.AgentID]bool // agents whose phones Asterisk's own queue has
}

// chapter is one call that is over and is about to come into the ledger.
type chapter struct {
	tale   tale
	file   string
	end    time.Time // zero for the recorder when it was not written
	events []call.Event
	talk   *call.Event
}

// importTales writes the calls that are over into the ledger, and only then removes their
// files: one that stays is found in the ledger next time. It returns the agents whose
// after-call work goes on, and how many files are waiting.
func (a *App) importTales(ctx context.Context, s seen) (work map[call.AgentID]acd.Restore, left int, err error) {
	files, err := filepath.Glob(filepath.Join(a.cfg.Asterisk.RecordingDir, "*", "*", "*", "*"+taleEnding))
	if err != nil || len(files) == 0 {
		return nil, 0, err
	}
	bound, cancel := context.WithTimeout(ctx, commandMax)
	defer cancel()
	work = map[call.AgentID]acd.Restore{}
	var over []chapter
	var events []call.Event
	for _, file := range files {
		c, done, err := a.chapterOf(bound, file, s)
		switch {
		case err != nil:
			return nil, len(files), err
		case !done:
			left++
			continue
		}
		if c.talk != nil {
			c.events = append(c.events, a.afterTalk(*c.talk, s, work)...)
		}
		over, events = append(over, c), append(events, c.events...)
	}
	if err := a.writer.SaveAll(bound, events); err != nil {
		return nil, len(files), err
	}
	for _, e := range events {
		if a.book != nil {
			a.book.note(e)
		}
	}
	for _, c := range over {
		if len(c.events) > 0 {
			a.log.Info("call of the time without a controller", "call", c.tale.id, "answered", c.talk != nil)
			a.recorder.End(c.tale.id, c.tale.since, c.end)
		}
		if err := os.Remove(c.file); err != nil {
			a.log.Warn("file of a call stays", "file", c.file, "error", err)
		}
	}
	return work, left, nil
}

// chapterOf reads the file of a call. done says that the call is over here: its events are
// to be written, or it has none that the ledger lacks.
func (a *App) chapterOf(ctx context.Context, file string, s seen) (c chapter, done bool, err error) {
	id := call.ID(strings.TrimSuffix(filepath.Base(file), taleEnding))
	if s.alive[id] || a.fallback.has(&a.fallback.back, id) {
		return chapter{}, false, nil
	}
	c.file = file
	var whole bool
	c.tale, whole, err = openTale(id, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return chapter{}, false, nil // taken up meanwhile
	case err != nil:
		return chapter{}, false, err
	case !whole: // what a caller who came back left behind with his end
		return c, s.taken.Sub(c.tale.last) > settleTale, nil
	case s.taken.Sub(c.tale.since) < settleTale:
		return chapter{}, false, nil // the look may be older than the call
	}
	story, err := a.ledger.Story(ctx, id)
	if err != nil || len(story) > 0 {
		return c, err == nil, err
	}
	end := c.tale.end
	c.end = end
	if end.IsZero() {
		end = c.tale.last
		if length, err := a.recorder.Extent(id, c.tale.since); err == nil && length > 0 {
			end = call.Stamp(c.tale.since.Add(length))
		}
	}
	c.events, c.talk = c.tale.whole(a.agentOf, end, a.ringFor(c.tale.queue))
	c.events[0].Grade = a.grades.of(c.tale.number).Grade.ID
	return c, true, nil
}

func openTale(id call.ID, name string) (tale, bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return tale{}, false, fmt.Errorf("call %s without a controller: %w", id, err)
	}
	text, err := io.ReadAll(io.LimitReader(file, taleMax))
	if err := errors.Join(err, file.Close()); err != nil {
		return tale{}, false, fmt.Errorf("call %s without a controller: %w", id, err)
	}
	t, whole := readTale(id, text)
	return t, whole, nil
}

// afterTalk is the agent's work after a talk: it goes on when its limit has not passed and
// nothing else is known of him, and is over otherwise.
func (a *App) afterTalk(talk call.Event, s seen, work map[call.AgentID]acd.Restore) []call.Event {
	limit := time.Duration(0)
	for _, q := range a.cfg.Queues {
		if q.ID == talk.Queue {
			limit = q.WrapUp
		}
	}
	spent := min(limit, max(0, s.taken.Sub(talk.At)))
	if spent < limit && !s.engaged[talk.Agent] && a.roster.holds(talk.Agent) {
		work[talk.Agent] = wrapUp(talk)
		a.fallback.set(&a.fallback.working, talk.Call, true)
		return nil
	}
	return []call.Event{wrapped(talk, spent)}
}

// wrapped is the end of the work after a talk that the engine does not know of.
func wrapped(talk call.Event, spent time.Duration) call.Event {
	return call.Event{
		Kind: call.WrapUpEnded, At: call.Stamp(talk.At.Add(spent)), Call: talk.Call, Queue: talk.Queue,
		Entered: talk.Entered, Agent: talk.Agent, Answer: talk.Answer, Wrap: call.MillisOf(spent),
		Fallback: talk.Fallback, Direction: talk.Direction,
	}
}

func (a *App) ringFor(id call.QueueID) time.Duration {
	for _, q := range a.cfg.Queues {
		if q.ID == id {
			return q.RingFor
		}
	}
	return 0
}

// waited is a caller who waited before a controller was there.
type waited struct {
	who    callflow.Arrival
	since  time.Time
	events []call.Event // his arrival, his entry and the phones that rang for him
	offers int
	file   string // what Asterisk wrote of it; "" = nothing
}

// waitedOf understands the arguments with which a caller enters the application: "in", the
// number dialled, the recording's name and since when he waits. Without the last one, as
// with every call that found a controller, it is false.
func (a *App) waitedOf(c *ari.Channel, args []string) (waited, bool) {
	if len(args) < 4 || args[0] != "in" {
		return waited{}, false
	}
	since, err := time.Parse(time.RFC3339Nano, args[3])
	if err != nil {
		return waited{}, false
	}
	w := waited{who: a.arrival(c, args[1]), since: call.Stamp(since)}
	t := tale{id: w.who.Call, since: w.since, number: w.who.Number, line: args[1], queue: a.queueAt(args[1], w.since)}
	if name := filepath.FromSlash(args[2]); filepath.IsLocal(name) {
		file := filepath.Join(a.cfg.Asterisk.RecordingDir, name+taleEnding)
		if told, whole, err := openTale(t.id, file); err == nil && whole {
			t.rings = told.rings
		}
		w.file = file
	}
	w.events = t.came()
	w.events[0].Grade = w.who.Grade.ID
	if t.queue == "" {
		return w, true // whatever turns him away has to tell him so
	}
	offers, _ := t.offers(a.agentOf, time.Now(), a.ringFor(t.queue))
	w.events, w.offers = append(w.events, offers...), len(t.rings)
	return w, true
}

// queueAt is the queue into which a number led at that time; "" when it led nowhere or was
// closed.
func (a *App) queueAt(number string, at time.Time) call.QueueID {
	for _, l := range a.lines() {
		if l.Number != number {
			continue
		}
		queue, open := l.Queue, true
		if l.Hours != nil {
			queue, open = l.Hours(at)
		}
		if open {
			return queue
		}
	}
	return ""
}

// tell writes down what happened to a caller who came back, and removes Asterisk's file of
// it when the ledger has it.
func (a *App) tell(ctx context.Context, w waited) {
	a.log.Info("caller has waited without a controller", "call", w.who.Call, "since", w.since)
	for _, e := range w.events {
		a.Record(e)
	}
	if w.file == "" {
		return
	}
	a.fallback.set(&a.fallback.back, w.who.Call, true)
	a.side.Go(func() {
		defer a.fallback.set(&a.fallback.back, w.who.Call, false)
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandMax)
		defer cancel()
		err := a.writer.Flush(bound)
		if err == nil {
			err = os.Remove(w.file)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			a.log.Warn("file of a call stays", "file", w.file, "error", err)
		}
	})
}

// comeBack takes up a caller who waited without a controller. He has waited enough to be
// spared the greeting, and his wait counts from its begin.
func (a *App) comeBack(ctx context.Context, w waited) {
	a.tell(ctx, w)
	past := callflow.Resumption{Began: w.since}
	for _, e := range w.events {
		if e.Kind == call.Queued {
			past.Place, past.Offers = &callflow.Place{Queue: e.Queue, Entered: w.since}, w.offers
		}
	}
	a.calls.Resume(w.who, past)
}
