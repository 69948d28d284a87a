package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// TestPeers10KillWhileControlled: the controller is killed again and again while callers are
// held, transferred, asked about and joined in conferences. Every caller ends with somebody or
// in a queue and hangs up himself, no agent is stuck, and the figures are equal afterwards.
func TestPeers10KillWhileControlled(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d: repeat with -chaos.seed=%d -chaos.kills=%d", *seed, *seed, *kills)
	dice := rand.New(rand.NewPCG(*seed, 9))
	const agents = 8
	h := house.OpenOutside(t, agents, func(c *configs.Config) {
		c.Queues[0].RingFor = 4 * time.Second
		c.Dialing.Allow = []configs.Pattern{"9*"}
		c.Dialing.MaxCalls, c.Dialing.MaxPerHour = 100, 1000
	})
	controller := h.Controller(house.Build(t), "controller")
	h.Until("the controller acts", func() bool { return len(h.Live().Agents) == agents })
	for i := range agents {
		h.Agent(i, phone(dice.Uint64()))
	}
	stop, players := make(chan struct{}), sync.WaitGroup{}
	var plays []*house.Play
	luck := rand.New(rand.NewPCG(*seed, 10))
	players.Go(func() { plays = scripts(h, luck, stop) })
	for range *kills {
		pass(t, time.Duration(2500+dice.IntN(3000))*time.Millisecond)
		controller.Kill()
		pass(t, time.Duration(dice.IntN(600))*time.Millisecond)
		controller.Start()
		h.Until("the controller acts again", func() bool { return len(h.Live().Agents) == agents })
	}
	close(stop)
	players.Wait()
	judgeControlled(t, h, h.Settle(), plays)
}

// scripts plays one call after another, four at a time, until it is stopped.
func scripts(h *house.House, dice *rand.Rand, stop <-chan struct{}) (plays []*house.Play) {
	var wg sync.WaitGroup
	defer wg.Wait()
	seats := make(chan struct{}, 4)
	for i := 0; ; i++ {
		select {
		case <-stop:
			return plays
		case seats <- struct{}{}:
		}
		outside := fmt.Sprintf("9%05d", i)
		_, err := h.Sim.NewOutside(phonesim.OutsideOptions{Number: outside, Behave: func(phonesim.Offer) phonesim.Action {
			return phonesim.Answer(300*time.Millisecond, 0)
		}})
		if err != nil {
			h.T.Error(err)
			return plays
		}
		p := h.NewPlay(house.Number(i), outside, house.Scripts[dice.IntN(len(house.Scripts))], dice.Uint64())
		plays = append(plays, p)
		wg.Go(func() { p.Run(); <-p.Leg.Done(); <-seats })
	}
}

// lengthMax is how far a recording's length and its call's may differ on a machine that starts
// a controller every few seconds.
const lengthMax = 150 * time.Millisecond

// unseen is how long a kill may last until the next run has taken everything up.
const unseen = 4 * time.Second

// judgeControlled prints the pass line.
func judgeControlled(t *testing.T, h *house.House, events []call.Event, plays []*house.Play) {
	t.Helper()
	dropped, lost, done, refused := 0, call.Millis(0), map[string]int{}, 0
	all := house.Stories(t, events, h.Sim.Ledger())
	for _, p := range plays {
		s := all[p.Number]
		if s == nil {
			t.Errorf("%s of %s is not in the ledger", p.Script, p.Number)
			continue
		}
		c := s.Caller
		if p.Script != house.GivesUp && c.Result != phonesim.ResultAnswered || c.EndedBy != phonesim.SideLocal {
			dropped++
			t.Errorf("dropped in %q (done %v, refused %v): %+v\n%s", p.Script, p.Asked, p.Refused, c,
				house.Tell(events, s.ID))
		}
		for _, e := range s.Kinds[call.Recorded] {
			lost += e.Recording.Missing
		}
		for _, verb := range p.Asked {
			done[verb]++
		}
		refused += len(p.Refused)
		house.CompareTalks(t, s, unseen)
		h.CompareControlledRecording(s, lengthMax)
	}
	f := h.CompareFigures(events)
	t.Logf("kills %d, calls %d, dropped %d, recording lost %v, answered %d, done %v, refused or unheard %d",
		*kills, len(plays), dropped, lost.Duration(), f.Answered, done, refused)
}
