package ari

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CreateParams describes a channel to create. Nothing is dialled yet.
type CreateParams struct {
	Endpoint       string            // "PJSIP/a1001", "Local/100@agents"; build it from checked parts only
	App            string            // application it enters at once; "" = Options.App
	AppArgs        []string          // arguments of StasisStart; a comma in one would split it
	ChannelID      string            // own id, at most 149 characters; required, it makes the command repeatable
	OtherChannelID string            // own id of the second half of a Local channel
	Originator     string            // channel whose codecs are taken; excludes Formats
	Formats        []string          // codecs such as "alaw"; excludes Originator
	Variables      map[string]string // set before the channel starts
}

func (p CreateParams) validate() error {
	switch {
	case p.Endpoint == "":
		return errors.New("ari: create channel: endpoint: must be set")
	case p.ChannelID == "" || len(p.ChannelID) > 149:
		return fmt.Errorf("ari: create channel: channel id %q: must have 1 to 149 characters", p.ChannelID)
	case p.Originator != "" && len(p.Formats) > 0:
		return errors.New("ari: create channel: originator and formats: only one may be set")
	}
	for _, arg := range p.AppArgs {
		if strings.Contains(arg, ",") {
			return fmt.Errorf("ari: create channel: app argument %q: must not contain a comma", arg)
		}
	}
	return nil
}

// CreateChannel creates a channel under our own id without dialling it. The channel is in
// the application at once, and its events may come before this returns. ErrServer means
// that the phone cannot be reached (not registered).
func (c *Client) CreateChannel(ctx context.Context, p CreateParams) (Channel, error) {
	if err := p.validate(); err != nil {
		return Channel{}, err
	}
	app := p.App
	if app == "" {
		app = c.opts.App
	}
	body := map[string]any{"endpoint": p.Endpoint, "app": app, "channelId": p.ChannelID}
	optional := map[string]string{
		"appArgs":        strings.Join(p.AppArgs, ","),
		"otherChannelId": p.OtherChannelID,
		"originator":     p.Originator,
		"formats":        strings.Join(p.Formats, ","),
	}
	for name, value := range optional {
		if value != "" {
			body[name] = value
		}
	}
	if len(p.Variables) > 0 {
		body["variables"] = p.Variables
	}
	r := request{op: "create channel", method: http.MethodPost, path: "/channels/create", body: body, repeat: true}
	var wire wireChannel
	repeated, err := c.send(ctx, r, &wire)
	if repeated && errors.Is(err, ErrConflict) {
		// The first attempt arrived, only its answer was lost.
		return c.Channel(ctx, p.ChannelID)
	}
	return wire.channel(), err
}

// Dial dials a created channel for at most timeout (rounded up to whole seconds, 0 =
// without limit). caller names the channel for whom, or is empty. The result comes as
// Dial, ChannelStateChange and ChannelDestroyed events.
func (c *Client) Dial(ctx context.Context, channelID, caller string, timeout time.Duration) error {
	q := url.Values{"timeout": {strconv.Itoa(int((timeout + time.Second - 1) / time.Second))}}
	if caller != "" {
		q.Set("caller", caller)
	}
	return c.do(ctx, request{
		op: "dial", method: http.MethodPost, path: channelPath(channelID, "/dial"), query: q,
	}, nil)
}

// Hangup ends a channel. reason is one of Asterisk's words ("normal", "busy",
// "answered_elsewhere", "congestion", "no_answer", ...) or empty for normal. A channel
// that is gone already is a success.
func (c *Client) Hangup(ctx context.Context, channelID, reason string) error {
	q := url.Values{}
	if reason != "" {
		q.Set("reason", reason)
	}
	r := request{op: "hang up", method: http.MethodDelete, path: channelPath(channelID, ""), query: q, repeat: true}
	return unless(ErrGone, c.do(ctx, r, nil))
}

// Answer answers an inbound channel.
func (c *Client) Answer(ctx context.Context, channelID string) error {
	return c.do(ctx, request{op: "answer", method: http.MethodPost, path: channelPath(channelID, "/answer")}, nil)
}

// SetVariable sets a variable of the channel, or a dialplan function that is not
// dangerous.
func (c *Client) SetVariable(ctx context.Context, channelID, name, value string) error {
	return c.do(ctx, request{
		op: "set variable", method: http.MethodPost, path: channelPath(channelID, "/variable"),
		query: url.Values{"variable": {name}, "value": {value}},
	}, nil)
}

