package callflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/acd"
	"hotline/call"
)

// Stage is where a call stands.
type Stage string

// The stages of a call, in order. Each has a way out: Waiting and Talking by the engine's
// deadlines, the others by the flow's own.
const (
	Greeting Stage = "greeting"
	Waiting  Stage = "waiting"
	Dialling Stage = "dialling" // the number that an agent calls rings
	Talking  Stage = "talking"
	Offering Stage = "offering" // is offered a callback outside the hours
	Speaking Stage = "message"  // leaves a message 留言
	Rating   Stage = "survey"   // is asked how content he is 满意度评价
	Leaving  Stage = "leaving"  // hung up by us, or told goodbye; waits for the leg's end
	Over     Stage = "over"
)

// leg is an agent's leg as the flow sees it.
type leg struct {
	agent   call.AgentID // "" for an outside number
	number  string       // outside
	of      call.ID      // in whose name the engine offered him: the call or a consultation; "" outside
	dialled bool
	up      bool
	joined  bool       // in the caller's bridge
	dropped bool       // the engine does not want it any more
	by      call.Party // who ended the talk, when the engine ordered its end
	since   time.Time
	until   time.Time // when the engine gives up ringing; zero outside
	answer  time.Time // of an outside number
	keys    string    // pressed of a code so far
	keyed   time.Time // the last of them
}

// flow owns one call. Only its goroutine touches the fields below box; seen is the copy
// that the live view reads.
type flow struct {
	m    *Manager
	a    Arrival
	line Line
	log  *slog.Logger
	box  *mailbox

	bridge BridgeID
	queue  call.QueueID // where he waits or waited last
	room   Room         // of queue
	stage  Stage
	began  time.Time

	// What the caller hears, and how long that may last.
	playing  PlaybackID
	prompts  int                                   // played so far, so that each playback has its own id
	due      sayings                               // while he waits
	deadline *time.Timer                           // of the stage, or of the prompt that runs
	onKey    func(ctx context.Context, key string) // takes his keys; nil when nobody waits for one

	// Everybody else, and what an agent is doing with the call.
	legs     map[call.LegID]*leg
	offers   int        // of the call, so far
	consults int        // so far
	outsides int        // legs to outside numbers so far
	serving  call.LegID // of the agent who answers for the call
	held     bool       // the caller hears music instead of his agent
	consult  *consult   // nil without one
	then     *Intent    // where he goes when a leg is gone; nil when he stays
	out      *outbound  // nil on a call that came in

	// How it ends.
	entered bool // the engine was told of the caller
	talked  bool
	message message
	survey  survey
	gone    bool // the caller's leg is over
	goneAt  time.Time
	lost    bool
	ending  call.Ending
	by      call.Party
	side    sync.WaitGroup // commands that run beside the flow
	tunes   *music

	seenMu sync.Mutex
	seen   Status
}

func newFlow(m *Manager, a Arrival) *flow {
	f := &flow{
		m: m, a: a, line: m.lines[a.Line], log: m.opt.Log.With("call", a.Call),
		box: newMailbox(mailboxBound), bridge: BridgeID(BridgePrefix + string(a.Call)),
		deadline: time.NewTimer(time.Hour), legs: map[call.LegID]*leg{}, tunes: newMusic(),
	}
	f.deadline.Stop()
	if a.Outbound {
		f.out = &outbound{}
	}
	f.seen = Status{Arrival: a, Stage: Greeting, Since: time.Now()}
	return f
}

// run is the call's life. It returns when the caller and every leg are gone, or when the
// process stops: then the call is left as it is in the switch.
func (f *flow) run(ctx context.Context, begin func(ctx context.Context, f *flow)) {
	defer f.m.forget(f)
	defer f.deadline.Stop()
	defer f.side.Wait()
	defer close(f.tunes.over)
	begin(ctx, f)
	for f.stage != Over {
		select {
		case <-ctx.Done():
			return
		case <-f.deadline.C:
			f.expire(ctx)
		case <-f.box.wake:
			for _, s := range f.box.drain() {
				f.handle(ctx, s)
			}
		}
		f.show()
		if f.gone && len(f.legs) == 0 {
			f.finish(ctx)
		}
	}
}

func (f *flow) begin(ctx context.Context) {
	f.began = time.Now()
	f.record(call.Event{Kind: call.Arrived, At: f.began, Number: f.a.Number, Line: f.a.Line, Grade: f.a.Grade.ID})
	f.m.opt.Recording.Begin(f.a.Call, f.a.Begin)
	if f.bridged(ctx) {
		f.open(ctx)
	}
}

// bridged puts the caller into his bridge; false when he cannot be served.
func (f *flow) bridged(ctx context.Context) bool {
	err := f.m.opt.Phone.OpenBridge(ctx, f.bridge, f.a.Leg)
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrLegGone):
		f.to(Greeting)
		f.deadline.Reset(f.m.opt.LeaveMax) // he hung up already; the word of it is on its way
	default:
		f.unbridged(ctx, err)
	}
	return false
}

// unbridged is a caller whom the switch cannot serve.
func (f *flow) unbridged(ctx context.Context, err error) {
	f.log.Error("bridge for the caller failed", "error", err)
	f.leave(ctx, call.Ending{Class: call.ClassFailed, Reason: call.SwitchFailure}, "")
}

