package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"hotline/internal/phonesim"
)

// callersCmd dials.
type callersCmd struct {
	common
	To       string  `help:"SIP URI to dial, sip:NUMBER@HOST:PORT." required:""`
	From     string  `help:"Number of the first caller; the others count on." default:"13800000001"`
	Count    int     `help:"Number of calls." default:"1"`
	Rate     float64 `help:"Calls begun per second." default:"1"`
	Talk     span    `help:"Talking time after an agent is heard; 0s: until the agent hangs up." default:"0s"`
	Patience span    `help:"Waiting time before giving up; 0s: for ever." default:"0s"`
}

// Validate checks what the flags cannot say alone; kong calls it.
func (c *callersCmd) Validate() error {
	if c.Count < 1 {
		return errors.New("--count must be at least 1")
	}
	if c.Rate <= 0 || c.Rate > 1000 {
		return errors.New("--rate must be above 0 and at most 1000 calls per second")
	}
	return nil
}

// Run dials at an even pace and waits for the last call to end. Late calls do
// not delay the ones after them: call i begins at i / rate.
func (c *callersCmd) Run(e env) (err error) {
	audio, err := c.audio()
	if err != nil {
		return err
	}
	sim, finish, err := c.simulator(e, phonesim.Options{CallerAddr: c.Listen})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	r := rand.New(rand.NewPCG(c.Seed, 2))
	begin := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	legs := make([]*phonesim.Leg, 0, c.Count)
	for i := range c.Count {
		timer.Reset(time.Until(begin.Add(time.Duration(float64(i) / c.Rate * float64(time.Second)))))
		select {
		case <-e.ctx.Done():
			return nil
		case <-timer.C:
		}
		from, err := numbered(c.From, i)
		if err != nil {
			return err
		}
		leg, err := sim.Call(e.ctx, phonesim.CallOptions{
			To: c.To, From: from, Patience: c.Patience.draw(r), Talk: c.Talk.draw(r), Audio: audio,
		})
		if err != nil {
			return err
		}
		legs = append(legs, leg)
	}
	for _, leg := range legs {
		select {
		case <-e.ctx.Done():
			return nil
		case <-leg.Done():
		}
	}
	return nil
}

// span is a duration or a range of durations to draw from evenly.
type span struct {
	low, high time.Duration
}

// UnmarshalText reads 2s or 1s-3s.
func (s *span) UnmarshalText(text []byte) error {
	first, last, isRange := strings.Cut(string(text), "-")
	low, err := time.ParseDuration(first)
	if err != nil {
		return err
	}
	high := low
	if isRange {
		if high, err = time.ParseDuration(last); err != nil {
			return err
		}
	}
	if low < 0 || high < low {
		return fmt.Errorf("%q is not a range of durations from low to high", text)
	}
	*s = span{low, high}
	return nil
}

func (s span) draw(r *rand.Rand) time.Duration {
	return s.low + time.Duration(r.Int64N(int64(s.high-s.low)+1))
}
