package asterisk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// While no controller is there the same agents are rung for as long, with the same work
// after a call, the longest idle first, and nobody whose phone is in use.
func TestQueueOfTheFallback(t *testing.T) {
	p := goodParams()
	p.Queues = []Queue{{
		Name: "hl-complaints", RingFor: 6, WrapUp: 30, Music: "calm", Members: []string{"PJSIP/a1001", "PJSIP/a1002"},
	}}
	p.Lines = []Line{{Number: "95001", Queue: "hl-complaints", MaxWait: 600}, {Number: "+8695001", Queue: "hl-complaints"}}
	dir := render(t, p)
	queues := parse(t, dir, "queues.conf")
	for key, want := range map[string][]string{
		"member": {"PJSIP/a1001", "PJSIP/a1002"}, "strategy": {"leastrecent"}, "ringinuse": {"no"},
		"timeout": {"6"}, "wrapuptime": {"30"}, "musicclass": {"calm"}, "joinempty": {"yes"},
	} {
		if got := get(queues, "hl-complaints", "", key); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "extensions.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"< 5]?app", "exten => 95001,1,Set(QUEUE=hl-complaints)\n same => n,Set(QUEUE_MAX=600)",
		"exten => +8695001,1,Set(QUEUE=hl-complaints)\n same => n,Set(QUEUE_MAX=0)",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the dialplan has no %q", want)
		}
	}
}
