package ari

import (
	"context"
	"errors"
	"strings"
)

// setUp prepares a fresh connection and reads how the switch stands. Filter and
// subscriptions come before the snapshot, so that what changes after it is an event. They
// are set on every connect, because Asterisk forgets them when it drops the application.
func (c *Client) setUp(ctx context.Context) (*Up, error) {
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.filterEvents(ctx); err != nil {
		return nil, err
	}
	refused, err := c.subscribeAll(ctx)
	if err != nil {
		return nil, err
	}
	snapshot, err := c.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	before := c.info
	c.info = info
	restarted := !before.Started.IsZero() &&
		(before.EntityID != info.EntityID || !before.Started.Equal(info.Started))
	return &Up{Info: info, Restarted: restarted, Refused: refused, Snapshot: snapshot}, nil
}

// maxSources keeps the request line below the 4096 bytes that Asterisk reads.
const maxSources = 2000

// subscribeAll subscribes Options.Subscribe in as few requests as fit. One unknown source
// makes Asterisk refuse the whole request, so then each is tried alone: a phone that was
// deleted must not keep the hotline from working.
func (c *Client) subscribeAll(ctx context.Context) (refused []string, err error) {
	for _, batch := range batches(c.opts.Subscribe, maxSources) {
		err := c.Subscribe(ctx, batch...)
		if !isRefusal(err) {
			if err != nil {
				return nil, err
			}
			continue
		}
		for _, source := range batch {
			switch err := c.Subscribe(ctx, source); {
			case isRefusal(err):
				refused = append(refused, source)
			case err != nil:
				return nil, err
			}
		}
	}
	if len(refused) > 0 {
		c.log.WarnContext(ctx, "event sources unknown to asterisk", "sources", refused)
	}
	return refused, nil
}

func isRefusal(err error) bool { return errors.Is(err, ErrRejected) || errors.Is(err, ErrGone) }

// batches cuts a list so that each part, joined, has at most size bytes (escaped, a byte
// may take three) or a single element.
func batches(list []string, size int) [][]string {
	var all [][]string
	room := 0
	for _, s := range list {
		if need := len(segment(s)) + len(segment(",")); need > room {
			all = append(all, nil)
			room = size - need
		} else {
			room -= need
		}
		all[len(all)-1] = append(all[len(all)-1], s)
	}
	return all
}

// snapshot reads how the switch stands.
func (c *Client) snapshot(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	var err error
	if s.App, err = c.Application(ctx); err != nil {
		return Snapshot{}, err
	}
	if s.Channels, err = c.Channels(ctx); err != nil {
		return Snapshot{}, err
	}
	if s.Bridges, err = c.Bridges(ctx); err != nil {
		return Snapshot{}, err
	}
	s.Endpoints, err = c.watched(ctx)
	return s, err
}

// watched reads the endpoints of Options.Watch; those that do not exist are left out.
func (c *Client) watched(ctx context.Context) ([]Endpoint, error) {
	found := make([]Endpoint, 0, len(c.opts.Watch))
	for _, name := range c.opts.Watch {
		tech, resource, _ := strings.Cut(name, "/")
		switch endpoint, err := c.Endpoint(ctx, tech, resource); {
		case err == nil:
			found = append(found, endpoint)
		case !errors.Is(err, ErrGone):
			return nil, err
		}
	}
	return found, nil
}
