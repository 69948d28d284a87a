package ari

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// OriginateParams describes a channel that is created and dialled in one step, and enters
// the dialplan when it is answered.
type OriginateParams struct {
	Endpoint  string        // "PJSIP/110@trunk"; build it from checked parts only
	ChannelID string        // own id, at most 149 characters; required, it makes the command repeatable
	Context   string        // place in the dialplan that it enters when it is answered, at priority 1
	Extension string        // in Context
	CallerID  string        // number that is shown to the other side
	Timeout   time.Duration // of ringing, rounded up to whole seconds; 0 = Asterisk's 30 s
	Variables map[string]string
}

// Originate creates a channel and dials it. The application hears of it as Subscribe asks,
// and when the dialplan brings it there.
func (c *Client) Originate(ctx context.Context, p OriginateParams) error {
	if p.Endpoint == "" || p.Context == "" || p.Extension == "" {
		return errors.New("ari: originate: endpoint, context and extension: must be set")
	}
	if p.ChannelID == "" || len(p.ChannelID) > 149 {
		return fmt.Errorf("ari: originate: channel id %q: must have 1 to 149 characters", p.ChannelID)
	}
	body := map[string]any{
		"endpoint": p.Endpoint, "channelId": p.ChannelID, "context": p.Context, "extension": p.Extension, "priority": 1,
	}
	if p.CallerID != "" {
		body["callerId"] = p.CallerID
	}
	if p.Timeout > 0 {
		body["timeout"] = int((p.Timeout + time.Second - 1) / time.Second)
	}
	if len(p.Variables) > 0 {
		body["variables"] = p.Variables
	}
	r := request{op: "originate", method: http.MethodPost, path: "/channels", body: body, repeat: true}
	repeated, err := c.send(ctx, r, nil)
	if repeated && errors.Is(err, ErrConflict) {
		return nil // the first attempt arrived, only its answer was lost
	}
	return err
}
