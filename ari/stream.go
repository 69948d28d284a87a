package ari

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// session is one WebSocket connection.
type session struct {
	conn    *websocket.Conn
	end     context.CancelCauseFunc
	heard   atomic.Int64  // when Asterisk was last heard, Unix nanoseconds
	events  atomic.Uint64 // read so far
	arrived chan struct{} // an event was read since hears looked last; holds one
}

func (s *session) heardNow()            { s.heard.Store(time.Now().UnixNano()) }
func (s *session) lastHeard() time.Time { return time.Unix(0, s.heard.Load()) }

// connect opens the stream, sets it up, queues the Up and stays until the connection
// ends. It reports whether the Up was queued, and why the connection ended.
func (c *Client) connect(ctx context.Context) (wasUp bool, err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	conn, err := c.open(ctx)
	if err != nil {
		return false, err
	}
	c.queue.hold()
	s := &session{conn: conn, end: end, arrived: make(chan struct{}, 1)}
	s.heardNow()
	opened := s.lastHeard()
	c.session.Store(s)
	var workers sync.WaitGroup
	workers.Go(func() { end(c.read(ctx, s)) })
	workers.Go(func() { end(c.ping(ctx, s)) })
	up, err := c.setUp(ctx)
	if err == nil {
		err = c.hears(ctx, s)
	}
	if err == nil {
		if !c.lastHeard.IsZero() {
			up.Gap = opened.Sub(c.lastHeard)
		}
		c.queue.release(up)
		wasUp = true
		c.stats.connects.Add(1)
		c.connected.Store(true)
		c.log.InfoContext(ctx, "event stream up", "asterisk", up.Info.Version, "gap", up.Gap,
			"restarted", up.Restarted, "channels", len(up.Snapshot.Channels))
		<-ctx.Done()
	} else {
		end(err)
	}
	c.connected.Store(false)
	// The socket goes before the next one is opened: Asterisk would tell the old one that
	// it was replaced, and we would take our own successor for another controller.
	conn.CloseNow() //nolint:errcheck // the cause is known already
	workers.Wait()
	if wasUp {
		c.lastHeard = s.lastHeard()
	}
	return wasUp, context.Cause(ctx)
}

func (c *Client) open(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.CommandTimeout)
	defer cancel()
	target := c.opts.URL + "/events?" + url.Values{"app": {c.opts.App}, "subscribeAll": {"false"}}.Encode()
	login := base64.StdEncoding.EncodeToString([]byte(c.opts.User + ":" + c.opts.Password))
	conn, resp, err := websocket.Dial(ctx, target, &websocket.DialOptions{ //nolint:bodyclose // done by the library
		HTTPClient:   c.dialer,
		HTTPHeader:   http.Header{"Authorization": {"Basic " + login}},
		Subprotocols: []string{"ari"},
	})
	if err == nil {
		conn.SetReadLimit(c.opts.ReadLimit)
		return conn, nil
	}
	if resp != nil && resp.StatusCode >= http.StatusBadRequest {
		return nil, &Error{Op: "open event stream", Status: resp.StatusCode, Message: http.StatusText(resp.StatusCode)}
	}
	return nil, &Error{Op: "open event stream", cause: transportCause(ctx, err)}
}

// read takes events until the connection ends. It never waits for anybody: Asterisk
// closes a connection that is not read for websocket_write_timeout (100 ms by default).
func (c *Client) read(ctx context.Context, s *session) error {
	for {
		_, data, err := s.conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("%w: event stream: %w", ErrUnreachable, err)
		}
		s.heardNow()
		s.events.Add(1)
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		if err := c.receive(ctx, data); err != nil {
			return err
		}
	}
}

// receive queues one event. Only a take-over ends the connection; whatever else is wrong
// with an event is counted, because a reconnect loses the events of a second.
func (c *Client) receive(ctx context.Context, data []byte) error {
	event, err := decode(data)
	if err == nil && event.Type == channelUserevent {
		return nil
	}
	c.stats.events.Add(1)
	var unknown *unknownEventError
	switch {
	case errors.As(err, &unknown):
		c.stats.unknown.Add(1)
		if !c.warned[unknown.name] && len(c.warned) < maxWarned {
			c.warned[unknown.name] = true
			c.log.WarnContext(ctx, "event of unknown type skipped", "type", unknown.name)
		}
		return nil
	case err != nil:
		c.stats.decodeErrors.Add(1)
		if c.queue.damaged("event not readable") {
			c.log.ErrorContext(ctx, "event not readable", "err", err)
		}
		return nil
	}
	if event.Type == ApplicationReplaced {
		c.replaced.Store(true)
	}
	if !c.queue.event(event) {
		c.stats.lost.Add(1)
	}
	if event.Type == ApplicationReplaced {
		return ErrReplaced
	}
	return nil
}

// maxWarned bounds the memory for names that come from outside.
const maxWarned = 100

// ping ends the connection when too many pongs or events of our own in a row are missing.
// Without it a dead peer would be noticed by TCP after minutes, and a connection that is
// told nothing never.
func (c *Client) ping(ctx context.Context, s *session) error {
	ticker := time.NewTicker(c.opts.PingEvery)
	defer ticker.Stop()
	for misses := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		c.queue.tick()
		err := c.pingOnce(ctx, s)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			misses = 0
			s.heardNow()
			continue
		case errors.Is(err, ErrGone):
			return err
		}
		misses++
		c.stats.pingMisses.Add(1)
		if misses == c.opts.PingMisses {
			return err
		}
	}
}

func (c *Client) pingOnce(ctx context.Context, s *session) error {
	limit, cancel := context.WithTimeout(ctx, c.opts.PingEvery)
	err := s.conn.Ping(limit)
	cancel()
	if err != nil {
		return fmt.Errorf("%w: %d pings without a pong", ErrUnreachable, c.opts.PingMisses)
	}
	if !c.connected.Load() {
		return nil // setting up, which looks whether it hears at its end
	}
	return c.hears(ctx, s)
}
