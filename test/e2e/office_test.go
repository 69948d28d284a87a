package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/test/house"
	"hotline/web"
)

// tolerance is how far two watches may differ on the same length of time.
const tolerance = 50 * time.Millisecond

// office is a site whose agents have what a desktop gives them: the API.
type office struct {
	*house.House
	phones []*phonesim.Agent
	offers chan phonesim.Offer // the first ones to any phone
}

// openOffice opens a site with agents who all answer at once, in one queue of their own and one
// of seniors with the last agent, and a world outside of one number.
func openOffice(t *testing.T, agents int, change func(*configs.Config)) *office {
	t.Helper()
	d := &office{offers: make(chan phonesim.Offer, 64), House: house.Open(t, agents, func(c *configs.Config) {
		c.Queues[0].Extension = "7000"
		seniors := c.Queues[0]
		seniors.ID, seniors.Extension, seniors.Skill, seniors.MinLevel = "seniors", "7001", "complaints", "senior"
		c.Queues = append(c.Queues, seniors)
		last := &c.Agents[agents-1]
		last.Skills = map[string]configs.Level{"complaints": "manager"}
		last.Queues = nil
		c.Dialing.Allow = []configs.Pattern{"139XXXXXXXX", "110"}
		c.Dialing.Forbid = []configs.Pattern{"13900000000"}
		if change != nil {
			change(c)
		}
	})}
	for i := range agents {
		d.phones = append(d.phones, d.Agent(i, func(o phonesim.Offer) phonesim.Action {
			select {
			case d.offers <- o:
			default:
			}
			return phonesim.Answer(100*time.Millisecond, 0)
		}))
	}
	return d
}

// outside is a telephone at the far side of the trunk.
func (d *office) outside(number string, act phonesim.Action) *phonesim.Outside {
	d.T.Helper()
	o, err := d.Sim.NewOutside(phonesim.OutsideOptions{
		Number: number, Lines: 4, Behave: func(phonesim.Offer) phonesim.Action { return act },
	})
	if err != nil {
		d.T.Fatal(err)
	}
	return o
}

// ask asks the API and returns the status and the answer.
func (d *office) ask(method, path, body string) (int, string) {
	d.T.Helper()
	req, err := http.NewRequestWithContext(d.T.Context(), method, "http://"+d.App.Addr()+path, strings.NewReader(body))
	if err != nil {
		d.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.T.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.T.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode, string(text)
}

func (d *office) post(path, body string) (int, string) {
	d.T.Helper()
	return d.ask(http.MethodPost, path, body)
}

// do has an agent control his call; rest is the end of the body, such as a target.
func (d *office) do(id call.ID, agent, verb, rest string) {
	d.T.Helper()
	body := fmt.Sprintf(`{"agent":%q,"do":%q%s}`, agent, verb, rest)
	if status, text := d.post("/api/v1/calls/"+string(id)+"/control", body); status != http.StatusNoContent {
		d.T.Fatalf("%s: %d %s", body, status, text)
	}
}

// dialOut has an agent call a number.
func (d *office) dialOut(agent, number string) call.ID {
	d.T.Helper()
	status, text := d.post("/api/v1/agents/"+agent+"/calls", fmt.Sprintf(`{"number":%q}`, number))
	var answer struct{ Call call.ID }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusAccepted {
		d.T.Fatalf("dial %s: %d %s", number, status, text)
	}
	return answer.Call
}

// one is the only call there is.
func (d *office) one() web.LiveCall {
	d.T.Helper()
	var c web.LiveCall
	d.Until("there is one call", func() bool {
		calls := d.Live().Calls
		if len(calls) == 1 {
			c = calls[0]
		}
		return len(calls) == 1
	})
	return c
}

// leg is the present call of an agent's phone.
func (d *office) leg(i int) *phonesim.Leg {
	d.T.Helper()
	var l *phonesim.Leg
	d.Until("the agent's phone has a call", func() bool {
		if calls := d.phones[i].Calls(); len(calls) > 0 {
			l = calls[len(calls)-1]
		}
		return l != nil && !l.Record().Answered.IsZero()
	})
	return l
}

// talking brings a caller to a talk with agent i.
func (d *office) talking(i int) (caller, agent *phonesim.Leg, id call.ID) {
	d.T.Helper()
	caller = d.Call(phonesim.CallOptions{From: house.Number(1)})
	d.Heard(caller)
	agent = d.leg(i)
	return caller, agent, d.one().ID
}

// hears waits until a leg has heard the code of another one for a second from now on.
func (d *office) hears(l, other *phonesim.Leg) {
	d.T.Helper()
	since, code := time.Now().Add(time.Second), other.Record().Tone
	d.Until(l.Record().Party+" hears "+other.Record().Party, func() bool {
		r := l.Record()
		for _, s := range r.Heard {
			if s.Tone == code && s.Last.After(since) {
				return true
			}
		}
		return false
	})
}

// talks holds the ledger's talk of every answered leg of an agent against his phone's.
func (d *office) talks(events []call.Event) {
	d.T.Helper()
	ledger := map[string][]call.Event{}
	for _, e := range events {
		if e.Kind == call.TalkEnded {
			ledger[string(e.Agent)] = append(ledger[string(e.Agent)], e)
		}
	}
	for _, r := range d.Sim.Ledger() {
		if r.Role != phonesim.RoleAgent || r.Answered.IsZero() {
			continue
		}
		mine := ledger[r.Party]
		if len(mine) == 0 {
			d.T.Errorf("%s talked, and the ledger does not know it", r.Party)
			continue
		}
		talk := r.Ended.Sub(r.Answered)
		if off := (mine[0].Talk.Duration() - talk).Abs(); off > tolerance {
			d.T.Errorf("%s talked %v by his phone, %v by the ledger", r.Party, talk, mine[0].Talk.Duration())
		}
		ledger[r.Party] = mine[1:]
	}
	for agent, left := range ledger {
		if len(left) > 0 {
			d.T.Errorf("the ledger has %d talks of %s that his phone does not know", len(left), agent)
		}
	}
}

// of are the events of a kind of one call.
func of(events []call.Event, id call.ID, kind call.Kind) []call.Event {
	var out []call.Event
	for _, e := range events {
		if e.Call == id && e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// ended waits for the end of a call in the ledger.
func (d *office) ended(id call.ID) call.Event {
	d.T.Helper()
	var found []call.Event
	d.Until("the call "+string(id)+" has ended", func() bool {
		found = of(d.Events(), id, call.Ended)
		return len(found) > 0
	})
	return found[0]
}
