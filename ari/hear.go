package ari

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// ownEvent is the name of the user event that a connection sends itself. Nobody else reads it.
const ownEvent = "hotline-hears"

// hears has Asterisk send an event of our own and waits until any event comes. A connection
// may be up, and answer pings, without being told anything: Asterisk takes the application
// from whoever connects in the moment in which it tidies up behind a socket that was closed,
// and tells nobody (5 of 600 bare connections right after a closed one, Asterisk 22.10.1). The
// set-up notices most of them; of the rest callers would find no controller although one runs.
//
// It gives ErrDeaf when the application is not there any more or no event came in time.
// A command that fails otherwise says nothing about events.
func (c *Client) hears(ctx context.Context, s *session) error {
	before := s.events.Load()
	limit, cancel := context.WithTimeout(ctx, c.opts.PingEvery)
	defer cancel()
	err := c.do(limit, request{
		op: "send ourselves an event", method: http.MethodPost, path: "/events/user/" + ownEvent,
		query: url.Values{"application": {c.opts.App}}, repeat: true,
	}, nil)
	switch {
	case errors.Is(err, ErrGone):
		return fmt.Errorf("%w: %w", ErrDeaf, err)
	case err != nil:
		return nil // pings tell of an Asterisk that is out of reach
	}
	for s.events.Load() == before {
		select {
		case <-s.arrived:
		case <-limit.Done():
			return cmp.Or(ctx.Err(), fmt.Errorf("%w: not even our own", ErrDeaf))
		}
	}
	return nil
}
