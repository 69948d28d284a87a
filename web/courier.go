package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"hotline/call"
)

// The headers of what is sent to a subscriber.
const (
	TimestampHeader = "Hotline-Timestamp" // seconds since 1970
	SignatureHeader = "Hotline-Signature" // v1= and the HMAC of timestamp, a full stop and the body, in hex
	SequenceHeader  = "Hotline-Sequence"  // number of the event; the same event may come twice
)

// Sign is the signature of a body at a time by the key of a subscription.
func Sign(secret, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(timestamp + ".")) // a hash takes everything
	_, _ = m.Write(body)
	return "v1=" + hex.EncodeToString(m.Sum(nil))
}

// courier brings events to subscribers. The ledger is the queue: nothing waits in memory, and
// a subscriber who was away for a week gets the week.
type courier struct {
	feed   Feed
	hooks  *hooks
	client *http.Client
	log    *slog.Logger
	tries  int           // of one event, before it is a dead letter
	first  time.Duration // pause after the first failure; doubled with each
	most   time.Duration // longest pause
}

const deliverFor = 10 * time.Second

func newCourier(feed Feed, h *hooks, log *slog.Logger) *courier {
	d := &net.Dialer{Timeout: 5 * time.Second, ControlContext: reachable}
	return &courier{
		feed: feed, hooks: h, log: log, tries: 12, first: time.Second, most: 5 * time.Minute,
		client: &http.Client{
			Timeout:   deliverFor,
			Transport: &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: 5 * time.Second},
			// A redirect could lead anywhere, into the networks behind this machine too.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// reachable refuses addresses that are no subscriber whatever name leads there: those of the
// machine's own surroundings, where clouds keep their secrets, and of many at once.
func reachable(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := a.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fmt.Errorf("address %s is no subscriber's", ip)
	}
	return nil
}

// run serves all subscriptions, each by its own goroutine, until ctx ends.
func (c *courier) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	defer c.client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stops := map[string]context.CancelFunc{} // by id and version
	for {
		now, changed := c.hooks.all()
		there := map[string]bool{}
		for _, k := range now {
			name := k.ID + k.etag()
			there[name] = true
			if stops[name] == nil {
				of, stop := context.WithCancel(ctx)
				stops[name] = stop
				if !k.Hook.Paused {
					all.Go(func() { c.serve(of, k) })
				}
			}
		}
		for name, stop := range stops {
			if !there[name] {
				stop()
				delete(stops, name)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// serve brings events to one subscriber until ctx ends, which it does with each change of
// the subscription.
func (c *courier) serve(ctx context.Context, k kept) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	stored := true
	for ctx.Err() == nil {
		grown := c.feed.Grown()
		events, err := c.feed.After(ctx, k.At, tailPiece)
		if err != nil || len(events) == 0 {
			select {
			case <-ctx.Done():
			case <-grown:
			case <-again.C:
			}
			continue
		}
		for i, e := range events {
			if !c.hooks.same(k) {
				return // what happened after a change is sent as the change says
			}
			letter := c.bring(ctx, &k, e)
			if ctx.Err() != nil {
				return // ended or changed: another one goes on from the place that is kept
			}
			k.At = e.Seq
			last := i == len(events)-1
			same, err := c.hooks.progress(ctx, k, letter, last)
			if !same {
				return
			}
			// He is served nevertheless: at worst a restart sends him some events again.
			if err != nil && stored {
				c.log.Error("ALARM: the place of a subscriber is not stored", "hook", k.ID, "error", err)
			}
			if last {
				stored = err == nil
			}
		}
	}
}

// bring sends one event as often as it takes, or gives it up.
func (c *courier) bring(ctx context.Context, k *kept, e call.Event) *DeadLetter {
	if !k.wants(e) {
		return nil
	}
	pause := c.first
	for try := 1; ; try++ {
		err := c.deliver(ctx, *k, e)
		if err == nil || ctx.Err() != nil {
			k.failed, k.fault = 0, ""
			return nil
		}
		k.failed, k.fault = k.failed+1, err.Error()
		_, _ = c.hooks.progress(ctx, *k, nil, false) // serve sees whether it is still the same
		if try == c.tries {
			c.log.Error("ALARM: subscriber does not take an event", "hook", k.ID, "seq", e.Seq, "error", err)
			return &DeadLetter{Seq: e.Seq, At: time.Now().UTC(), Fault: err.Error()}
		}
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
		pause = min(2*pause, c.most)
	}
}

// deliver sends one event once.
func (c *courier) deliver(ctx context.Context, k kept, e call.Event) (err error) {
	if !k.Hook.Numbers {
		e = maskEvent(e)
	}
	body, err := json.Marshal(EventMessage{Type: "event", Seq: e.Seq, Event: &e})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.Hook.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", jsonType)
	req.Header.Set(TimestampHeader, at)
	req.Header.Set(SignatureHeader, Sign(k.Secret, at, body))
	req.Header.Set(SequenceHeader, strconv.FormatUint(e.Seq, 10))
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	// What is said matters to nobody; it is read so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 4096)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}
