package app

import (
	"errors"
	"slices"
	"testing"

	"hotline/ari"
	"hotline/ari/aritest"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs/prompts"
)

// Both sounds of a refresh go to the caller alone, in one command: what one needs of the
// other must not be lost between two.
func TestRefreshIsOneCommandToTheCaller(t *testing.T) {
	srv := aritest.New()
	defer srv.Close()
	client, err := ari.New(srv.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	caller := srv.Call(ari.Channel{})
	p := &phone{ari: client, refresh: prompts.Refresh("custom/hotline")}
	if err := p.Refresh(t.Context(), "nobody"); err == nil {
		t.Error("a caller who is gone was refreshed")
	}
	if err := p.Refresh(t.Context(), call.LegID(caller)); err != nil {
		t.Fatal(err)
	}
	id := srv.Playbacks()[0]
	for state, want := range map[string]bool{"done": false, "failed": true} {
		if got := refreshFailed(&ari.Playback{ID: id, State: state}); got != want {
			t.Errorf("a refresh that is %s has failed: %v", state, got)
		}
	}
	if refreshFailed(&ari.Playback{ID: "greeting", State: "failed"}) {
		t.Error("a greeting is taken for a refresh")
	}
	last := srv.Requests()[1]
	media, _ := last.Body["media"].([]any)
	want := []any{"sound:custom/hotline/silence-12k", "sound:custom/hotline/silence-8k"}
	if last.Path != "/channels/"+caller+"/play/refresh-"+caller || !slices.Equal(media, want) {
		t.Errorf("sent %s %v", last.Path, last.Body)
	}
}

// A caller who hangs up before his bridge is there has hung up; the switch has not failed.
func TestCallerWhoIsGoneIsNoFailure(t *testing.T) {
	srv := aritest.New()
	defer srv.Close()
	client, err := ari.New(srv.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	p := &phone{ari: client}
	if err := p.OpenBridge(t.Context(), "hl-gone", "gone"); !errors.Is(err, callflow.ErrLegGone) {
		t.Errorf("OpenBridge: %v", err)
	}
	caller := srv.Call(ari.Channel{})
	if err := p.OpenBridge(t.Context(), "hl-here", call.LegID(caller)); err != nil {
		t.Error(err)
	}
}
