// Package app puts the parts of the hotline together: it is the only place where they
// meet. It starts and stops them in order and translates between the small interfaces that
// each part declares for itself.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"hotline/acd"
	"hotline/acd/redisstore"
	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
	"hotline/configs/prompts"
	"hotline/internal/lifecycle"
	"hotline/internal/metrics"
	"hotline/recorder"
	"hotline/reports/sqlstore"
	"hotline/web"
)

const (
	// commandMax bounds a command that no call waits for.
	commandMax = 5 * time.Second
	// lookEvery is how often all calls are compared with Asterisk's channels: whatever an
	// event failed to tell is repaired within this time.
	lookEvery = 10 * time.Second
)

// App is one running hotline.
type App struct {
	cfg   *configs.Config
	log   *slog.Logger
	parts lifecycle.Stack
	side  sync.WaitGroup // commands that no call owns

	ledger    *sqlstore.Store
	writer    *sqlstore.Writer
	redis     *redisstore.Store
	lease     *redisstore.Lease
	folder    *redisstore.Folder
	mirror    *redisstore.Mirror
	recorder  *recorder.Recorder
	acd       *acd.Dispatcher
	grades    grades
	book      *book      // nil when no queue asks for earlier calls
	callbacks *callbacks // nil when no queue has callbacks
	estimator *estimator // nil when no queue tells its callers how long they wait
	calls     *callflow.Manager
	dialer    *dialer
	dialled   atomic.Uint64 // calls that agents made, for their ids
	dialling  chan struct{} // holds one for each idle phone that dials
	roster    *roster
	strays    strays
	reach     reach
	fallback  fallback
	ari       *ari.Client
	people    *People
	first     string // one-time password of the first administrator; "" = there were users
	web       *web.Server
	stored    bell // rings when the ledger has grown
	health    health
	tallies   *metrics.Tallies
	looked    atomic.Bool // Asterisk's calls are known

	failed chan error
}

// Start builds and starts every part. When one fails, those that ran already are stopped
// and the error names it. The configuration must have passed Validate.
func Start(ctx context.Context, cfg *configs.Config, log *slog.Logger) (*App, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	a := &App{
		cfg: cfg, log: log, parts: lifecycle.Stack{Log: log}, failed: make(chan error, 1),
		fallback: fallback{wake: make(chan struct{}, 1)},
		tallies:  metrics.NewTallies(call.MillisOf(cfg.Figures.Threshold)),
	}
	for _, step := range []struct {
		name  string
		start func(context.Context) error
	}{
		{"redis", a.startRedis},
		{"ledger", a.startLedger},
		{"figures", a.startFigures},
		{"recorder", a.startRecorder},
		{"acd", a.startACD},
		{"calls", a.startCalls},
		{"asterisk", a.startARI},
		{"people", a.startPeople},
		{"nightly", a.startNightly},
		{"web", a.startWeb},
	} {
		if err := step.start(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", step.name, err), a.Stop(ctx))
		}
	}
	return a, nil
}

// Addr is the address of the API.
func (a *App) Addr() string { return a.web.Addr() }

// Failed delivers the error of a part that ended by itself: the process must stop then.
func (a *App) Failed() <-chan error { return a.failed }

// Stop ends every part in reverse order of start. Calls live on in Asterisk.
func (a *App) Stop(ctx context.Context) error {
	err := a.parts.Stop(ctx, stopEach)
	a.side.Wait()
	return err
}

// Record takes a fact for the ledger. It never blocks.
func (a *App) Record(ev call.Event) {
	ev = a.fallback.mark(ev)
	if a.book != nil {
		a.book.note(ev)
	}
	a.dialer.note(ev)
	a.tallies.Note(ev)
	if a.estimator != nil {
		a.estimator.handled.Note(ev)
	}
	a.writer.Record(ev)
	for _, follows := range a.callbacks.note(ev) {
		a.Record(follows)
	}
}

// Ledger is the store of facts, for reports.
func (a *App) Ledger() *sqlstore.Store { return a.ledger }

// Figures are the counters in Redis.
func (a *App) Figures() *redisstore.Store { return a.redis }

