package app

import (
	"context"
	"sync"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

const (
	// lookFresh is how old the look at the house may be on which an estimate rests. Many
	// callers share one look, so that the line of thousands is not copied for each.
	lookFresh = time.Second
	// handledEvents is how far back the ledger is read for the lengths of calls: some 2000
	// calls.
	handledEvents = 20_000
)

// estimator tells how long callers wait. It makes one estimate at a time: who asks meanwhile
// is told nothing this time, since more would only take the processor from the calls.
type estimator struct {
	forecaster *acd.Forecaster
	handled    *acd.Handled
	queues     map[call.QueueID]configs.Estimate
	look       func(context.Context) (acd.Snapshot, error)

	busy sync.Mutex
	last acd.Snapshot
}

// startEstimator makes it when the settings ask for estimates, and has it learn from the
// ledger beside the start.
func (a *App) startEstimator(ctx context.Context, house acd.Config) error {
	queues := map[call.QueueID]configs.Estimate{}
	for _, q := range a.cfg.Queues {
		if q.Estimate.Every > 0 {
			queues[q.ID] = q.Estimate
		}
	}
	if len(queues) == 0 {
		return nil
	}
	forecaster, err := acd.NewForecaster(house)
	if err != nil {
		return err
	}
	a.estimator = &estimator{
		forecaster: forecaster, handled: acd.NewHandled(), queues: queues,
		look: func(ctx context.Context) (acd.Snapshot, error) { return a.acd.Snapshot(ctx) },
	}
	a.side.Go(func() { a.learn(context.WithoutCancel(ctx)) })
	return nil
}

// learn reads how long the last calls lasted, beside the start: until then nothing is said,
// or what is assumed.
func (a *App) learn(ctx context.Context) {
	bound, cancel := context.WithTimeout(ctx, commandMax)
	defer cancel()
	last, err := a.ledger.LastSeq(bound)
	if err != nil {
		a.log.Warn("lengths of the last calls are not known", "error", err)
		return
	}
	events, err := a.ledger.After(bound, max(last, handledEvents)-handledEvents, handledEvents)
	if err != nil {
		a.log.Warn("lengths of the last calls are not known", "error", err)
		return
	}
	for _, ev := range events {
		a.estimator.handled.Note(ev)
	}
}

// foretell is how long a caller still waits; false when it is not known.
func (e *estimator) foretell(ctx context.Context, id call.ID) (acd.Forecast, bool) {
	if !e.busy.TryLock() {
		return acd.Forecast{}, false
	}
	defer e.busy.Unlock()
	bound, cancel := context.WithTimeout(ctx, commandMax)
	defer cancel()
	if time.Since(e.last.At) > lookFresh {
		s, err := e.look(bound)
		if err != nil {
			return acd.Forecast{}, false
		}
		e.last = s
	}
	for _, q := range e.last.Queues {
		rule, asked := e.queues[q.ID]
		for _, c := range q.Callers {
			if c.Call != id || !asked {
				continue
			}
			w, known := e.handled.Work(q.ID, rule.Assume)
			if !known {
				return acd.Forecast{}, false
			}
			return e.forecaster.Wait(e.last, id, w)
		}
	}
	return acd.Forecast{}, false
}

// foretell is what the calls ask, nil when nobody is told.
func (a *App) foretell() func(context.Context, call.ID) (acd.Forecast, bool) {
	if a.estimator == nil {
		return nil
	}
	return a.estimator.foretell
}

// estimateOf is what the callers of a queue hear of their wait.
func (a *App) estimateOf(q configs.Queue) callflow.Estimate {
	return callflow.Estimate{Every: q.Estimate.Every, Sounds: func(wait time.Duration) ([]string, time.Duration) {
		spoken, told := q.Estimate.Prompts(wait)
		sounds := make([]string, 0, len(spoken))
		for _, p := range spoken {
			sounds = append(sounds, a.sound(p))
		}
		return sounds, told
	}}
}