// handle is total: a signal that does not fit the stage is ignored, because every event of
// the switch may come late, twice or not at all.
func (f *flow) handle(ctx context.Context, s Signal) {
	switch s := s.(type) {
	case CallerUp:
		f.callerUp(ctx, s)
	case CallerGone:
		f.callerGone(ctx, s)
	case LegCreated:
		f.dial(ctx, s.Leg)
	case LegUp:
		f.legUp(ctx, s.Leg)
	case LegGone:
		f.legGone(ctx, s)
	case PlayEnded:
		f.playEnded(ctx, s)
	case KeyPressed:
		f.keyPressed(ctx, s)
	case PhoneHold:
		f.phoneHold(ctx, s)
	case request:
		s.reply <- f.control(ctx, s.Control)
	case moved:
		f.move(s.queue)
	case Recall:
		f.recall(ctx)
	case foretold:
		f.hear(ctx, s.Forecast)
	case order:
		f.obey(ctx, s.Action)
	case look:
		if f.compare(ctx, s) {
			s.done()
		}
	case died:
		f.switchDied(ctx, s.at)
	}
}

// play starts prompts, if there are any, and sets the deadline after which the flow goes on
// without their end.
func (f *flow) play(ctx context.Context, sounds ...string) bool {
	sounds = slices.DeleteFunc(sounds, func(s string) bool { return s == "" })
	if len(sounds) == 0 {
		return false
	}
	f.prompts++
	id := PlaybackID(fmt.Sprintf("%s-p%d", f.bridge, f.prompts))
	if err := f.m.opt.Phone.Play(ctx, f.a.Leg, id, sounds...); err != nil {
		// A caller without a greeting is better than a caller without an agent.
		f.log.Warn("prompt failed", "sounds", sounds, "error", err)
		return false
	}
	f.playing = id
	f.deadline.Reset(f.m.opt.PromptMax)
	return true
}

func (f *flow) playEnded(ctx context.Context, s PlayEnded) {
	if f.playing == "" || s.Playback != f.playing {
		return
	}
	f.playing = ""
	f.deadline.Stop()
	switch f.stage {
	case Greeting:
		f.enqueue(ctx)
	case Waiting:
		f.wait(ctx)
	case Speaking:
		f.speak()
	case Offering:
		f.deadline.Reset(closedWait)
	case Rating:
		f.awaitScore()
	case Leaving:
		f.hangUpCaller(ctx)
	case Dialling, Talking, Over: // nothing was played that ends by itself
	}
}

// expire is the deadline of the stages that the engine does not watch.
func (f *flow) expire(ctx context.Context) {
	switch {
	case f.gone:
		f.log.Error("agent's leg did not end in time", "legs", len(f.legs))
		for id := range f.legs {
			f.hangUpLeg(ctx, id, CauseNormal)
			f.legGone(ctx, LegGone{Leg: id, Outcome: call.Canceled})
		}
	case f.then != nil:
		f.log.Warn("leg of a transfer did not end in time", "leg", f.then.After)
		f.hangUpLeg(ctx, f.then.After, CauseNormal)
		f.deadline.Reset(f.m.opt.LeaveMax)
	case f.playing != "":
		f.log.Warn("prompt did not end in time", "playback", f.playing)
		f.playEnded(ctx, PlayEnded{f.playing})
	case f.stage == Greeting:
		f.unbridged(ctx, ErrLegGone)
	case f.stage == Waiting:
		f.announce(ctx)
	case f.stage == Offering:
		f.declined(ctx)
	case f.stage == Speaking:
		f.messageOver(ctx)
	case f.stage == Rating:
		f.askAgain(ctx)
	case f.stage == Leaving:
		f.hangUpCaller(ctx)
	}
}

// leave ends the call from our side, after a last prompt if there is one.
func (f *flow) leave(ctx context.Context, why call.Ending, sound string) {
	f.ending, f.by, f.onKey = why, call.BySystem, nil
	f.to(Leaving)
	if !f.play(ctx, sound) {
		f.hangUpCaller(ctx)
	}
}

// hangUpCaller asks for the end of the caller's leg and asks again until it is confirmed.
func (f *flow) hangUpCaller(ctx context.Context) {
	cause := CauseNormal
	if f.ending.Reason == call.UnknownLine {
		cause = CauseUnknownNumber
	}
	if err := f.m.opt.Phone.HangUp(ctx, f.a.Leg, cause); err != nil {
		f.log.Error("hang-up of the caller failed", "error", err)
	}
	f.deadline.Reset(f.m.opt.LeaveMax)
}

// finish writes the end down, once, when nothing of the call is left in the switch.
func (f *flow) finish(ctx context.Context) {
	f.to(Over)
	if f.consult != nil {
		f.closeSide(ctx, f.consult.bridge)
	}
	if err := f.m.opt.Phone.CloseBridge(ctx, f.bridge); err != nil {
		f.log.Warn("bridge not closed", "error", err)
	}
}

func (f *flow) to(s Stage) {
	f.stage = s
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	f.seen.Stage, f.seen.Since, f.seen.Queue = s, time.Now(), cmp.Or(f.queue, f.line.Queue)
}

func (f *flow) status() Status {
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	return f.seen
}

// record completes an event with what all events of a call share.
func (f *flow) record(ev call.Event) {
	ev.Call = f.a.Call
	ev.At = call.Stamp(ev.At)
	if f.out != nil && ev.Direction == call.Inbound {
		ev.Direction = f.out.direction(f.a)
	}
	f.m.opt.Ledger.Record(ev)
}

func (f *flow) submit(cmd acd.Command) { f.m.submit(cmd) }
