package configs

import (
	"fmt"
	"time"

	"hotline/configs/prompts"
)

// Callback is how the callers of a queue can be called back instead of waiting (回呼).
type Callback struct {
	Key    string        `yaml:"key"`    // by which they ask, "" = not at all
	After  time.Duration `yaml:"after"`  // of waiting, until it is offered
	Every  time.Duration `yaml:"every"`  // between two offers; 0 = one only
	Prompt string        `yaml:"prompt"` // that offers it; "" = not offered, the key alone
	Closed string        `yaml:"closed"` // prompt that offers it outside the hours; "" = not offered then
	Tries  int           `yaml:"tries"`  // calls in vain, then it is dropped
	Pause  time.Duration `yaml:"pause"`  // between two of them
	Keep   time.Duration `yaml:"keep"`   // then it is dropped
}

// DefaultCallback returns what the callback of a queue is before its keys are read.
func DefaultCallback() Callback {
	return Callback{
		After: 30 * time.Second, Every: 2 * time.Minute, Prompt: "callback-offer", Tries: 3, Pause: 5 * time.Minute,
		Keep: 12 * time.Hour,
	}
}

// MaxKeep bounds Callback.Keep: so far the ledger is read for them at a start.
const MaxKeep = 72 * time.Hour

func (b Callback) check(r *rules, key string) {
	r.must(b.Key == "" || keyPattern.MatchString(b.Key), key+".key", "must be one key, 0 to 9 or *, not %q", b.Key)
	r.duration(key+".after", b.After, 0, time.Hour)
	r.must(b.Every == 0 || b.Every >= 30*time.Second && b.Every <= time.Hour, key+".every",
		"must be 0 or from 30s to 1h, not %s", b.Every)
	r.must(b.Prompt == "" || prompts.Known(b.Prompt), key+".prompt", promptRule, b.Prompt)
	r.must(b.Closed == "" || prompts.Known(b.Closed), key+".closed", promptRule, b.Closed)
	r.must(b.Tries >= 1 && b.Tries <= 20, key+".tries", "must be from 1 to 20, not %d", b.Tries)
	r.duration(key+".pause", b.Pause, 10*time.Second, 4*time.Hour)
	r.duration(key+".keep", b.Keep, time.Minute, MaxKeep)
}

// checkCallbackKeys keeps the keys apart that a caller may press while he waits, and refuses
// callbacks that no number may be dialled for.
func (c *Config) checkCallbackKeys(r *rules) {
	for i, q := range c.Queues {
		if q.Callback.Key == "" {
			continue
		}
		r.must(len(c.Dialing.Allow) > 0, queueKey(i, "callback.key"),
			"needs numbers that may be dialled (dialing.allow)")
		for _, l := range c.Lines {
			clash := l.Queue == q.ID && l.MessageKey == q.Callback.Key && len(l.Messages) > 0
			r.must(!clash, queueKey(i, "callback.key"), "must not be the message_key of line %s", l.Number)
		}
	}
}

func queueKey(i int, key string) string { return fmt.Sprintf("queues[%d].%s", i, key) }
