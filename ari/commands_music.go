package ari

import (
	"context"
	"net/http"
	"net/url"
)

// StartMusic plays music of the class ("" = default) to one channel until StopMusic. Unlike
// StartMOH it needs no further channel in the bridge, so a second party who joins makes a
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
// a success.
func (c *Client) StopMusic(ctx context.Context, channelID string) error {
	r := request{op: "stop music on channel", method: http.MethodDelete, path: channelPath(channelID, "/moh"), repeat: true}
	return unless(ErrGone, unless(ErrConflict, c.do(ctx, r, nil)))
}
