package ari

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Info tells who answers.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var wire wireInfo
	err := c.do(ctx, request{op: "info", method: http.MethodGet, path: "/asterisk/info", repeat: true}, &wire)
	return wire.info(), err
}

// Modules lists the loaded modules of Asterisk.
func (c *Client) Modules(ctx context.Context) ([]Module, error) {
	var wire []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	}
	err := c.do(ctx, request{op: "list modules", method: http.MethodGet, path: "/asterisk/modules", repeat: true}, &wire)
	modules := make([]Module, len(wire))
	for i, w := range wire {
		modules[i] = Module(w)
	}
	return modules, err
}

// Application reads what our application holds. ErrGone: it is not registered.
func (c *Client) Application(ctx context.Context) (Application, error) {
	var wire wireApplication
	err := c.do(ctx, request{op: "get application", method: http.MethodGet, path: c.appPath(""), repeat: true}, &wire)
	return Application(wire), err
}

// Endpoint reads one phone or trunk. ErrGone: it is not configured.
func (c *Client) Endpoint(ctx context.Context, tech, resource string) (Endpoint, error) {
	var wire wireEndpoint
	err := c.do(ctx, request{
		op: "get endpoint", method: http.MethodGet, repeat: true,
		path: "/endpoints/" + segment(tech) + "/" + segment(resource),
	}, &wire)
	return Endpoint(wire), err
}

// Subscribe asks for the events of further sources: "channel:ID", "bridge:ID",
// "endpoint:PJSIP/a1001", "deviceState:PJSIP/a1001". ErrRejected: one does not exist.
// It holds until Asterisk drops the application, at the latest until the next connect;
// Options.Subscribe names those that are to be renewed then.
func (c *Client) Subscribe(ctx context.Context, sources ...string) error {
	if len(sources) == 0 {
		return nil
	}
	return c.do(ctx, request{
		op: "subscribe", method: http.MethodPost, path: c.appPath("/subscription"),
		query: url.Values{"eventSource": {strings.Join(sources, ",")}},
		// Asking twice is the same as asking once.
		repeat: true,
	}, nil)
}

// filterEvents keeps events from being sent that nobody reads. Each costs Asterisk's one
// thread per application a JSON document and a write.
func (c *Client) filterEvents(ctx context.Context) error {
	unread := []string{"ChannelDialplan", "ChannelVarset", "ChannelConnectedLine", "ChannelCallerId"}
	types := make([]map[string]string, len(unread))
	for i, name := range unread {
		types[i] = map[string]string{"type": name}
	}
	return c.do(ctx, request{
		op: "filter events", method: http.MethodPut, path: c.appPath("/eventFilter"),
		body: map[string]any{"disallowed": types}, repeat: true,
	}, nil)
}

func (c *Client) appPath(rest string) string { return "/applications/" + segment(c.opts.App) + rest }

// GlobalVariable reads a global variable. It evaluates no dialplan function: without a
// channel Asterisk gives "" for them. ErrGone: the variable is not set.
func (c *Client) GlobalVariable(ctx context.Context, name string) (string, error) {
	var out struct {
		Value string `json:"value"`
	}
	err := c.do(ctx, request{
		op: "get global variable", method: http.MethodGet, path: "/asterisk/variable",
		query: url.Values{"variable": {name}}, repeat: true,
	}, &out)
	return out.Value, err
}
