package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline/internal/phonesim"
)

// agentsCmd registers agents and lets them work.
type agentsCmd struct {
	common
	Register     string        `help:"Registrar (host:port); empty: do not register." placeholder:"ADDR"`
	User         string        `help:"User name of the first agent; the others count on from its number." default:"a1001"`
	PasswordFile string        `help:"One password for all, or a line USER:PASSWORD for each." type:"existingfile"`
	Count        int           `help:"Number of agents." default:"1"`
	AnswerAfter  span          `help:"Ringing time before the answer: a duration, or a range as 1s-3s." default:"2s"`
	Talk         span          `help:"Talking time; 0s: until the caller hangs up." default:"0s"`
	RingOut      int           `help:"Percentage of offers that ring out." default:"0"`
	Reject       int           `help:"Percentage of offers declined with 603." default:"0"`
	Busy         int           `help:"Percentage of offers answered with 486." default:"0"`
	For          time.Duration `help:"Working time; 0s: until Ctrl-C." default:"0s"`
}

// Validate checks what the flags cannot say alone; kong calls it.
func (c *agentsCmd) Validate() error {
	if c.Count < 1 {
		return errors.New("--count must be at least 1")
	}
	if min(c.RingOut, c.Reject, c.Busy) < 0 || c.RingOut+c.Reject+c.Busy > 100 {
		return errors.New("--ring-out, --reject and --busy are percentages and must not exceed 100 together")
	}
	return nil
}

// Run works until the context or the working time ends.
func (c *agentsCmd) Run(e env) (err error) {
	passwords, err := readPasswords(c.PasswordFile)
	if err != nil {
		return err
	}
	audio, err := c.audio()
	if err != nil {
		return err
	}
	sim, finish, err := c.simulator(e, phonesim.Options{AgentAddr: c.Listen})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	behave := c.behaviour(audio)
	for i := range c.Count {
		user, err := numbered(c.User, i)
		if err != nil {
			return err
		}
		password, err := passwords.of(user)
		if err != nil && c.Register != "" {
			return err
		}
		_, err = sim.NewAgent(e.ctx, phonesim.AgentOptions{
			User: user, Password: password, Registrar: c.Register, Behave: behave,
		})
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(e.out, "%d agents ready at %s\n", c.Count, sim.AgentAddr())
	var over <-chan time.Time
	if c.For > 0 {
		timer := time.NewTimer(c.For)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-e.ctx.Done():
	case <-over:
	}
	return nil
}

// behaviour draws the action for each offer.
func (c *agentsCmd) behaviour(audio *phonesim.Audio) func(phonesim.Offer) phonesim.Action {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(c.Seed, 1))
	return func(phonesim.Offer) phonesim.Action {
		mu.Lock()
		defer mu.Unlock()
		switch n := r.IntN(100); {
		case n < c.RingOut:
			return phonesim.RingOut()
		case n < c.RingOut+c.Reject:
			return phonesim.Reject(c.AnswerAfter.draw(r), 603)
		case n < c.RingOut+c.Reject+c.Busy:
			return phonesim.Reject(0, 486)
		}
		act := phonesim.Answer(c.AnswerAfter.draw(r), c.Talk.draw(r))
		act.Audio = audio
		return act
	}
}

// numbered returns the name that follows first by n: a1001 and 2 give a1003.
func numbered(first string, n int) (string, error) {
	head := strings.TrimRight(first, "0123456789")
	digits := first[len(head):]
	if n == 0 {
		return first, nil
	}
	value, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return "", fmt.Errorf("%q must end in a number to count on from", first)
	}
	return fmt.Sprintf("%s%0*d", head, len(digits), value+uint64(n)), nil
}

// passwords are the lines of a password file.
type passwords []string

func readPasswords(path string) (passwords, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read passwords: %w", err)
	}
	var out passwords
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			out = append(out, line)
		}
	}
	return out, nil
}

// of returns a user's own password, or the only one there is.
func (p passwords) of(user string) (string, error) {
	for _, line := range p {
		if own, ok := strings.CutPrefix(line, user+":"); ok {
			return own, nil
		}
	}
	if len(p) == 1 {
		return p[0], nil
	}
	return "", fmt.Errorf("no password for %s: --password-file must hold one line, or a line %s:PASSWORD", user, user)
}
