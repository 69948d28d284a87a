package ari

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// Client speaks with one Asterisk. Make it with New, start Run once, read Messages in one
// goroutine, and send commands from any.
type Client struct {
	opts   Options
	log    *slog.Logger
	http   *http.Client // commands
	dialer *http.Client // the stream, so that hanging commands cannot hold back a reconnect
	queue  *queue
	out    chan Message
	stats  counters

	started   atomic.Bool
	connected atomic.Bool
	replaced  atomic.Bool
	session   atomic.Pointer[session] // the connection in use or being set up

	// Used by Run's goroutine, or by the reader that it waits for.
	info      Info            // of the last connection that came up
	lastHeard time.Time       // when Asterisk was last heard on it
	warned    map[string]bool // unknown event types that were logged
}

// New checks the options. It does not connect.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Client{
		opts:   o,
		log:    o.Log.With("component", "ari", "app", o.App),
		http:   &http.Client{Transport: newTransport(o), CheckRedirect: noRedirect},
		dialer: &http.Client{Transport: newTransport(o), CheckRedirect: noRedirect},
		queue:  newQueue(o.Backlog),
		out:    make(chan Message),
		warned: make(map[string]bool),
	}, nil
}

// noRedirect keeps the password from being sent elsewhere. Asterisk never redirects.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Messages is the queue, for one consumer. It is closed when Run returns.
func (c *Client) Messages() <-chan Message { return c.out }

// Close ends idle connections. Only a client that is used without Run needs it.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	c.dialer.CloseIdleConnections()
}

// Run keeps the stream connected until ctx ends, which gives nil, or another controller
// takes the application over, which gives ErrReplaced. It may be called once.
func (c *Client) Run(ctx context.Context) error {
	if !c.started.CompareAndSwap(false, true) {
		return ErrRunning
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		c.pump(ctx)
	}()
	err := c.stayConnected(ctx)
	// After a take-over the consumer still learns what came before it, and the Down.
	c.queue.close()
	select {
	case <-pumped:
	case <-ctx.Done():
	case <-time.After(c.opts.CommandTimeout):
	}
	cancel()
	<-pumped
	close(c.out)
	c.Close()
	return err
}

// stayConnected connects again and again. One Down is queued per outage.
func (c *Client) stayConnected(ctx context.Context) error {
	told := false
	pause := c.opts.BackoffMin
	for {
		if err := c.opts.Guard(ctx); err != nil && ctx.Err() == nil {
			// To connect would take the application from whoever acts now.
			return fmt.Errorf("ari: connect: %w", err)
		}
		began := time.Now()
		wasUp, err := c.connect(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // asked to end: why the connection went does not matter
		}
		if wasUp || !told {
			c.queue.down(err)
			c.log.WarnContext(ctx, "event stream down", "err", err, "was_up", wasUp)
			told = true
		}
		if errors.Is(err, ErrReplaced) {
			return fmt.Errorf("ari: %w", ErrReplaced)
		}
		// A connection that held for a while was good: begin with the shortest pause again.
		if wasUp && time.Since(began) > c.opts.BackoffMax {
			pause = c.opts.BackoffMin
		}
		if !sleep(ctx, jitter(pause)) {
			return nil
		}
		pause = min(2*pause, c.opts.BackoffMax)
	}
}

// jitter spreads reconnects of several controllers over half the pause.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// pump hands messages to the consumer, and a Resync at each mark.
func (c *Client) pump(ctx context.Context) {
	for {
		m, closed := c.queue.take()
		switch found := m.(type) {
		case nil:
			if closed {
				return
			}
			select {
			case <-c.queue.wake:
				continue
			case <-ctx.Done():
				return
			}
		case *mark:
			resync := c.resync(ctx, found)
			if resync == nil {
				continue
			}
			m = resync
		}
		select {
		case c.out <- m:
		case <-ctx.Done():
			return
		}
	}
}

// resync takes the snapshot that makes up for lost events. If it cannot be had, the
// connection is given up: the next Up brings one.
func (c *Client) resync(ctx context.Context, at *mark) *Resync {
	current := c.session.Load()
	snapshot, err := c.snapshot(ctx)
	if err != nil {
		c.queue.keepLost(at.lost)
		if current != nil {
			current.end(fmt.Errorf("resync after %s: %w", at.reason, err))
		}
		return nil
	}
	c.stats.resyncs.Add(1)
	c.log.WarnContext(ctx, "events lost, state read anew", "reason", at.reason, "lost", at.lost)
	return &Resync{Reason: at.reason, Lost: at.lost, Snapshot: snapshot}
}
