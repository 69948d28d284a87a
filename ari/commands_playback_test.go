package ari_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"hotline/ari"
	"hotline/ari/aritest"
)

// TestPlayBehindAPlaybackThatIsBeingStopped: Asterisk refuses it for a moment with 500.
func TestPlayBehindAPlaybackThatIsBeingStopped(t *testing.T) {
	r := start(t)
	next[*ari.Up](r)
	var tries atomic.Int32
	refuse := aritest.Fail(http.StatusInternalServerError, "Allocation failed")
	r.srv.On("POST /channels/{id}/play/{playback}", func(
		w http.ResponseWriter, req *http.Request, next func(http.ResponseWriter),
	) {
		if tries.Add(1) < 3 {
			refuse(w, req, next)
			return
		}
		next(w)
	})
	caller := r.srv.Call(ari.Channel{CallerNumber: "13800138000"}, "in", "10010")
	r.ok(r.client.PlayOnChannel(r.ctx, caller, "p1", "", "sound:hello"))
	if tries.Load() != 3 {
		t.Errorf("%d tries, want 3", tries.Load())
	}
}
