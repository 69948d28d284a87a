package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/internal/testbed"
	"hotline/reports/sqlstore"
)

// A counter of a real Redis is broken by hand: verify names it and ends with 1, rebuild puts it
// right.
func TestStatsVerifyAndRebuild(t *testing.T) {
	h := build(t)
	server := testbed.RunRedis(t, testbed.RedisOptions{})
	h.add(t, fmt.Sprintf("redis: {addr: %q}\n", server.Addr))
	store, err := sqlstore.Open(t.Context(), filepath.Join(filepath.Dir(h.config), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().In(zone).AddDate(0, 0, -1)
	date, before := yesterday.Format(time.DateOnly), yesterday.AddDate(0, 0, -1).Format(time.DateOnly)
	events := h.events(t, talk{"c-9", "13800138000", "wang", date + " 10:00:00", 3_000, time.Minute})
	if _, err := store.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	stats := func(want int, args ...string) string {
		t.Helper()
		out, errOut, code := command(t, append([]string{"stats"}, append(args, "--config", h.config)...)...)
		if code != want {
			t.Fatalf("stats %v: exit code %d, want %d: %s%s", args, code, want, out, errOut)
		}
		return out + errOut
	}
	if text := stats(exitFailed, "verify"); !strings.Contains(text, "being rebuilt") {
		t.Errorf("without counters: %s", text)
	}
	stats(exitOK, "rebuild")
	if text := stats(exitOK, "verify"); !strings.Contains(text, "counters equal the ledger up to event") {
		t.Errorf("equal: %s", text)
	}
	key := "{hotline}:queue-day:complaints:" + date
	if _, err := server.Say(t.Context(), "HINCRBY", key, "answered", "1"); err != nil {
		t.Fatal(err)
	}
	if text := stats(exitFailed, "verify"); !strings.Contains(text, key+"\tanswered\tredis=2\tledger=1\n") {
		t.Errorf("broken: %s", text)
	}
	line, _, _ := strings.Cut(stats(exitFailed, "verify", "--json", "--from", date, "--to", date), "\n")
	var d struct{ Key, Field, Redis, Ledger string }
	err = json.Unmarshal([]byte(line), &d)
	if err != nil || d.Key != key || d.Field != "answered" || d.Redis != "2" || d.Ledger != "1" {
		t.Errorf("as JSON: %+v, %v", d, err)
	}
	stats(exitOK, "verify", "--to", before)
	stats(exitOK, "rebuild")
	stats(exitOK, "verify")
	for _, args := range []string{"--from yesterday", "--to 2026-13-01", "--from 2026-03-02 --to 2026-03-01"} {
		stats(exitUsage, append([]string{"verify"}, strings.Fields(args)...)...)
	}
}

// The embedded Redis cannot be looked at from outside.
func TestStatsOfAnEmbeddedRedis(t *testing.T) {
	h := build(t)
	h.add(t, "redis: {addr: \"\"}\n")
	for _, what := range []string{"verify", "rebuild"} {
		_, errOut, code := command(t, "stats", what, "--config", h.config)
		if code != exitUsage || !strings.Contains(errOut, "redis.addr is empty") {
			t.Errorf("%s: exit code %d, %s", what, code, errOut)
		}
	}
}

// add adds settings to the configuration.
func (h house) add(t *testing.T, text string) {
	t.Helper()
	have, err := os.ReadFile(h.config)
	if err == nil {
		err = os.WriteFile(h.config, append(have, text...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
