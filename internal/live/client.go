// Package live is the terminal view of a running hotline: queues, agents and calls on one
// screen that refreshes in place.
package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hotline/call"
	"hotline/web"
)

// Client speaks with the API of a hotline.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// NewClient makes a client for base, such as "http://127.0.0.1:8080".
func NewClient(base, token string) *Client {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Timeout: 5 * time.Second}}
}

// Live reads the present state.
func (c *Client) Live(ctx context.Context) (web.Live, error) {
	var out web.Live
	err := c.do(ctx, http.MethodGet, "/api/v1/live", nil, &out)
	return out, err
}

// SetAgent asks for an agent's state: ready, break with a reason, or offline.
func (c *Client) SetAgent(ctx context.Context, agent call.AgentID, state call.AgentState, reason string) error {
	body := map[string]string{"state": string(state), "reason": reason}
	return c.do(ctx, http.MethodPost, "/api/v1/agents/"+url.PathEscape(string(agent))+"/state", body, nil)
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) do(ctx context.Context, method, path string, in, out any) (err error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("api: encode: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode >= http.StatusBadRequest {
		p := web.Problem{Status: resp.StatusCode, Title: resp.Status}
		// A body that is no problem document leaves the status line as the message.
		_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&p)
		return fmt.Errorf("api: %w", p)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("api: decode: %w", err)
	}
	return nil
}
