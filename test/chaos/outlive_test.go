package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hotline/ari"
	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

const outliveAgents = 6

// outlive opens a site with a controller that acts and agents who are ready. They hang up
// when nobody is heard, as people do: a caller may have ended a talk whose controller is dead.
func outlive(t *testing.T) (h *house.House, program string, controller *house.Controller) {
	t.Helper()
	h = house.OpenOutside(t, outliveAgents, func(c *configs.Config) { c.Queues[0].RingFor = 5 * time.Second })
	program = house.Build(t)
	controller = h.Controller(program, "zero")
	h.Until("the controller acts", acts(h))
	for i := range outliveAgents {
		behave := phone(uint64(i))
		h.Agent(i, func(o phonesim.Offer) phonesim.Action {
			act := behave(o)
			act.Silence = 3 * time.Second
			return act
		})
	}
	return h, program, controller
}

func acts(h *house.House) func() bool {
	return func() bool { return len(h.Live().Agents) == outliveAgents }
}

// load lets callers come until the test says enough, which gives their legs.
func load(h *house.House, slower int) (enough func() []*phonesim.Leg) {
	h.T.Helper()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	h.T.Logf("seed %d: repeat with -chaos.seed=%d", *seed, *seed)
	stop, arrivals := make(chan struct{}), sync.WaitGroup{}
	var legs []*phonesim.Leg
	arrivals.Go(func() { legs = callers(h, *seed, slower, stop) })
	h.T.Cleanup(arrivals.Wait)
	return func() []*phonesim.Leg {
		close(stop)
		arrivals.Wait()
		h.Over(legs...)
		return legs
	}
}

// TestPeers10DownUnderLoad: the controller is killed and stays away for a moment, and for
// longer than callers are kept waiting, while new ones come all the time.
// Agents answer them; nobody is dropped or rung twice, no phone gets a second call from
// whoever is back, and every call is in ledger, figures and recordings.
func TestPeers10DownUnderLoad(t *testing.T) {
	h, _, controller := outlive(t)
	enough := load(h, 2)
	var extra []*phonesim.Leg // that come as soon as nobody is there
	for i := range 2 {
		pass(t, 1500*time.Millisecond)
		controller.Kill()
		killed := time.Now()
		extra = append(extra, h.Call(phonesim.CallOptions{From: house.Number(1000 + i), Talk: 3 * time.Second}))
		pass(t, 100*time.Millisecond)
		if i > 0 {
			h.Until("an agent has picked up without a controller", func() bool {
				return slices.ContainsFunc(h.Sim.Ledger(), func(r phonesim.Record) bool {
					return r.Role == phonesim.RoleAgent && r.Invite.After(killed.Add(time.Second)) && !r.Answered.IsZero()
				})
			})
		}
		controller.Start()
		h.Until("the controller acts again", acts(h))
	}
	pass(t, time.Second)
	legs := append(enough(), extra...)
	h.Over(extra...)
	events := h.Settle()
	judge(t, h, events, len(legs))
	without := 0
	for _, e := range events {
		if e.Kind == call.Answered && e.Fallback {
			without++
		}
	}
	t.Logf("%d calls were answered while no controller was there", without)
	if without == 0 {
		t.Error("no call was answered while no controller was there")
	}
}

// TestPeers10StoppedUnderLoad: the only controller stands still (SIGSTOP) for less and for
// more than its lease lasts. Nobody else is there, so it goes on where it was.
func TestPeers10StoppedUnderLoad(t *testing.T) {
	h, _, controller := outlive(t)
	enough := load(h, 1)
	for _, still := range []time.Duration{200 * time.Millisecond, 2500 * time.Millisecond} {
		pass(t, time.Second)
		controller.Signal(syscall.SIGSTOP)
		pass(t, still)
		controller.Signal(syscall.SIGCONT)
	}
	pass(t, time.Second)
	if !controller.Running() {
		t.Error("the controller ended though nobody had taken over")
	}
	legs := enough()
	judge(t, h, h.Settle(), len(legs))
}

