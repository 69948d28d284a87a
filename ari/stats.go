package ari

import (
	"context"
	"errors"
	"sync/atomic"
)

// Stats are the counters since New. All but Connected and Queued only grow.
type Stats struct {
	Connected    bool   // the stream is set up now
	Queued       int    // messages waiting for the consumer now
	Events       uint64 // received, whatever became of them
	Unknown      uint64 // of a type the decoder does not know, skipped
	DecodeErrors uint64 // not readable, made up for by a Resync
	Lost         uint64 // dropped because the queue was full, made up for by a Resync
	Resyncs      uint64 // Resync messages delivered
	Reconnects   uint64 // connections after the first
	PingMisses   uint64 // pongs that did not come in time
	Commands     map[Outcome]uint64
}

// Outcome is how a command ended.
type Outcome string

// The outcomes of commands.
const (
	OutcomeOK          Outcome = "ok"
	OutcomeGone        Outcome = "gone"
	OutcomeConflict    Outcome = "conflict"
	OutcomeState       Outcome = "state"
	OutcomeRejected    Outcome = "rejected"
	OutcomeServer      Outcome = "server"
	OutcomeTimeout     Outcome = "timeout"
	OutcomeUnreachable Outcome = "unreachable"
	OutcomeReplaced    Outcome = "replaced"
	OutcomeCanceled    Outcome = "canceled" // the caller gave up
)

// outcomes orders the sentinels: the first match counts. An error that matches none is a
// server's fault, such as an answer that is no JSON.
var outcomes = [...]struct {
	name Outcome
	kind error
}{
	{OutcomeReplaced, ErrReplaced},
	{OutcomeGone, ErrGone},
	{OutcomeConflict, ErrConflict},
	{OutcomeState, ErrState},
	{OutcomeRejected, ErrRejected},
	{OutcomeTimeout, ErrTimeout},
	{OutcomeUnreachable, ErrUnreachable},
	{OutcomeCanceled, context.Canceled},
	{OutcomeServer, nil},
	{OutcomeOK, nil},
}

type counters struct {
	events, unknown, decodeErrors, lost, resyncs, connects, pingMisses atomic.Uint64

	commands [len(outcomes)]atomic.Uint64
}

func (c *counters) command(err error) {
	i := len(outcomes) - 1 // ok
	if err != nil {
		i-- // server
		for n, o := range outcomes {
			if o.kind != nil && errors.Is(err, o.kind) {
				i = n
				break
			}
		}
	}
	c.commands[i].Add(1)
}

// Stats reads the counters.
func (c *Client) Stats() Stats {
	s := Stats{
		Connected:    c.connected.Load(),
		Queued:       c.queue.depth(),
		Events:       c.stats.events.Load(),
		Unknown:      c.stats.unknown.Load(),
		DecodeErrors: c.stats.decodeErrors.Load(),
		Lost:         c.stats.lost.Load(),
		Resyncs:      c.stats.resyncs.Load(),
		PingMisses:   c.stats.pingMisses.Load(),
		Commands:     make(map[Outcome]uint64, len(outcomes)),
	}
	if n := c.stats.connects.Load(); n > 0 {
		s.Reconnects = n - 1
	}
	for i, o := range outcomes {
		s.Commands[o.name] = c.stats.commands[i].Load()
	}
	return s
}
