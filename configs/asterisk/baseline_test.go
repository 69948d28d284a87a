package asterisk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What production runs with is the same, byte for byte, whether the baseline
// stands beside it or not; without being asked for, nothing of it is there.
func TestBaselineOnlyAdds(t *testing.T) {
	p := goodParams()
	plain := render(t, p)
	p.BaselineNumber = "90000"
	beside := render(t, p)
	entries, err := os.ReadDir(beside)
	if err != nil {
		t.Fatal(err)
	}
	longer := []string{}
	for _, entry := range entries {
		with, err := os.ReadFile(filepath.Join(beside, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		without, err := os.ReadFile(filepath.Join(plain, entry.Name()))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		// The folder is part of the text.
		before := strings.ReplaceAll(string(without), plain, beside)
		if !strings.HasPrefix(string(with), before) {
			t.Errorf("%s has changed", entry.Name())
		}
		if len(with) > len(before) {
			longer = append(longer, entry.Name())
		}
	}
	if want := []string{"extensions.conf", "queues.conf"}; !slices.Equal(longer, want) {
		t.Errorf("the baseline is in %v, want %v", longer, want)
	}
}

// The baseline has the same agents, music and recording as the application.
func TestBaselineDoesTheSameWork(t *testing.T) {
	p := goodParams()
	p.BaselineNumber = "90000"
	dir := render(t, p)
	queues := parse(t, dir, "queues.conf")
	want := []string{"PJSIP/a1001", "PJSIP/a1002"}
	if got := get(queues, BaselineQueue, "", "member"); !slices.Equal(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
	for key, want := range map[string]string{
		"strategy": "rrmemory", "autofill": "yes", "ringinuse": "no", "retry": "1", "wrapuptime": "0",
		"musicclass": "default",
	} {
		if got := get(queues, BaselineQueue, "", key); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "extensions.conf"))
	if err != nil {
		t.Fatal(err)
	}
	recording := []string{}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "MixMonitor(") {
			recording = append(recording, line)
		}
	}
	if len(recording) != 3 || recording[0] != recording[1] || recording[0] != recording[2] {
		t.Errorf("recorded by %q, want the same for calls in, calls out and the baseline", recording)
	}
	order := "exten => 90000,1,Goto(from-baseline"
	at := strings.Index(string(text), order)
	for _, step := range []string{"[from-baseline]", "Answer()", "MixMonitor(", "Queue(" + BaselineQueue + ")"} {
		next := strings.Index(string(text)[max(at, 0):], step)
		if at < 0 || next < 0 {
			t.Fatalf("%s is missing or too early", step)
		}
		at += next
	}
}