// Settle waits until every fact recorded so far is in the ledger and in the counters.
func (a *App) Settle(ctx context.Context) error {
	if err := a.writer.Flush(ctx); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	last, err := a.ledger.LastSeq(ctx)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for a.folder.Status().Applied < last {
		select {
		case <-ctx.Done():
			return fmt.Errorf("figures are at %d of %d: %w", a.folder.Status().Applied, last, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// run starts a part that lives as long as the app.
func (a *App) run(ctx context.Context, name string, part func(context.Context) error) {
	a.parts.Go(ctx, name, part, func(err error) { a.partEnded(name, err) })
}

func (a *App) startLedger(ctx context.Context) error {
	store, err := sqlstore.OpenAt(ctx, LedgerAt(a.cfg))
	if err != nil {
		return err
	}
	a.ledger = store
	a.parts.Push("ledger", func(context.Context) error { return store.Close() })
	a.writer, err = sqlstore.NewWriter(store, sqlstore.WriterOptions{
		Spool: a.cfg.Ledger.Spool,
		// A controller that is not the active one any more does not write: after a stop of the
		// whole process its batch would tell a story that another has told meanwhile.
		Guard:     a.lease.Check,
		Logger:    a.log.With("part", "ledger"),
		Drain:     drainLedger,
		Alarm:     func(cause error) { a.health.set("ledger", cause) },
		Committed: func(uint64) { a.folder.Wake(); a.stored.ring() },
	})
	if err != nil {
		return err
	}
	return a.recoverSpool(ctx)
}

// startRedis opens Redis and waits for the lease: of several controllers one acts, the
// others stand by here until it is gone. Without Redis there is nobody to wait for.
func (a *App) startRedis(ctx context.Context) error {
	opt := redisOptions(a.cfg, a.log.With("part", "figures"))
	open := redisstore.Open
	if a.cfg.Redis.Embedded() {
		open = redisstore.Embedded
	}
	redisstore.LogLibrary(opt.Logger)
	store, err := open(opt)
	if err != nil {
		return err
	}
	a.redis = store
	a.parts.Push("redis", func(context.Context) error { return store.Close() })
	a.lease = redisstore.NewLease(store)
	err = a.lease.Acquire(ctx, func() { a.log.Info("another controller is active; standing by") })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		a.log.Error("no lease; going on without a standby", "error", err)
	}
	a.run(ctx, "lease", a.lease.Run)
	return nil
}

// startFigures runs the counters. The writer runs only from here on, because it wakes the
// folder.
func (a *App) startFigures(ctx context.Context) error {
	a.folder, a.mirror = redisstore.NewFolder(a.redis, a.ledger), redisstore.NewMirror(a.redis)
	a.run(ctx, "folder", a.folder.Run)
	a.run(ctx, "mirror", a.mirror.Run)
	a.run(ctx, "writer", a.writer.Run)
	a.parts.Push("figures level", a.level)
	a.parts.Push("hand over", a.handOver)
	return nil
}

func (a *App) startRecorder(ctx context.Context) error {
	r, err := recorder.New(recorder.Options{
		Spool: a.cfg.Asterisk.RecordingDir, Store: a.cfg.Recordings.Dir,
		Missing: a.cfg.Recordings.MissingAlarm, Record: a.recorded, Space: a.space,
		// Before the first look at Asterisk every call may be alive: its files are left alone.
		Known: func(id call.ID) bool { return !a.looked.Load() || a.calls.Known(id) }, Log: a.log.With("part", "recorder"),
	})
	if err != nil {
		return err
	}
	a.recorder = r
	return nil
}

// recorded takes what the recorder found out. The recorder deletes the raw pair only after
// this returned, so the fact must be in the ledger by then.
//
// A process that was stopped while another one took over finds files missing that the other
// has joined: that is no alarm.
func (a *App) recorded(ctx context.Context, ev call.Event) error {
	if err := a.lease.Check(ctx); err != nil {
		return err
	}
	if ev.Kind == call.RecordingFault {
		a.log.Error("ALARM: recording", "call", ev.Call, "reason", ev.Reason)
	}
	a.health.recording(ev)
	return a.writer.Save(ctx, ev)
}

func (a *App) startCalls(ctx context.Context) error {
	endpoints, pickUp := make(map[call.AgentID]string, len(a.cfg.Agents)), make(map[call.AgentID]bool)
	for _, g := range a.cfg.Agents {
		endpoints[g.ID], pickUp[g.ID] = g.Endpoint, g.AutoAnswer
	}
	a.roster = newRoster(a.acd, endpoints, a.log.With("part", "roster"))
	subscribe, watch := a.roster.sources()
	client, err := ari.New(ari.Options{
		URL: a.cfg.Asterisk.URL + "/ari", User: a.cfg.Asterisk.User, Password: a.cfg.Asterisk.Password.Reveal(),
		App: a.cfg.Asterisk.App, Subscribe: subscribe, Watch: watch, Guard: a.lease.Check,
		CommandTimeout: a.cfg.Asterisk.RequestTimeout, Log: a.log.With("part", "ari"),
	})
	if err != nil {
		return err
	}
	a.ari = client
	a.calls, err = callflow.NewManager(callflow.Options{
		Phone: &phone{
			ari: client, endpoints: endpoints, pickUp: pickUp, refresh: prompts.Refresh(a.cfg.Asterisk.SoundsPrefix),
			trunk: newTrunk(a.cfg),
		},
		ACD: a.acd, Recording: a.recorder, Ledger: a,
		Standing: a.standing, Foretell: a.foretell(), Callbacks: a.asking(), Codes: a.codes(), Desk: counter{a},
		Lines: a.lines(), Queues: a.rooms(), UnknownNumber: a.sound("unknown-number"),
		Log: a.log.With("part", "callflow"),
	})
	if err != nil {
		return err
	}
	// The recorder asks for the living calls, so it runs only now that there are any.
	a.run(ctx, "recorder", a.recorder.Run)
	a.run(ctx, "acd", a.acd.Run)
	if a.callbacks != nil {
		a.run(ctx, "callbacks", a.runCallbacks)
	}
	a.parts.Push("calls", func(context.Context) error { a.calls.Close(); return nil })
	return nil
}

func (a *App) startARI(ctx context.Context) error {
	a.health.set("asterisk", errors.New("not connected yet"))
	a.reach.down(a) // calls are taken up side by side: nobody is rung before all stand in line
	a.run(ctx, "ari", a.ari.Run)
	a.run(ctx, "events", a.listen)
	a.run(ctx, "reconciler", a.look)
	a.run(ctx, "fallback", a.watchFallback)
	a.run(ctx, "live mirror", a.copyLive)
	return nil
}

// look compares all calls with Asterisk's channels now and then.
func (a *App) look(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		taken := time.Now()
		channels, err := a.ari.Channels(ctx)
		if err != nil {
			continue // the stream's own watch raises the alarm
		}
		legs := make(map[call.LegID]callflow.LegState, len(channels))
		for _, c := range channels {
			legs[call.LegID(c.ID)] = callflow.LegState{Up: c.State == ari.ChannelUp}
			owner, isLeg := callOfLeg(c.ID)
			if isLeg && a.looked.Load() && !a.calls.Known(owner) && !a.strays.has(owner) {
				a.orphan(ctx, c.ID)
			}
		}
		a.calls.Reconcile(taken, legs)
		a.fallback.nudge() // a file that was held up is looked at again
	}
}

func (a *App) startWeb(ctx context.Context) error {
	facts := records{cfg: a.cfg, ledger: a.ledger}
	s, err := web.Listen(ctx, web.Options{
		Listen: a.cfg.API.Listen, Token: a.cfg.API.Token.Reveal(), Desk: a, Metrics: metrics.Handler(a.readings, a.tallies),
		Gate: a.people, Accounts: a.people, Staff: a.people, Audit: deeds{a.people.Log.log}, Team: a.teams(),
		Agents: a.agents, Reports: facts, Issues: facts, History: facts, Recordings: facts, Feed: feed{a.ledger, &a.stored},
		Hooks: hookFile{filepath.Join(filepath.Dir(filepath.Clean(a.cfg.Recordings.Dir)), "hooks.json"), a.log},
		Log:   a.log.With("part", "web"),
	})
	if err != nil {
		return err
	}
	a.web = s
	a.run(ctx, "web", s.Run)
	return nil
}
