package sim

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
)

const (
	soundGoodbye = "sound:goodbye"
	// patience is how long after the last arrival a caller who waits for ever gives up.
	patience = 10 * time.Minute
)

var lines = map[string]call.QueueID{"95001": "care", "95002": "sales", "95003": "vip"}

// lineOf is the number that a caller dials, now and then one that nobody knows.
func lineOf(d dice) string {
	if d.happens(0.02) {
		return "110"
	}
	return one(d, "95001", "95001", "95002", "95003")
}

// drawHouse draws queues and agents. No two limits are equal or a sum of others: two things
// that fall due in the same instant would have no order, and the run could not be repeated.
func drawHouse(d dice) acd.Config {
	seconds := func(of ...int) time.Duration {
		s := one(d, of...)
		if s == 0 {
			return 0
		}
		return time.Duration(s)*time.Second + d.between(0, time.Second).Truncate(time.Millisecond)
	}
	cfg := acd.Config{SuspendAfter: one(d, 0, 0, 3), RingGrace: seconds(5), MissPause: seconds(5)}
	for _, id := range []call.QueueID{"care", "sales", "vip"} {
		cfg.Queues = append(cfg.Queues, acd.Queue{
			ID: id, RingFor: seconds(3, 6, 10), WrapUp: seconds(0, 5, 20), MaxWait: seconds(0, 0, 20, 90),
			Worth: seconds(0, 0, 30), MaxWaiting: one(d, 0, 0, 0, 10), EmptyAfter: seconds(0, 0, 20),
		})
	}
	if d.happens(0.5) {
		cfg.Queues[0].Help = []acd.Help{{After: seconds(0, 5, 15), Queue: "sales"}}
	}
	for i := range 1 + d.IntN(12) {
		a := acd.Agent{ID: call.AgentID(fmt.Sprintf("a%02d", i))}
		for _, q := range cfg.Queues {
			if d.happens(0.6) {
				a.Queues = append(a.Queues, q.ID)
			}
		}
		cfg.Agents = append(cfg.Agents, a)
	}
	return cfg
}

// newWorld puts the house together as internal/app does.
func newWorld(t *testing.T, seed uint64, of func(dice) weather) *world {
	c := chance(seed)
	w := &world{
		weather: of(c.of("weather")), chance: c, t: t, cfg: drawHouse(c.of("house")), ended: make(chan struct{}),
		legs: map[call.LegID]*leg{}, bridges: map[callflow.BridgeID]map[call.LegID]*leg{},
		prompts: map[callflow.PlaybackID]*prompt{}, devices: map[call.AgentID]*device{},
		stories: map[call.ID]*story{}, commands: map[string]int{}, alone: map[call.ID]time.Time{},
	}
	if w.control > 0 {
		w.furnish(c.of("furniture"))
	}
	engine, err := acd.New(w.cfg)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	w.acd, err = acd.NewDispatcher(engine, acd.Options{Record: w.Record, Act: func(a acd.Action) { w.flows.Act(a) }})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	opt := callflow.Options{
		Phone: phone{world: w}, ACD: w.acd, Recording: w, Ledger: w, UnknownNumber: "sound:unknown",
		Queues: map[call.QueueID]callflow.Room{},
	}
	for number, queue := range lines {
		line := callflow.Line{
			Number: number, Queue: queue, Goodbye: soundGoodbye,
			Greeting: func(time.Time) string { return "sound:hello" },
		}
		room := callflow.Room{
			Music: "calm", Announcement: "sound:please-wait", AnnounceEvery: 20 * time.Second,
		}
		if w.control > 0 {
			opt.Standing = w.standing
			w.furnishLine(&line, &room)
		}
		opt.Lines, opt.Queues[queue] = append(opt.Lines, line), room
	}
	if w.flows, err = callflow.NewManager(opt); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for _, a := range w.cfg.Agents {
		w.devices[a.ID] = &device{agent: a.ID, legs: map[call.LegID]*leg{}}
	}
	return w
}

// play lets so many callers call, and waits until the last of them is gone.
func (w *world) play(calls int) {
	ctx, stop := context.WithCancel(context.Background())
	acdEnded := make(chan struct{})
	go func() { defer close(acdEnded); _ = w.acd.Run(ctx) }()
	w.open()
	w.side.Go(w.look)
	w.side.Go(w.watch)
	if w.gaps > 0 {
		w.side.Go(w.breaks)
	}
	d := w.chance.of("arrivals")
	gap := time.Duration(float64(40*time.Second) / float64(len(w.cfg.Agents)) / (0.4 + d.Float64()))
	for i := range calls {
		<-time.After(d.about(gap))
		w.arrive(call.ID(fmt.Sprintf("c%05d", i)))
	}
	pass(patience)
	w.close()
	w.judge()
	w.flows.Close()
	stop()
	<-acdEnded
}

