package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/internal/phonesim"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// watch is an output that tells when a line that matches has been written.
type watch struct {
	io.Writer
	pattern *regexp.Regexp
	found   chan string
}

func (w *watch) Write(b []byte) (int, error) {
	if m := w.pattern.FindSubmatch(b); m != nil {
		w.found <- string(m[1])
	}
	return w.Writer.Write(b)
}

func readLedger(t *testing.T, path string) []phonesim.Record {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []phonesim.Record
	for line := range strings.Lines(string(data)) {
		var r phonesim.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		out = append(out, r)
	}
	return out
}

// Two processes' worth of telephones call each other, and both ledgers tell the
// same story.
func TestCallersAndAgentsKeepTheSameLedger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	agentsLedger, callersLedger := filepath.Join(dir, "agents"), filepath.Join(dir, "callers")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watch{io.Discard, regexp.MustCompile(`1 agents ready at (\S+)`), make(chan string, 1)}
	agentsDone := make(chan int, 1)
	go func() {
		agentsDone <- runWith(env{ctx, out, t.Output()}, []string{
			"agents", "--user", "a1001", "--answer-after", "0s", "--ledger", agentsLedger,
		})
	}()
	var addr string
	select {
	case addr = <-out.found:
	case <-time.After(10 * time.Second):
		t.Fatal("agents are not ready")
	}
	var summary bytes.Buffer
	code := runWith(env{t.Context(), &summary, t.Output()}, []string{
		"callers", "--to", "sip:a1001@" + addr, "--count", "3", "--rate", "5", "--talk", "100ms", "--ledger", callersLedger,
	})
	cancel()
	if agents := <-agentsDone; code != exitOK || agents != exitOK {
		t.Fatalf("callers ended with %d, agents with %d", code, agents)
	}
	if !strings.Contains(summary.String(), "caller answered: 3") {
		t.Errorf("summary:\n%s\nwant 3 callers answered", summary.String())
	}
	byCall := make(map[string]phonesim.Record)
	for _, r := range readLedger(t, agentsLedger) {
		byCall[r.CallID] = r
	}
	callers := readLedger(t, callersLedger)
	if len(callers) != 3 || len(byCall) != 3 {
		t.Fatalf("ledgers hold %d and %d calls, want 3 each", len(callers), len(byCall))
	}
	for _, c := range callers {
		if a, ok := byCall[c.CallID]; !ok || !c.Hears(a.Tone) || !a.Hears(c.Tone) || a.Peer != c.Party {
			t.Errorf("the ledgers differ:\n%+v\n%+v", c, a)
		}
	}
}

func TestWrongCommandLinesAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{},
		{"callers"},
		{"callers", "--to", "sip:1@127.0.0.1", "--rate", "0"},
		{"callers", "--to", "sip:1@127.0.0.1", "--talk", "3s-1s"},
		{"agents", "--count", "0"},
		{"agents", "--reject", "60", "--busy", "60"},
		{"agents", "--password", "secret"},
	} {
		if code := runWith(env{t.Context(), io.Discard, io.Discard}, args); code != exitUsage {
			t.Errorf("%q ended with %d, want %d", args, code, exitUsage)
		}
	}
	code := runWith(env{t.Context(), io.Discard, io.Discard}, []string{"callers", "--to", "95001"})
	if code != exitFailed {
		t.Errorf("a bad target ended with %d, want %d", code, exitFailed)
	}
}

func TestPasswordsComeFromAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(path, []byte("a1001:one:1\r\na1002:two\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := readPasswords(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.of("a1001"); err != nil || got != "one:1" {
		t.Errorf("password %q, %v; want one:1", got, err)
	}
	if _, err := p.of("a1003"); err == nil || strings.Contains(err.Error(), "two") {
		t.Errorf("an agent without a password: %v", err)
	}
	if got, err := (passwords{"shared"}).of("a1003"); err != nil || got != "shared" {
		t.Errorf("password %q, %v; want shared", got, err)
	}
}

func TestNumbersCountOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first string
		n     int
		want  string
	}{
		{"a1001", 0, "a1001"},
		{"a1001", 9, "a1010"},
		{"007", 5, "012"},
		{"boss", 0, "boss"},
		{"+8613800000001", 2, "+8613800000003"},
	} {
		if got, err := numbered(c.first, c.n); err != nil || got != c.want {
			t.Errorf("%s + %d = %q, %v; want %q", c.first, c.n, got, err, c.want)
		}
	}
	if _, err := numbered("boss", 1); err == nil {
		t.Error("counted on from a name without a number")
	}
}

func TestSharesOfActionsAreKept(t *testing.T) {
	t.Parallel()
	c := agentsCmd{RingOut: 20, Reject: 30, Busy: 10, AnswerAfter: span{time.Second, 2 * time.Second}}
	behave := c.behaviour(nil)
	counts := make(map[int]int)
	for range 10000 {
		act := behave(phonesim.Offer{})
		counts[act.Code]++
		if act.Code == 200 && (act.Ring < time.Second || act.Ring > 2*time.Second) {
			t.Fatalf("rings %v, want 1 to 2 s", act.Ring)
		}
	}
	for code, want := range map[int]int{0: 2000, 603: 3000, 486: 1000, 200: 4000} {
		if got := counts[code]; got < want*9/10 || got > want*11/10 {
			t.Errorf("%d of 10000 offers ended with %d, want about %d", got, code, want)
		}
	}
	if d := (span{}).draw(rand.New(rand.NewPCG(1, 1))); d != 0 {
		t.Errorf("an empty span gave %v", d)
	}
}
