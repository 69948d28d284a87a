package configs

import (
	"slices"
	"testing"
	"time"
)

func TestCallbackRules(t *testing.T) {
	cfg := loadSample(t)
	cfg.Lines[0].Queue, cfg.Lines[0].MessageKey, cfg.Lines[0].Messages = cfg.Queues[0].ID, "1", []Occasion{"closed"}
	cfg.Routing.CallbackTurn = 1
	cfg.Queues[0].Callback = Callback{
		Key: "1", After: -1, Every: time.Second, Prompt: "none", Closed: "none", Pause: time.Second, Keep: 100 * time.Hour,
	}
	cfg.Queues[1].Callback.Key = "12"
	problems := cfg.check()
	for _, key := range []string{
		"queues[0].callback.after", "queues[0].callback.every", "queues[0].callback.prompt", "queues[0].callback.closed",
		"queues[0].callback.tries", "queues[0].callback.pause", "queues[0].callback.keep", "queues[0].callback.key",
		"queues[1].callback.key", "routing.callback_turn",
	} {
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Key == key }) {
			t.Errorf("no problem with %s in %v", key, problems)
		}
	}
	cfg = loadSample(t)
	cfg.Queues[0].Callback.Key, cfg.Dialing.Allow = "1", []Pattern{"138*"}
	if problems = cfg.check(); len(problems) > 0 {
		t.Error(problems)
	}
}