// open signs all agents in.
func (w *world) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.cfg.Agents {
		w.submit(acd.SignIn{Agent: a.ID})
		if w.wishes > 0 {
			w.wish(a.ID, 0)
		}
		if w.deaths > 0 {
			w.die(w.devices[a.ID], 0)
		}
	}
}

// close sends all home who wait for ever, calls all agents back and lets everything end
// that has an end.
func (w *world) close() {
	d := w.chance.of("closing")
	w.mu.Lock()
	w.closing = true
	for _, s := range w.order {
		if s.caller.state != gone {
			w.in(d.between(0, time.Minute), func() { w.tired(s) })
		}
	}
	w.mu.Unlock()
	pass(5 * time.Minute)
	close(w.ended)
	w.side.Wait()
	w.mu.Lock()
	for _, a := range w.cfg.Agents {
		w.submit(acd.SignIn{Agent: a.ID})
		w.submit(acd.GoReady{Agent: a.ID})
	}
	w.mu.Unlock()
	pass(time.Minute)
}

// every does something again and again until the run is over.
func (w *world) every(d time.Duration, do func()) {
	for {
		select {
		case <-w.ended:
			return
		case <-time.After(d):
			do()
		}
	}
}

// look compares all calls with the switch now and then, as internal/app does.
func (w *world) look() {
	d := w.chance.of("looks")
	w.every(lookEvery, func() {
		taken := time.Now()
		<-time.After(d.between(0, w.latency))
		states, found := w.snapshot()
		<-time.After(d.between(0, w.latency))
		for _, l := range found {
			if !l.isCaller() && !w.flows.Known(l.story.id) {
				w.orphan(l.id)
			}
		}
		w.flows.Reconcile(taken, states)
	})
}

func (w *world) snapshot() (states map[call.LegID]callflow.LegState, found []*leg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	states = map[call.LegID]callflow.LegState{}
	for id, l := range w.legs {
		states[id] = callflow.LegState{Up: l.state == up}
		found = append(found, l)
	}
	slices.SortFunc(found, func(a, b *leg) int { return a.born.Compare(b.born) })
	return states, found
}

// breaks cuts the event stream now and then. When it is back the house takes the switch as
// it finds it.
func (w *world) breaks() {
	d := w.chance.of("breaks")
	w.every(d.about(w.gaps), func() {
		w.setCut(true)
		<-time.After(d.about(5 * time.Second))
		w.setCut(false)
		w.take()
	})
}

func (w *world) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

// take is internal/app's: legs of nobody are hung up, callers whom nobody knows are taken
// up, all others are compared.
func (w *world) take() {
	taken := time.Now()
	states, found := w.snapshot()
	for _, l := range found {
		switch {
		case w.flows.Known(l.story.id):
		case !l.isCaller():
			w.orphan(l.id)
		default:
			w.stranger(l)
		}
	}
	w.flows.Reconcile(taken, states)
}

func (w *world) stranger(l *leg) {
	s := l.story
	w.Record(call.Event{Kind: call.Arrived, At: call.Stamp(time.Now()), Call: s.id, Number: "138", Line: s.line})
	w.mu.Lock()
	s.stranger, s.arrived = true, l.born
	w.mu.Unlock()
	w.flows.Resume(w.arrival(s), callflow.Resumption{Began: l.born})
}

// watch looks at the engine every now and then: nobody waits in a queue in which somebody
// is idle.
func (w *world) watch() {
	w.every(1700*time.Millisecond, func() {
		snap, err := w.acd.Snapshot(context.Background())
		if err != nil {
			w.t.Errorf("snapshot: %v", err)
			return
		}
		w.nobodyAlone()
		for i, q := range snap.Queues {
			for _, c := range q.Callers {
				// Idle counts those who are enough for a caller without wishes.
				if q.Idle > 0 && c.Enough <= w.cfg.Queues[i].MinLevel && c.Agent == "" && c.Kept == "" {
					w.fault2("%s waits in %s while %d are idle", c.Call, q.ID, q.Idle)
				}
			}
		}
	})
}

func (w *world) fault2(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault(format, args...)
}

// run plays one seed in its own bubble of time and reports what must not be.
func run(t *testing.T, seed uint64, calls int, name string, of func(dice) weather) (w *world) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(t, seed, of)
		w.play(calls)
		for _, f := range w.faults {
			t.Error(f)
		}
		if t.Failed() {
			t.Logf("seed %d in %s weather %+v, house %+v", seed, name, w.weather, w.cfg)
			t.Logf("repeat with: go test ./test/sim -run '%s' -sim.seed=%d -sim.calls=%d", t.Name(), seed, calls)
		}
	})
	return w
}
