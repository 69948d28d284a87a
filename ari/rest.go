package ari

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxConns stays below sessionlimit of http.conf (100 by default), or Asterisk would
	// close the newest connection without an answer.
	maxConns = 64
	// idleConn stays below session_keep_alive of http.conf (15 s by default): a POST sent
	// on a connection that Asterisk is just closing fails and is not repeated by net/http.
	idleConn = 10 * time.Second
	// maxBody bounds an answer. A list of 10,000 channels has about 10 MB.
	maxBody = 64 << 20
)

// request is one command.
type request struct {
	op     string // name for errors and logs
	method string
	path   string // below Options.URL, segments escaped by segment
	query  url.Values
	body   any  // marshalled as JSON; nil = none
	repeat bool // sending it twice does no harm, see send
}

// segment escapes one part of a path. Asterisk decodes '+' to a blank in paths too, so
// url.PathEscape, which leaves it alone, would change an id.
func segment(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func newTransport(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: o.CommandTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     o.TLS,
		TLSHandshakeTimeout: o.CommandTimeout,
		MaxIdleConns:        maxConns,
		MaxIdleConnsPerHost: maxConns,
		MaxConnsPerHost:     maxConns,
		IdleConnTimeout:     idleConn,
		DisableCompression:  true,
	}
}

// do sends a command and reads the answer into out, if not nil.
func (c *Client) do(ctx context.Context, r request, out any) error {
	_, err := c.send(ctx, r, out)
	return err
}

// send sends a command, a second time if the connection broke before the answer and the
// command may be repeated. It reports whether it did, since the answer to the second may
// be "exists already" or "gone already" by the first.
func (c *Client) send(ctx context.Context, r request, out any) (repeated bool, err error) {
	if r.method != http.MethodGet && c.replaced.Load() {
		err = &Error{Op: r.op, cause: ErrReplaced}
		c.stats.command(err)
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.CommandTimeout)
	defer cancel()
	if r.method != http.MethodGet {
		if err := c.opts.Guard(ctx); err != nil {
			return false, &Error{Op: r.op, cause: err}
		}
	}
	err = c.attempt(ctx, r, out)
	if r.repeat && errors.Is(err, ErrUnreachable) && ctx.Err() == nil {
		repeated = true
		err = c.attempt(ctx, r, out)
	}
	c.stats.command(err)
	return repeated, err
}

func (c *Client) attempt(ctx context.Context, r request, out any) error {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return &Error{Op: r.op, cause: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return &Error{Op: r.op, cause: transportCause(ctx, err)}
	}
	defer resp.Body.Close()
	// The body is read to its end whatever the status, or the connection is not reused.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return &Error{Op: r.op, cause: transportCause(ctx, err)}
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return &Error{Op: r.op, Status: resp.StatusCode, Message: messageOf(resp, body)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &Error{Op: r.op, cause: fmt.Errorf("%w: answer: %w", ErrServer, err)}
	}
	return nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	target := c.opts.URL + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	// Only the header: a password in the query would stand in logs.
	req.SetBasicAuth(c.opts.User, c.opts.Password)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// transportCause tells a limit from a broken connection from a caller that gave up.
func transportCause(ctx context.Context, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL, which Op says shorter
	}
	var netErr net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil, errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
}

// messageOf gives Asterisk's own words: {"message": "..."} or {"error": "..."}.
func messageOf(resp *http.Response, body []byte) string {
	var words struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}
	if json.Unmarshal(body, &words) == nil {
		if words.Message != "" {
			return words.Message
		}
		if words.Error != "" {
			return words.Error
		}
	}
	return http.StatusText(resp.StatusCode)
}