// TestPeers10RollingUpgrade: under load a new process is started beside the old one, stands
// by, and takes over as soon as the old one is asked to end (SIGTERM), again and again. The
// old one ends in order within five seconds, and no call is lost.
func TestPeers10RollingUpgrade(t *testing.T) {
	h, program, old := outlive(t)
	enough := load(h, 1)
	for _, name := range []string{"one", "two"} {
		pass(t, 1500*time.Millisecond)
		next := h.Controller(program, name)
		h.Until("the new one stands by", next.StandsBy)
		asked, ended := time.Now(), make(chan time.Duration, 1)
		go func() { ended <- old.End() }()
		h.Until("the new one acts", acts(h))
		took := time.Since(asked)
		if took > time.Second {
			t.Errorf("the take-over took %v: the lease was not given back", took)
		}
		t.Logf("taken over after %v, the old one ended after %v",
			took.Round(time.Millisecond), (<-ended).Round(time.Millisecond))
		old = next
	}
	pass(t, time.Second)
	legs := enough()
	judge(t, h, h.Settle(), len(legs))
}

// TestPeers10AnotherClientTakesTheApplication: a second ARI client connects under our name
// in mid-talk. The controller stops at once with an alarm and an error, and does not take
// the application back: two that do would do nothing else. Started again by hand when the
// other is gone, it takes up the talk and who came meanwhile.
func TestPeers10AnotherClientTakesTheApplication(t *testing.T) {
	h, _, controller := outlive(t)
	legs := []*phonesim.Leg{h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 6 * time.Second})}
	h.Heard(legs[0])
	other, gone := stranger(t, h)
	var exit *exec.ExitError
	if err := controller.Wait(5 * time.Second); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the controller ended with %v, want exit code 1", err)
	}
	controller.Forget()
	if !strings.Contains(controller.Log(), "ALARM: another controller has taken over") {
		t.Error("no alarm stands in the log")
	}
	legs = append(legs, h.Call(phonesim.CallOptions{From: house.Number(1), Talk: time.Second}))
	pass(t, time.Second)
	if s := other.Stats(); !s.Connected || s.Reconnects > 0 {
		t.Errorf("the application was taken back: %+v", s)
	}
	gone()
	controller.Start()
	h.Until("the controller acts again", acts(h))
	h.Over(legs...)
	judge(t, h, h.Settle(), len(legs))
}

// stranger connects another client under the application's name and reads what it is told.
func stranger(t *testing.T, h *house.House) (client *ari.Client, gone func()) {
	t.Helper()
	a := h.Config.Asterisk
	client, err := ari.New(ari.Options{URL: a.URL + "/ari", User: a.User, Password: a.Password.Reveal(), App: a.App})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := client.Run(ctx); err != nil {
			t.Errorf("the other client: %v", err)
		}
	})
	up := make(chan struct{})
	parts.Go(func() {
		for m := range client.Messages() {
			if _, is := m.(*ari.Up); is {
				close(up)
			}
		}
	})
	select {
	case <-up:
	case <-time.After(10 * time.Second):
		t.Fatal("the other client does not connect")
	}
	return client, func() { cancel(); parts.Wait() }
}

// TestPeers10DeadControllersPhoneStopsRinging: the controller is killed while a phone rings
// and does not come back. The switch ends the ringing soon, so that its own queue may have the
// agent; when the controller is back, the caller who waited all the time reaches somebody.
func TestPeers10DeadControllersPhoneStopsRinging(t *testing.T) {
	h := house.OpenOutside(t, 1, nil)
	controller := h.Controller(house.Build(t), "controller")
	h.Until("the controller acts", func() bool { return len(h.Live().Agents) == 1 })
	var rung atomic.Int32
	h.Agent(0, func(phonesim.Offer) phonesim.Action {
		if rung.Add(1) == 1 {
			return phonesim.RingOut()
		}
		return phonesim.Answer(200*time.Millisecond, 0)
	})
	leg := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second})
	offers := func() (all []phonesim.Record) {
		for _, r := range h.Sim.Ledger() {
			if r.Role == phonesim.RoleAgent {
				all = append(all, r)
			}
		}
		return all
	}
	h.Until("the phone rings", func() bool { return len(offers()) == 1 && !offers()[0].Ringing.IsZero() })
	controller.Kill()
	h.Until("the phone is silent", func() bool { return !offers()[0].Ended.IsZero() })
	if r := offers()[0]; r.Ended.Sub(r.Ringing) > 10*time.Second {
		t.Errorf("the phone rang for %v without a controller", r.Ended.Sub(r.Ringing))
	}
	controller.Start()
	h.Until("the controller acts again", func() bool { return len(h.Live().Agents) == 1 })
	h.Over(leg)
	judge(t, h, h.Settle(), 1)
}
