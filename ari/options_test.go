package ari

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOptionsAreChecked(t *testing.T) {
	good := Options{URL: "http://127.0.0.1:8088/ari", User: "u", Password: "p", App: "hotline"}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Options){
		"url":          func(o *Options) { o.URL = "http://u:p@127.0.0.1:x/ari" },
		"scheme":       func(o *Options) { o.URL = "ws://127.0.0.1:8088/ari" },
		"path only":    func(o *Options) { o.URL = "http://u:p@127.0.0.1:8088/ari" },
		"password":     func(o *Options) { o.Password = "" },
		"colon":        func(o *Options) { o.User = "a:b" },
		"app":          func(o *Options) { o.App = "a,b" },
		"negative":     func(o *Options) { o.PingEvery = -1 },
		"backoff":      func(o *Options) { o.BackoffMin = time.Minute },
		"ping misses":  func(o *Options) { o.PingMisses = -1 },
		"read limit":   func(o *Options) { o.ReadLimit = 100 },
		"backlog":      func(o *Options) { o.Backlog = -1 },
		"watch":        func(o *Options) { o.Watch = []string{"a1001"} },
		"subscribe":    func(o *Options) { o.Subscribe = []string{"endpoint:PJSIP/a,deviceState:PJSIP/a"} },
		"subscribe \"": func(o *Options) { o.Subscribe = []string{"PJSIP/a"} },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: gave %v", want, err)
		} else if strings.Contains(err.Error(), "u:p@") {
			t.Errorf("the password stands in the error: %v", err)
		}
	}
}

// Asterisk reads 4096 bytes of a request line; the sources of hundreds of phones have to
// be asked for in parts.
func TestBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.StringMatching(`[a-z:/%]{1,40}`)).Draw(t, "list")
		size := rapid.IntRange(1, 200).Draw(t, "size")
		var joined []string
		for _, batch := range batches(list, size) {
			if n := len(segment(strings.Join(batch, ","))); n > size && len(batch) > 1 {
				t.Fatalf("batch of %d bytes, want %d", n, size)
			}
			joined = append(joined, batch...)
		}
		if fmt.Sprint(joined) != fmt.Sprint(list) {
			t.Fatalf("got %v, want %v", joined, list)
		}
	})
	if n := len(batches(make([]string, 500), 2000)); n != 1 {
		t.Errorf("%d batches of empty names, want 1", n)
	}
}
