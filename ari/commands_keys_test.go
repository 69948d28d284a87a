package ari_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"hotline/ari"
	"hotline/ari/aritest"
)

// What is not there need not be taken out.
func TestRemoveChannelTwice(t *testing.T) {
	r := idle(t)
	r.srv.Call(ari.Channel{ID: "c"})
	r.srv.AddBridge(ari.Bridge{ID: "b"})
	r.ok(r.client.AddChannel(r.ctx, "b", "c"))
	r.ok(r.client.RemoveChannel(r.ctx, "b", "c"))
	if b, _ := r.srv.Bridge("b"); len(b.Channels) != 0 {
		t.Errorf("bridge %+v", b)
	}
	r.ok(r.client.RemoveChannel(r.ctx, "b", "c"))
	r.ok(r.client.RemoveChannel(r.ctx, "b", "nobody"))
	r.ok(r.client.RemoveChannel(r.ctx, "nothing", "c"))
	r.srv.On("POST /bridges/{id}/removeChannel", aritest.Fail(http.StatusUnauthorized, "who"))
	if err := r.client.RemoveChannel(r.ctx, "b", "c"); !errors.Is(err, ari.ErrRejected) {
		t.Errorf("wrong password gave %v", err)
	}
}

func TestDigitsAndContinue(t *testing.T) {
	r := idle(t)
	r.srv.Call(ari.Channel{ID: "c"})
	r.ok(r.client.SendDTMF(r.ctx, "c", "12#", 80*time.Millisecond))
	if got := r.srv.Digits("c"); got != "12#" {
		t.Errorf("digits %q", got)
	}
	query := r.srv.Requests()[0].Query
	if query.Get("duration") != "80" || query.Get("between") != "80" {
		t.Errorf("sent %v", query)
	}
	for _, wrong := range []string{"", "12a", "1 2"} {
		if err := r.client.SendDTMF(r.ctx, "c", wrong, 0); err == nil {
			t.Errorf("digits %q were taken", wrong)
		}
	}
	r.ok(r.client.Continue(r.ctx, "c", "hotline", "10010", 0))
	if ch, _ := r.srv.Channel("c"); ch.App != "" {
		t.Errorf("channel %+v", ch)
	}
	if err := r.client.Continue(r.ctx, "c", "", "", 0); !errors.Is(err, ari.ErrConflict) {
		t.Errorf("outside the application: %v", err)
	}
}

// A sound for one channel leaves its music alone and tells of its end.
func TestPlayOnChannel(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.Call(ari.Channel{ID: "c"})
	r.event(ari.StasisStart)
	r.ok(r.client.StartMusic(r.ctx, "c", ""))
	r.ok(r.client.PlayOnChannel(r.ctx, "c", "p", "", "sound:a", "sound:b"))
	if e := r.event(ari.PlaybackStarted); e.Playback.Target != "channel:c" || !r.srv.Music("c") {
		t.Errorf("playback %+v, music %v", e.Playback, r.srv.Music("c"))
	}
	r.ok(r.srv.FinishPlayback("p"))
	if e := r.event(ari.PlaybackFinished); e.Playback.ID != "p" {
		t.Errorf("playback %+v", e.Playback)
	}
	if err := r.client.PlayOnChannel(r.ctx, "c", "", "", "sound:a"); err == nil {
		t.Error("a playback without an id was taken")
	}
	if err := r.client.PlayOnChannel(r.ctx, "nobody", "p", "", "sound:a"); !errors.Is(err, ari.ErrGone) {
		t.Errorf("played to nobody: %v", err)
	}
}

func TestHoldAndDigitEvents(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	r.srv.Call(ari.Channel{ID: "c"})
	r.event(ari.StasisStart)
	r.ok(r.srv.Digit("c", "#"))
	if e := r.event(ari.ChannelDtmfReceived); e.Digit != "#" || e.Duration != 100*time.Millisecond {
		t.Errorf("event %+v", e)
	}
	r.ok(r.srv.Hold("c"))
	if e := r.event(ari.ChannelHold); e.Channel.ID != "c" {
		t.Errorf("event %+v", e)
	}
	r.ok(r.srv.Unhold("c"))
	r.event(ari.ChannelUnhold)
}
