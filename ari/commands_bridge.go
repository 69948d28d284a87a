package ari

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// CreateBridge creates a bridge under our own id. types is a list such as "mixing" or
// "mixing,dtmf_events"; keys are told from both kinds as long as Asterisk has no
// bridge_native_rtp, which dtmf_events keeps away. A bridge that has the id already is taken for ours: ids must be
// unique per call.
func (c *Client) CreateBridge(ctx context.Context, id, types, name string) error {
	if id == "" {
		return errors.New("ari: create bridge: id: must be set")
	}
	q := url.Values{"bridgeId": {id}, "type": {types}}
	if name != "" {
		q.Set("name", name)
	}
	r := request{op: "create bridge", method: http.MethodPost, path: "/bridges", query: q, repeat: true}
	return unless(ErrConflict, c.do(ctx, r, nil))
}

// DeleteBridge ends a bridge; its channels stay. A bridge that is gone already, or that is
// just being ended (409, not in the application any more), is a success.
func (c *Client) DeleteBridge(ctx context.Context, id string) error {
	r := request{op: "delete bridge", method: http.MethodDelete, path: bridgePath(id, ""), repeat: true}
	return unless(ErrConflict, unless(ErrGone, c.do(ctx, r, nil)))
}

// AddChannel puts channels into a bridge. ErrConflict: one is not in the application
// (any more); ErrRejected: one does not exist. A channel that is in the bridge already
// leaves and enters it again. While a prompt is played on the channel itself the command
// waits for its end.
func (c *Client) AddChannel(ctx context.Context, bridgeID string, channelIDs ...string) error {
	return c.do(ctx, request{
		op: "add channel", method: http.MethodPost, path: bridgePath(bridgeID, "/addChannel"),
		body: map[string]any{"channel": channelIDs},
	}, nil)
}

// RemoveChannel takes a channel out of a bridge; it stays in the application. A channel
// that is not in the bridge, or is gone, and a bridge that is gone are a success: the
// command asks for a state, and that state holds. One channel at a time, because Asterisk
// moves none of several when one of them has left.
func (c *Client) RemoveChannel(ctx context.Context, bridgeID, channelID string) error {
	err := unless(ErrConflict, unless(ErrGone, c.do(ctx, request{
		op: "remove channel", method: http.MethodPost, path: bridgePath(bridgeID, "/removeChannel"),
		body: map[string]any{"channel": []string{channelID}}, repeat: true,
	}, nil)))
	// 400: no such channel. 422: it is not in this bridge.
	if e, ok := errors.AsType[*Error](err); ok &&
		(e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity) {
		return nil
	}
	return err
}

// PlayOnChannel plays media one after another to one channel under our own playback id. The
// channel may be in a bridge: the others do not hear it, and the channel does not hear them
// meanwhile. Music on the channel goes on behind it. A command that moves the channel waits
// for its end, one that moves others does not.
//
// lang is a language of the sound files, "" = the default. Media are URIs such as
// "sound:hello". PlaybackFinished tells the end, once for all media; its state is "failed"
// when one of them cannot be played.
//
// The command is not repeated after a broken connection, although it carries an id:
// Asterisk does not refuse a second playback with the same id but plays it after the first.
func (c *Client) PlayOnChannel(ctx context.Context, channelID, playbackID, lang string, media ...string) error {
	if playbackID == "" || len(media) == 0 {
		return errors.New("ari: play: playback id and media: must be set")
	}
	body := map[string]any{"media": media}
	if lang != "" {
		body["lang"] = lang
	}
	r := request{
		op: "play", method: http.MethodPost, path: channelPath(channelID, "/play/"+segment(playbackID)), body: body,
	}
	// While the playback before it is just being stopped Asterisk answers 500 and plays
	// nothing.
	return insist(ctx, func() error { return c.do(ctx, r, nil) })
}

// StopPlayback ends a playback. One that has ended already is a success.
func (c *Client) StopPlayback(ctx context.Context, playbackID string) error {
	r := request{
		op: "stop playback", method: http.MethodDelete, path: "/playbacks/" + segment(playbackID), repeat: true,
	}
	// A playback that is just beginning cannot be stopped yet: Asterisk answers 500.
	return insist(ctx, func() error { return unless(ErrGone, c.do(ctx, r, nil)) })
}

// insist repeats a command that Asterisk refuses with 500 for a moment.
func insist(ctx context.Context, command func() error) error {
	const tries, pause = 5, 50 * time.Millisecond
	for try := 1; ; try++ {
		err := command()
		if !errors.Is(err, ErrServer) || try == tries || !sleep(ctx, pause) {
			return err
		}
	}
}

// Bridges lists all bridges of Asterisk.
func (c *Client) Bridges(ctx context.Context) ([]Bridge, error) {
	var wire []wireBridge
	err := c.do(ctx, request{op: "list bridges", method: http.MethodGet, path: "/bridges", repeat: true}, &wire)
	bridges := make([]Bridge, len(wire))
	for i := range wire {
		bridges[i] = wire[i].bridge()
	}
	return bridges, err
}

func bridgePath(id, rest string) string { return "/bridges/" + segment(id) + rest }
