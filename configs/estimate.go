package configs

import (
	"fmt"
	"time"
)

// Estimate is when the callers of a queue hear how long they will probably wait.
type Estimate struct {
	Every  time.Duration `yaml:"every"`  // between two; 0 = never
	Min    time.Duration `yaml:"min"`    // shorter waits are not said
	Round  time.Duration `yaml:"round"`  // said in multiples of it
	Assume time.Duration `yaml:"assume"` // of a call, until the queue has shown it; 0 = nothing is said until then
}

// DefaultEstimate returns what the estimate of a queue is before its keys are read.
func DefaultEstimate() Estimate { return Estimate{Round: time.Minute} }

// spoken are the minutes that there is a prompt for.
var spoken = [...]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 30}

// Prompts are what is said of a wait, and the wait that it tells: never less than the true
// one, but for what is longer than the longest prompt. None = nothing is said.
func (e Estimate) Prompts(wait time.Duration) (prompts []string, told time.Duration) {
	if e.Every == 0 || wait < e.Min {
		return nil, 0
	}
	if wait < time.Minute && e.Round <= time.Minute {
		return []string{"wait-under-1"}, time.Minute
	}
	round := max(e.Round, time.Minute)
	wait = (wait + round - 1).Truncate(round)
	for _, n := range spoken {
		if told = time.Duration(n) * time.Minute; wait <= told {
			return []string{"wait-about", fmt.Sprintf("minutes-%d", n)}, told
		}
	}
	return []string{"wait-over-30"}, told
}

func (e Estimate) check(r *rules, key string) {
	r.must(e.Every == 0 || e.Every >= 30*time.Second && e.Every <= time.Hour, key+".every",
		"must be 0 or from 30s to 1h, not %s", e.Every)
	r.duration(key+".min", e.Min, 0, 30*time.Minute)
	r.must(e.Round >= time.Minute && e.Round <= 10*time.Minute && e.Round%time.Minute == 0, key+".round",
		"must be whole minutes from 1m to 10m, not %s", e.Round)
	r.duration(key+".assume", e.Assume, 0, 2*time.Hour)
}