// GetVariable reads a variable of the channel. ErrGone: no such channel, or the variable
// is not set.
func (c *Client) GetVariable(ctx context.Context, channelID, name string) (string, error) {
	var out struct {
		Value string `json:"value"`
	}
	err := c.do(ctx, request{
		op: "get variable", method: http.MethodGet, path: channelPath(channelID, "/variable"),
		query: url.Values{"variable": {name}}, repeat: true,
	}, &out)
	return out.Value, err
}

// StartMusic plays music of the class ("" = default) to one channel until StopMusic. Unlike
// the music of a bridge it needs no further channel there, so a second party who joins makes a
// bridge of two, which Asterisk need not mix.
func (c *Client) StartMusic(ctx context.Context, channelID, class string) error {
	q := url.Values{}
	if class != "" {
		q.Set("mohClass", class)
	}
	return c.do(ctx, request{
		op: "start music on channel", method: http.MethodPost, path: channelPath(channelID, "/moh"), query: q,
	}, nil)
}

// StopMusic ends the music of one channel. A channel without music, or one that is gone, is
// a success. Of a channel in a bridge Asterisk loses about one order in a thousand, with
// success: give it again after some ten milliseconds (docs/adr/0024).
func (c *Client) StopMusic(ctx context.Context, channelID string) error {
	r := request{
		op: "stop music on channel", method: http.MethodDelete, path: channelPath(channelID, "/moh"), repeat: true,
	}
	return unless(ErrGone, unless(ErrConflict, c.do(ctx, r, nil)))
}

// SendDTMF sends digits (0 to 9, *, #, A to D) to the far end of a channel, each for the
// given time and with the same pause after it, both rounded to milliseconds; 0 means 100 ms.
// It returns at once; the digits follow. The command is not repeated after a broken
// connection, because digits that come twice are other digits.
func (c *Client) SendDTMF(ctx context.Context, channelID, digits string, each time.Duration) error {
	for _, r := range digits {
		if !strings.ContainsRune("0123456789*#ABCD", r) {
			return fmt.Errorf("ari: send dtmf: digits: %q is none of 0-9 * # A-D", r)
		}
	}
	if digits == "" {
		return errors.New("ari: send dtmf: digits: must not be empty")
	}
	if each == 0 {
		each = defaultDigit
	}
	ms := strconv.FormatInt(each.Milliseconds(), 10)
	return c.do(ctx, request{
		op: "send dtmf", method: http.MethodPost, path: channelPath(channelID, "/dtmf"),
		query: url.Values{"dtmf": {digits}, "duration": {ms}, "between": {ms}},
	}, nil)
}

// defaultDigit is how long Asterisk presses a key when it is not told.
const defaultDigit = 100 * time.Millisecond

// Continue gives a channel back to the dialplan, which goes on at the place named; with
// dialplanContext "" behind the Stasis() that brought it here. Priority 0 means 1. The
// channel leaves its bridge and the application: a StasisEnd follows. ErrConflict: it is
// not in the application; ErrRejected: there is no such place.
func (c *Client) Continue(ctx context.Context, channelID, dialplanContext, extension string, priority int) error {
	q := url.Values{}
	if dialplanContext != "" {
		q = url.Values{
			"context": {dialplanContext}, "extension": {extension}, "priority": {strconv.Itoa(max(priority, 1))},
		}
	}
	return c.do(ctx, request{
		op: "continue", method: http.MethodPost, path: channelPath(channelID, "/continue"), query: q,
	}, nil)
}

// Channel reads one channel. ErrGone: it has ended.
func (c *Client) Channel(ctx context.Context, channelID string) (Channel, error) {
	var wire wireChannel
	r := request{op: "get channel", method: http.MethodGet, path: channelPath(channelID, ""), repeat: true}
	err := c.do(ctx, r, &wire)
	return wire.channel(), err
}

// Channels lists all channels of Asterisk.
func (c *Client) Channels(ctx context.Context) ([]Channel, error) {
	var wire []wireChannel
	err := c.do(ctx, request{op: "list channels", method: http.MethodGet, path: "/channels", repeat: true}, &wire)
	channels := make([]Channel, len(wire))
	for i := range wire {
		channels[i] = wire[i].channel()
	}
	return channels, err
}

func channelPath(id, rest string) string { return "/channels/" + segment(id) + rest }

// unless turns one kind of refusal into success.
func unless(kind, err error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}
