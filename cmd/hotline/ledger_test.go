package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/wav"
	"hotline/reports/sqlstore"
)

// house is a configuration with a small ledger and recordings behind it.
type house struct {
	config, recordings string
}

// talk is one answered call of the ledger; a caller who gave up has no agent.
type talk struct {
	id     call.ID
	number string
	agent  call.AgentID
	at     string // in the site's zone
	wait   call.Millis
	length time.Duration
}

// talks are the calls of the ledger: three on the second of March, one just after midnight
// of the third in the site's zone, which is still the second in UTC.
var talks = []talk{
	{"c-1", "13800138000", "wang", "2026-03-02 09:00:00", 3_000, 40 * time.Second},
	{"c-2", "013900139000", "li", "2026-03-02 10:30:00", 20_000, 125 * time.Second},
	{"c-3", "", "wang", "2026-03-02 10:45:00", 15_000, 5 * time.Second},
	{"c-4", "13700137000", "", "2026-03-03 00:10:00", 9_000, 9 * time.Second},
}

const settings = `
site: {time_zone: Asia/Shanghai}
asterisk: {password_file: asterisk.secret}
ledger: {path: ledger.db}
recordings: {dir: recordings}
lines: [{number: "95001", queue: complaints}]
queues: [{id: complaints}]
agents: [{id: wang, team: early, queues: [complaints]}, {id: li, queues: [complaints]}]
`

func build(t *testing.T) house {
	t.Helper()
	dir := t.TempDir()
	h := house{config: filepath.Join(dir, "hotline.yaml"), recordings: filepath.Join(dir, "recordings")}
	for name, text := range map[string]string{"hotline.yaml": settings, "asterisk.secret": "a-password-of-the-test\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(h.recordings, 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, c := range talks {
		if _, err := store.Append(t.Context(), h.events(t, c)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// events is all that the ledger holds of one call.
func (h house) events(t *testing.T, c talk) []call.Event {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateTime, c.at, zone)
	if err != nil {
		t.Fatal(err)
	}
	end := at.Add(c.length)
	queued := call.Event{Kind: call.Queued, At: at, Call: c.id, Queue: "complaints", Entered: at}
	events := []call.Event{{Kind: call.Arrived, At: at, Call: c.id, Number: c.number, Line: "95001"}, queued}
	next := queued
	next.Wait = c.wait
	if c.agent == "" {
		next.Kind, next.At, next.Outcome = call.LeftQueue, end, call.Abandoned
		events = append(events, next)
	} else {
		next.Kind, next.At, next.Agent = call.Answered, at.Add(c.wait.Duration()), c.agent
		events = append(events, next)
		next.Kind, next.Answer, next.At, next.By = call.TalkEnded, next.At, end, call.ByCaller
		next.Talk = call.Between(next.Answer, end)
		events = append(events, next)
	}
	ending := call.Ending{Class: call.ClassAnswered, Reason: call.CallerHungUp}
	if c.agent == "" {
		ending = call.Ending{Class: call.ClassAbandoned, Reason: call.HungUpInQueue}
	}
	rec := h.record(t, c, at)
	return append(events,
		call.Event{Kind: call.Ended, At: end, Call: c.id, Ending: ending, By: call.ByCaller, Total: call.Between(at, end)},
		call.Event{Kind: call.Recorded, At: end.Add(time.Second), Call: c.id, Recording: &rec})
}

// record makes the stored file of a call, a slow stereo tone.
func (h house) record(t *testing.T, c talk, at time.Time) call.Recording {
	t.Helper()
	name := fmt.Sprintf("%s.wav", c.id)
	file, err := os.Create(filepath.Join(h.recordings, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const rate = 8000
	frames := int64(c.length.Seconds() * rate)
	w, err := wav.NewWriter(file, wav.Format{Rate: rate, Channels: 2}, frames)
	if err != nil {
		t.Fatal(err)
	}
	sound := make([]byte, 4*frames)
	for i := range sound {
		sound[i] = byte(20 + 20*math.Sin(float64(i)/100))
	}
	if _, err := w.Write(sound); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := recorder.Verify(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return call.Recording{
		Path: name, SHA256: found.SHA256, Bytes: found.Bytes, Begin: at, Length: found.Length, Rate: found.Rate,
	}
}

// command runs the program as main does and gives back what it wrote and its exit code.
func command(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e strings.Builder
	code = runWith(env{ctx: t.Context(), out: &o, errOut: &e}, args)
	return o.String(), e.String(), code
}
