package callflow

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/acd"
	"hotline/call"
)

// world is a switch that a test scripts, with the real engine and dispatcher behind it.
// Time is synctest's.
type world struct {
	t    *testing.T
	m    *Manager
	acd  *acd.Dispatcher
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex
	orders  []string // what the switch was told, in order
	events  []call.Event
	begun   []call.ID
	ended   map[call.ID]time.Time
	refuse  map[string]error // command -> error
	onDial  func(leg call.LegID, agent call.AgentID)
	onJoin  func(leg call.LegID)
	onHang  func(leg call.LegID) // before a leg's end is ordered; may take its time
	hungUp  map[call.LegID]bool
	playing PlaybackID
	agents  map[call.LegID]call.AgentID
	limits  []time.Duration // for each phone that was dialled, the switch's own limit
}

func newWorld(t *testing.T, agents int) *world {
	t.Helper()
	cfg := acd.Config{Queues: []acd.Queue{
		{ID: "complaints", RingFor: 6 * time.Second, WrapUp: 30 * time.Second, MaxWait: 2 * time.Minute},
	}}
	for i := range agents {
		id := call.AgentID([]string{"ann", "bob", "cy"}[i])
		cfg.Agents = append(cfg.Agents, acd.Agent{ID: id, Queues: []call.QueueID{"complaints"}})
	}
	engine, err := acd.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, ended: map[call.ID]time.Time{}, refuse: map[string]error{}, hungUp: map[call.LegID]bool{},
		done: make(chan struct{}), agents: map[call.LegID]call.AgentID{},
	}
	w.acd, err = acd.NewDispatcher(engine, acd.Options{
		Record: w.Record,
		Act:    func(a acd.Action) { w.m.Act(a) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.m, err = NewManager(Options{
		Phone: w, ACD: w.acd, Recording: w, Ledger: w, UnknownNumber: "sound:unknown",
		Queues: map[call.QueueID]Room{"complaints": {
			Music: "calm", Announcement: "sound:please-wait", AnnounceEvery: 30 * time.Second,
		}},
		Lines: []Line{{
			Number: "95001", Queue: "complaints", Goodbye: "sound:goodbye",
			Greeting: func(time.Time) string { return "sound:hello" },
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.m.again = nil // tests of other things need not count orders that are given again
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { defer close(w.done); _ = w.acd.Run(ctx) }()
	for _, a := range cfg.Agents {
		if err := w.acd.Submit(acd.SignIn{Agent: a.ID}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// in runs a script with a world of so many agents and checks that nothing is left behind.
func in(t *testing.T, agents int, script func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, agents)
		synctest.Wait()
		script(w)
		synctest.Wait()
		if left := w.m.Calls(); len(left) > 0 {
			t.Errorf("calls left behind: %+v", left)
		}
		w.m.Close()
		w.stop()
		<-w.done
	})
}

func (w *world) order(words ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := strings.Join(words, " ")
	w.orders = append(w.orders, line)
	return w.refuse[words[0]]
}

func (w *world) OpenBridge(_ context.Context, _ BridgeID, caller call.LegID) error {
	return w.order("bridge", string(caller))
}

func (w *world) Join(_ context.Context, _ BridgeID, leg call.LegID) error {
	err := w.order("join", string(leg))
	if w.onJoin != nil {
		w.onJoin(leg)
	}
	return err
}

func (w *world) CloseBridge(_ context.Context, b BridgeID) error { return w.order("close", string(b)) }

func (w *world) Play(_ context.Context, _ call.LegID, id PlaybackID, sounds ...string) error {
	w.mu.Lock()
	w.playing = id
	w.mu.Unlock()
	return w.order("play", strings.Join(sounds, "+"))
}

func (w *world) StopPlay(_ context.Context, id PlaybackID) error {
	return w.order("stopplay", string(id))
}

func (w *world) StartMusic(_ context.Context, _ call.LegID, class string) error {
	return w.order("music", class)
}

func (w *world) StopMusic(context.Context, call.LegID) error { return w.order("stopmusic") }

func (w *world) CreateLeg(_ context.Context, leg call.LegID, agent call.AgentID, _ Arrival) error {
	err := w.order("create", string(agent))
	w.mu.Lock()
	w.agents[leg] = agent
	w.mu.Unlock()
	if owner, _ := CallOf(string(leg)); err == nil {
		w.m.Deliver(owner, LegCreated{Leg: leg})
	}
	return err
}

func (w *world) CreateOutside(_ context.Context, leg call.LegID, number string, _ Arrival) error {
	err := w.order("outside", number)
	w.mu.Lock()
	w.agents[leg] = call.AgentID(number)
	w.mu.Unlock()
	if err == nil {
		w.m.Deliver("c1", LegCreated{Leg: leg})
	}
	return err
}

func (w *world) Note(context.Context, call.LegID, string) error { return nil }

func (w *world) Leave(_ context.Context, _ BridgeID, leg call.LegID) error {
	return w.order("leave", string(leg))
}

func (w *world) Refresh(context.Context, call.LegID) error { return w.order("refresh") }

func (w *world) SendKeys(_ context.Context, leg call.LegID, keys string) error {
	return w.order("keys", string(leg), keys)
}

func (w *world) CallNumber(_ context.Context, a Arrival) error { return w.order("call", a.Number) }

func (w *world) DialLeg(_ context.Context, leg, _ call.LegID, limit time.Duration) error {
	w.mu.Lock()
	agent := w.agents[leg]
	w.limits = append(w.limits, limit)
	w.mu.Unlock()
	err := w.order("dial", string(agent))
	if err == nil && w.onDial != nil {
		w.onDial(leg, agent)
	}
	return err
}

// HangUp ends the leg as Asterisk does: the event comes some milliseconds later, and only
// the first time.
func (w *world) HangUp(_ context.Context, leg call.LegID, why Cause) error {
	if w.onHang != nil {
		w.onHang(leg)
	}
	err := w.order("hangup", string(leg), string(why))
	w.mu.Lock()
	first := !w.hungUp[leg]
	w.hungUp[leg] = true
	w.mu.Unlock()
	if first && err == nil {
		time.AfterFunc(5*time.Millisecond, func() { w.gone(leg) })
	}
	return err
}

func (w *world) gone(leg call.LegID) {
	owner, part := CallOf(string(leg))
	if part != "" {
		w.m.Deliver(owner, LegGone{Leg: leg, Outcome: call.NoAnswer})
		return
	}
	w.m.Deliver(owner, CallerGone{At: time.Now()})
}

func (w *world) Begin(id call.ID, _ time.Time) { w.begun = append(w.begun, id) }
func (w *world) End(id call.ID, _, end time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended[id] = end
}

func (w *world) Record(ev call.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, ev)
}

// kinds lists the call's events, agents' own left out.
func (w *world) kinds() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, e := range w.events {
		word := string(e.Kind)
		switch e.Kind {
		case call.AgentChanged:
			continue
		case call.Ended:
			word += " " + string(e.Ending.Class) + "/" + string(e.Ending.Reason)
		case call.OfferEnded, call.LeftQueue:
			word += " " + string(e.Outcome)
		case call.TalkEnded:
			word += " by " + string(e.By)
		}
		out = append(out, word)
	}
	return out
}

func (w *world) count(order string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, o := range w.orders {
		if strings.HasPrefix(o, order) {
			n++
		}
	}
	return n
}

func (w *world) arrive() {
	w.m.Arrive(Arrival{Call: "c1", Leg: "c1", Number: "13800000001", Line: "95001", Begin: time.Now()})
	synctest.Wait()
}

func (w *world) endPrompt() {
	w.mu.Lock()
	id := w.playing
	w.mu.Unlock()
	w.m.Deliver("c1", PlayEnded{Playback: id})
	synctest.Wait()
}

func (w *world) after(d time.Duration) {
	time.Sleep(d) // virtual
	synctest.Wait()
}

func (w *world) want(kinds ...string) {
	w.t.Helper()
	if diff := cmp.Diff(kinds, w.kinds()); diff != "" {
		w.t.Errorf("events (-want +got):\n%s", diff)
	}
}

// wantParting is want for a caller who leaves the queue: the flow tells of the end of the call
// and the engine of that of the stay, each in its own goroutine, so either may be first.
func (w *world) wantParting(kinds ...string) {
	w.t.Helper()
	got := w.kinds()
	slices.Sort(got[max(0, len(got)-2):])
	slices.Sort(kinds[len(kinds)-2:])
	if diff := cmp.Diff(kinds, got); diff != "" {
		w.t.Errorf("events (-want +got):\n%s", diff)
	}
}
