package asterisk

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Queue is one of Asterisk's own queues. It takes calls while no controller is connected.
type Queue struct {
	// Name is the section of queues.conf: letters, digits, dot, dash, underscore.
	Name string
	// RingFor is how long an agent's phone rings, seconds, at least 1.
	RingFor int
	// WrapUp is the after-call work, seconds.
	WrapUp int
	// Music is the class of music while waiting.
	Music string
	// Members are the agents' phones, such as PJSIP/a1001. May be empty.
	Members []string
}

// Line is a hotline number and its queue.
type Line struct {
	// Number as the dialplan knows it: digits, with or without a leading plus sign.
	Number string
	// Queue is the Name of one of Params.Queues.
	Queue string
	// MaxWait is after how many seconds a waiting caller is told that nobody comes;
	// 0 = never.
	MaxWait int
}

// TryEvery is how long a caller for whom there is no controller waits before he looks for
// one again.
const TryEvery = time.Second

const (
	// See [Params.Patience].
	defaultPatience      = 5 * time.Second
	defaultPatienceAlone = time.Minute

	defaultStay = 20 // seconds: see [Params.QueueStay]
)

var (
	wordPattern   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$`)
	numberPattern = regexp.MustCompile(`^\+?[0-9]{1,32}$`)
	memberPattern = regexp.MustCompile(`^[A-Za-z]+/[A-Za-z0-9_.@:/+-]{1,128}$`)
)

// IsNumber tells whether the dialplan can meet a number: what the trunk sends is brought
// down to digits before a queue is looked for.
func IsNumber(number string) bool { return numberPattern.MatchString(number) }

func (p Params) validateFallback() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrParams}, args...)...))
	}
	queues, numbers := map[string]bool{}, map[string]bool{}
	for i, q := range p.Queues {
		switch {
		case !wordPattern.MatchString(q.Name) || q.Name == "general" || q.Name == BaselineQueue || queues[q.Name]:
			wrong("Queues[%d]: name %q: want letters, digits, . - _, each name once, none that is reserved", i, q.Name)
		case !wordPattern.MatchString(q.Music):
			wrong("Queues[%d]: music %q: want letters, digits, . - _", i, q.Music)
		case q.RingFor < 1 || q.WrapUp < 0:
			wrong("Queues[%d]: rings for %d s, works %d s: want 1 and 0 at least", i, q.RingFor, q.WrapUp)
		}
		for _, m := range q.Members {
			if !memberPattern.MatchString(m) {
				wrong("Queues[%d]: member %q: want a phone such as PJSIP/a1001", i, m)
			}
		}
		queues[q.Name] = true
	}
	if p.QueueStay < 0 {
		wrong("QueueStay %d: want 0 or more", p.QueueStay)
	}
	for i, l := range p.Lines {
		switch {
		case !IsNumber(l.Number) || numbers[l.Number]:
			wrong("Lines[%d]: number %q: want digits, with or without a plus sign, each number once", i, l.Number)
		case !queues[l.Queue]:
			wrong("Lines[%d]: queue %q is not in Queues", i, l.Queue)
		case l.MaxWait < 0:
			wrong("Lines[%d]: MaxWait %d: want 0 or more", i, l.MaxWait)
		}
		numbers[l.Number] = true
	}
	return errors.Join(errs...)
}

// patience is Params.Patience with its default.
func (p Params) patience() time.Duration {
	switch {
	case p.Patience > 0:
		return time.Duration(p.Patience) * time.Second
	case len(p.Lines) > 0:
		return defaultPatience
	}
	return defaultPatienceAlone
}
