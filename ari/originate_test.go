package ari_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/ari"
)

func TestOriginate(t *testing.T) {
	var sent map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := json.NewDecoder(req.Body).Decode(&sent); err != nil || req.URL.Path != "/ari/channels" {
			t.Errorf("%s: %v", req.URL.Path, err)
		}
		if sent["channelId"] == "taken" {
			w.WriteHeader(http.StatusConflict)
		}
	}))
	defer srv.Close()
	client, err := ari.New(ari.Options{URL: srv.URL + "/ari", User: "u", Password: "p", App: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	good := ari.OriginateParams{
		Endpoint: "PJSIP/110@trunk", ChannelID: "c-o0", Context: "called", Extension: "s", CallerID: "95001",
		Timeout: 1500 * time.Millisecond, Variables: map[string]string{"A": "b"},
	}
	if err := client.Originate(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"endpoint": "PJSIP/110@trunk", "channelId": "c-o0", "context": "called", "extension": "s", "priority": 1.0,
		"callerId": "95001", "timeout": 2.0, "variables": map[string]any{"A": "b"},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Error(diff)
	}
	for name, spoil := range map[string]func(*ari.OriginateParams){
		"no endpoint": func(p *ari.OriginateParams) { p.Endpoint = "" },
		"no context":  func(p *ari.OriginateParams) { p.Context = "" },
		"no id":       func(p *ari.OriginateParams) { p.ChannelID = "" },
	} {
		bad := good
		spoil(&bad)
		if err := client.Originate(t.Context(), bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	good.ChannelID = "taken"
	if err := client.Originate(t.Context(), good); !errors.Is(err, ari.ErrConflict) {
		t.Errorf("an id that is taken: %v", err)
	}
}
