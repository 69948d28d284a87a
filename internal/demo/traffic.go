package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"hotline/configs"
	"hotline/configs/prompts"
	"hotline/internal/phonesim"
	"hotline/internal/phonesim/g711"
)

// Traffic is the simulated people of the demo: agents who sit at their phones and callers
// who complain.
type Traffic struct {
	sim    *phonesim.Sim
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Phones puts people on the first phones of the site, as many as agents says: callers come
// every so often on average, until Stop.
func (s *Site) Phones(ctx context.Context, agents int, every time.Duration, log *slog.Logger) (*Traffic, error) {
	sim, err := phonesim.New(phonesim.Options{CallerAddr: s.Asterisk.TrunkPeer, Log: log})
	if err != nil {
		return nil, err
	}
	living, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t := &Traffic{sim: sim, cancel: cancel}
	for i := range agents {
		if err := t.seat(ctx, s, i); err != nil {
			return nil, errors.Join(err, t.Stop(context.WithoutCancel(ctx)))
		}
	}
	t.wg.Go(func() { t.ring(living, s, every, log) })
	return t, nil
}

// seat registers the phone of the i-th agent.
func (t *Traffic) seat(ctx context.Context, s *Site, i int) error {
	a := s.Asterisk.Agents[i]
	says, err := speech(s.Config.Site.Language, "agent", i)
	if err != nil {
		return fmt.Errorf("demo agent %s: %w", a.Name, err)
	}
	_, err = t.sim.NewAgent(ctx, phonesim.AgentOptions{
		User: a.Name, Password: a.Password, Registrar: s.Asterisk.AgentAddr, Behave: manners(says),
	})
	if err != nil {
		return fmt.Errorf("demo agent %s: %w", a.Name, err)
	}
	return nil
}

// manners is how an agent treats an offer: most are answered soon, some ring out, a few are
// rejected.
func manners(says *phonesim.Audio) func(phonesim.Offer) phonesim.Action {
	return func(phonesim.Offer) phonesim.Action {
		switch n := rand.IntN(100); {
		case n < 8:
			return phonesim.RingOut()
		case n < 12:
			return phonesim.Reject(time.Second, 603)
		default:
			act := phonesim.Answer(between(1, 4), between(10, 25))
			act.Audio = says
			return act
		}
	}
}

// ring sends callers at random moments, as people do, until ctx ends.
func (t *Traffic) ring(ctx context.Context, s *Site, every time.Duration, log *slog.Logger) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(rand.ExpFloat64() * float64(every))):
		}
		says, err := speech(s.Config.Site.Language, "caller", n)
		if err == nil {
			_, err = t.sim.Call(ctx, phonesim.CallOptions{
				To: "sip:" + Line + "@" + s.Asterisk.TrunkAddr, From: fmt.Sprintf("138%08d", n+1),
				Patience: between(15, 60), Talk: between(8, 30), Audio: says,
			})
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("demo caller failed", "error", err)
		}
	}
}

// Stop hangs up all phones.
func (t *Traffic) Stop(ctx context.Context) error {
	t.cancel()
	t.wg.Wait()
	return t.sim.Close(ctx)
}

func speech(language configs.Language, party string, n int) (*phonesim.Audio, error) {
	raw, err := prompts.Demo(string(language), party, n)
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, len(raw))
	for i, b := range raw {
		pcm[i] = g711.ALaw.Decode(b)
	}
	return phonesim.NewAudio(pcm, true), nil
}

// between is a random length of time in seconds.
func between(low, high float64) time.Duration {
	return time.Duration((low + rand.Float64()*(high-low)) * float64(time.Second))
}
