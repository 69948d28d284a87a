package configs

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/configs/prompts"
)

func TestEstimateIsSaidInMinutes(t *testing.T) {
	e := Estimate{Every: time.Minute, Round: time.Minute}
	fives := Estimate{Every: time.Minute, Min: 2 * time.Minute, Round: 5 * time.Minute}
	for _, c := range []struct {
		e    Estimate
		wait time.Duration
		want []string
		told time.Duration
	}{
		{Estimate{Round: time.Minute}, time.Hour, nil, 0},
		{e, 30 * time.Second, []string{"wait-under-1"}, time.Minute},
		{e, time.Minute, []string{"wait-about", "minutes-1"}, time.Minute},
		{e, 61 * time.Second, []string{"wait-about", "minutes-2"}, 2 * time.Minute},
		{e, 11 * time.Minute, []string{"wait-about", "minutes-15"}, 15 * time.Minute},
		{e, 31 * time.Minute, []string{"wait-over-30"}, 30 * time.Minute},
		{fives, time.Minute, nil, 0},
		{fives, 3 * time.Minute, []string{"wait-about", "minutes-5"}, 5 * time.Minute},
	} {
		if got, told := c.e.Prompts(c.wait); !slices.Equal(got, c.want) || told != c.told {
			t.Errorf("%v by %+v: %v, %v, want %v, %v", c.wait, c.e, got, told, c.want, c.told)
		}
	}
}

// TestEstimateHasAPromptForEveryWait: and it never tells less than the truth.
func TestEstimateHasAPromptForEveryWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Estimate{
			Every: time.Minute, Round: time.Duration(rapid.IntRange(1, 10).Draw(t, "round")) * time.Minute,
		}
		wait := time.Duration(rapid.IntRange(0, 7200).Draw(t, "wait")) * time.Second
		got, told := e.Prompts(wait)
		for _, p := range got {
			if !prompts.Known(p) {
				t.Fatalf("%v: no prompt %q", wait, p)
			}
		}
		if len(got) == 0 || told < wait && wait <= 30*time.Minute {
			t.Fatalf("%v is told as %v, %v", wait, got, told)
		}
	})
}

func TestEstimateRules(t *testing.T) {
	cfg := loadSample(t)
	cfg.Queues[0].Estimate = Estimate{Every: time.Second, Min: time.Hour, Round: 90 * time.Second, Assume: -1}
	problems := cfg.check()
	for _, key := range []string{"every", "min", "round", "assume"} {
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Key == "queues[0].estimate."+key }) {
			t.Errorf("no problem with %s in %v", key, problems)
		}
	}
}
