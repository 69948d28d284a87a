package callflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/call"
)

// counter is a desk that knows agents by name and one number outside.
type counter struct {
	asked []string
}

func (c *counter) Number(agent call.AgentID, dialled string) (Target, error) {
	c.asked = append(c.asked, fmt.Sprintf("%s dials %s", agent, dialled))
	switch dialled {
	case "2002":
		return Target{Agent: "bob"}, nil
	case "110":
		return Target{Number: "110"}, nil
	default:
		return Target{}, errors.New("no such number")
	}
}

func (c *counter) Back(agent call.AgentID, to Target) {
	c.asked = append(c.asked, fmt.Sprintf("%s gives back %s", agent, to))
}

func (c *counter) Next(agent call.AgentID, digit int) error {
	c.asked = append(c.asked, fmt.Sprintf("%s wants %d", agent, digit))
	return nil
}

// coded runs a script in a world in which Ann talks and Bob answers.
func coded(t *testing.T, script func(w *world, c *counter)) {
	t.Helper()
	in(t, 2, func(w *world) {
		c := &counter{}
		w.m.opt.Desk = c
		w.m.opt.Codes = Codes{
			Hold: "*1", Transfer: "*2", Consult: "*3", Complete: "*4", Conference: "*5", Drop: "*6", Next: "*7",
		}
		w.talks("bob")
		script(w, c)
		w.gone("c1")
		w.rest(3 * time.Second)
	})
}

// keys has a phone press keys, one every 300 ms.
func (w *world) keys(leg call.LegID, keys string) {
	for _, k := range keys {
		w.m.Deliver("c1", KeyPressed{Leg: leg, Key: string(k)})
		w.rest(300 * time.Millisecond)
	}
}

func TestS16CodesOfAPhone(t *testing.T) {
	for name, c := range map[string]struct {
		keys string
		want string // that the switch was told
	}{
		"hold":            {"*1", "refresh,music calm,leave c1-a1"},
		"hold and back":   {"*1*1", "refresh,music calm,leave c1-a1,join c1-a1,stopmusic"},
		"a menu's digits": {"1212", ""},
		"a new beginning": {"*2200*1", "refresh,music calm,leave c1-a1"},
		"wrong state":     {"*4", "keys c1-a1 0"},
		"wrong number":    {"*2999#", "keys c1-a1 0"},
		"an unknown code": {"*99", ""},
	} {
		t.Run(name, func(t *testing.T) {
			coded(t, func(w *world, _ *counter) {
				w.orders = nil
				w.keys("c1-a1", c.keys)
				if got := strings.Join(w.orders, ","); got != c.want {
					t.Errorf("orders %s, want %s", got, c.want)
				}
			})
		})
	}
}

func TestS16BlindTransferByKeys(t *testing.T) {
	coded(t, func(w *world, c *counter) {
		w.keys("c1-a1", "*22002#")
		w.rest(3 * time.Second)
		if s := w.m.Calls()[0]; s.Agent != "bob" || s.Stage != Talking {
			t.Errorf("status %+v", s)
		}
		if !slices.Equal(c.asked, []string{"ann dials 2002"}) {
			t.Errorf("asked %q", c.asked)
		}
	})
}

func TestS16ConsultationConferenceAndDropByKeys(t *testing.T) {
	coded(t, func(w *world, _ *counter) {
		w.keys("c1-a1", "*32002#")
		w.rest(2 * time.Second)
		w.keys("c1-a1", "*5")
		if s := w.m.Calls()[0]; len(s.Parties) != 2 || !s.Parties[0].With || !s.Parties[1].With {
			t.Errorf("no conference: %+v", s)
		}
		w.keys("c1-a1", "*6")
		w.rest(time.Second)
		if s := w.m.Calls()[0]; len(s.Parties) != 1 || s.Agent != "ann" {
			t.Errorf("the third was not dropped: %+v", s)
		}
	})
	coded(t, func(w *world, _ *counter) {
		w.keys("c1-a1", "*32002#")
		w.rest(2 * time.Second)
		w.keys("c1-a1", "*4")
		w.rest(time.Second)
		if s := w.m.Calls()[0]; len(s.Parties) != 1 || s.Agent != "bob" {
			t.Errorf("not handed over: %+v", s)
		}
	})
}

func TestCodesAreBounded(t *testing.T) {
	coded(t, func(w *world, c *counter) {
		w.keys("c1-a1", "*7")
		w.rest(5 * time.Second)
		w.keys("c1-a1", "0") // too late
		w.keys("c1-a1", "*73")
		w.keys("c1-a1", "*2"+strings.Repeat("1", 40)+"#")
		w.keys("nobody", "*1")
		w.keys("c1", "*1") // the caller's keys are no codes
		if !slices.Equal(c.asked, []string{"ann wants 3"}) {
			t.Errorf("asked %q", c.asked)
		}
	})
}

// What the desk allowed and the call refused is given back.
func TestCodeThatTheCallRefusesIsGivenBack(t *testing.T) {
	coded(t, func(w *world, c *counter) {
		w.keys("c1-a1", "*32002#")
		w.rest(2 * time.Second)
		c.asked = nil
		w.keys("c1-a1", "*2110#")
		if !slices.Equal(c.asked, []string{"ann dials 110", "ann gives back number:110"}) {
			t.Errorf("asked %q", c.asked)
		}
	})
}
