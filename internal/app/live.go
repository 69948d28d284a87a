package app

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"hotline/acd"
	"hotline/acd/redisstore"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
	"hotline/internal/metrics"
	"hotline/recorder/store"
	"hotline/reports"
	"hotline/web"
)

// mirrorEvery is how often the live state is copied to Redis.
const mirrorEvery = 500 * time.Millisecond

// Live is the state of queues, agents and calls now, with today's figures.
func (a *App) Live(ctx context.Context) (web.Live, error) {
	snap, err := a.acd.Snapshot(ctx)
	if err != nil {
		return web.Live{}, fmt.Errorf("acd: %w", err)
	}
	calls := a.calls.Calls()
	sort.Slice(calls, func(i, j int) bool { return calls[i].Begin.Before(calls[j].Begin) })
	numbers := make(map[call.ID]string, len(calls))
	out := web.Live{At: snap.At, Site: a.cfg.Site.Name, Health: a.Health(ctx), Calls: []web.LiveCall{}}
	for _, c := range calls {
		numbers[c.Call] = c.Number
		out.Calls = append(out.Calls, a.liveCall(c))
	}
	queues, agents, fresh := a.today(ctx, snap.At)
	backs := map[call.QueueID]int{}
	for _, c := range a.callbacks.list() {
		backs[c.asked.Queue]++
	}
	for i, q := range a.cfg.Queues {
		out.Queues = append(out.Queues, liveQueue(q, a.cfg.Figures.Threshold, snap, queues[i], fresh))
		out.Queues[i].Callbacks = backs[q.ID]
	}
	for i, g := range a.cfg.Agents {
		v := snap.Agents[i]
		out.Agents = append(out.Agents, web.LiveAgent{
			ID: g.ID, Name: g.Name, State: v.State, Since: v.Since, Reason: v.Reason, Next: v.Next,
			Call: v.Call, Number: numbers[v.Call], Queues: a.served(g), Answered: agents[i].Answered,
		})
	}
	return out, nil
}

// served lists the queues of an agent, those that he serves by a skill, too.
func (a *App) served(g configs.Agent) []call.QueueID {
	out := make([]call.QueueID, 0, len(g.Queues))
	for _, q := range a.cfg.Queues {
		if g.Serves(q) {
			out = append(out, q.ID)
		}
	}
	return out
}

func (a *App) liveCall(c callflow.Status) web.LiveCall {
	out := web.LiveCall{
		ID: c.Call, Number: c.Number, Line: c.Line, Queue: c.Queue, Stage: string(c.Stage), Since: c.Since,
		Begin: c.Begin, Agent: c.Agent, Grade: c.Grade.ID, GradeName: c.Grade.Name, Below: c.Below,
		Held: c.Held, Consulting: c.Consulting, Outbound: c.Outbound,
	}
	for _, p := range c.Parties {
		out.Parties = append(out.Parties, web.LiveParty{Agent: p.Agent, Number: p.Number, Up: p.Up, With: p.With})
	}
	return out
}

// today reads the day's counters. Without Redis the view goes on and says that the figures
// are not fresh.
func (a *App) today(ctx context.Context, at time.Time) ([]redisstore.Counter, []redisstore.AgentCounter, bool) {
	ids, people := make([]call.QueueID, 0), make([]call.AgentID, 0)
	for _, q := range a.cfg.Queues {
		ids = append(ids, q.ID)
	}
	for _, g := range a.cfg.Agents {
		people = append(people, g.ID)
	}
	queues, err := a.redis.Today(ctx, at, ids...)
	agents, err2 := a.redis.AgentsToday(ctx, at, people...)
	status := a.folder.Status()
	fresh := errors.Join(err, err2, status.Err) == nil && !status.Rebuilding && status.Lag < 5*time.Second
	if err != nil {
		queues = make([]redisstore.Counter, len(ids))
	}
	if err2 != nil {
		agents = make([]redisstore.AgentCounter, len(people))
	}
	return queues, agents, fresh
}

func liveQueue(
	q configs.Queue, within time.Duration, snap acd.Snapshot, c redisstore.Counter, fresh bool,
) web.LiveQueue {
	out := web.LiveQueue{
		ID: q.ID, Name: q.Name, Target: q.Target, Threshold: call.MillisOf(within),
		Offered: c.Offered, Answered: c.Answered, Abandoned: c.Abandoned, FiguresFresh: fresh,
	}
	out.ServiceLevel, out.Formula = serviceLevel(c), string(reports.DefaultFormula)
	for _, v := range snap.Queues {
		if v.ID == q.ID {
			out.Waiting, out.Ready = len(v.Callers), v.Idle
			if len(v.Callers) > 0 {
				out.LongestWait = call.Between(v.Callers[0].Entered, snap.At)
			}
		}
	}
	for _, v := range snap.Agents {
		if v.Queue == q.ID && v.Call != "" {
			out.Busy++ // ringing, talking, with a caller on hold or in wrap-up
		}
	}
	return out
}

// Health says how each part does.
func (a *App) Health(context.Context) web.Health {
	a.health.set("redis", a.folder.Status().Err)
	if lost := a.writer.Stats().Lost; lost > 0 {
		a.health.set("ledger", fmt.Errorf("%d events are lost", lost))
	}
	return a.health.report()
}

// SetAgent carries out what an agent asked for.
func (a *App) SetAgent(ctx context.Context, id call.AgentID, state call.AgentState, reason string) error {
	return a.roster.ask(ctx, id, state, reason)
}

// space raises the alarm of a disk that fills up.
func (a *App) space(path string, s store.Space) {
	var err error
	if limit := a.cfg.Recordings.MinFreePercent; s.Percent() < float64(limit) {
		err = fmt.Errorf("%s: %.1f %% free, below %d %%", path, s.Percent(), limit)
		a.log.Error("ALARM: disk is nearly full", "path", path, "free_percent", s.Percent())
	}
	a.health.set("disk "+path, err)
}

// copyLive mirrors the live state to Redis for those who look from outside the process.
func (a *App) copyLive(ctx context.Context) error {
	tick := time.NewTicker(mirrorEvery)
	defer tick.Stop()
	for number := uint64(1); ; number++ {
		l, err := a.Live(ctx)
		if err == nil {
			a.mirror.Put(number, l.At, l)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// readings are what a scrape of Prometheus is told.
func (a *App) readings(ctx context.Context) metrics.Readings {
	r := metrics.Readings{
		ARI: a.ari.Stats(), Ledger: a.writer.Stats(), Recorder: a.recorder.Stats(), Figures: a.folder.Status(),
		Mirror: a.mirror.Status(), Calls: a.calls.Calls(), Health: a.Health(ctx),
		Overload: a.acd.Overloads(), SignIns: a.people.Stats(),
	}
	if engine, err := a.acd.Snapshot(ctx); err == nil {
		r.Engine = &engine
	}
	return r
}
