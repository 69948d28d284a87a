package app

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/call"
	"hotline/configs"
)

const (
	// slotMax is how long an allowed number counts as a call although none is there yet: an
	// agent's phone rings before a number is dialled for him.
	slotMax = time.Minute
	// hour is the window of configs.Dialing.MaxPerHour.
	hour = time.Hour
)

// dialer decides which numbers outside may be dialled. All ways to dial go through it: the
// API, keys in a call and an idle phone.
type dialer struct {
	rules configs.Dialing
	zone  *time.Location
	now   func() time.Time
	legs  func() int // legs to numbers outside that are there now

	mu     sync.Mutex
	slots  []slot                       // allowed and not there yet
	recent map[call.AgentID][]time.Time // allowed within the last hour; at most MaxPerHour each
}

// slot is a call that was allowed.
type slot struct {
	number string
	at     time.Time
}

func newDialer(c *configs.Config, legs func() int) *dialer {
	return &dialer{
		rules: c.Dialing, zone: c.Zone(), now: time.Now, legs: legs, recent: map[call.AgentID][]time.Time{},
	}
}

// allow takes a number as an agent dialled it. It returns the number itself, or the rule
// that it breaks. What is allowed counts as a call from now on, see back.
func (d *dialer) allow(agent call.AgentID, dialled string) (number, rule string) {
	number, own := strings.CutPrefix(dialled, d.rules.Strip)
	if !own {
		return "", "must begin with " + d.rules.Strip
	}
	if rule = d.kind(number); rule != "" {
		return "", rule
	}
	now := d.now()
	if d.rules.Night.Contains(now.In(d.zone)) {
		return "", fmt.Sprintf("must not be dialled from %s to %s", d.rules.Night.From, d.rules.Night.To)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slots = slices.DeleteFunc(d.slots, func(s slot) bool { return now.Sub(s.at) > slotMax })
	mine := slices.DeleteFunc(d.recent[agent], func(at time.Time) bool { return now.Sub(at) > hour })
	d.recent[agent] = mine
	switch {
	case len(mine) >= d.rules.MaxPerHour:
		return "", fmt.Sprintf("must wait: %d calls within an hour are allowed", d.rules.MaxPerHour)
	case d.legs()+len(d.slots) >= d.rules.MaxCalls:
		return "", fmt.Sprintf("must wait: %d calls outside at once are allowed", d.rules.MaxCalls)
	}
	d.slots = append(d.slots, slot{number, now})
	d.recent[agent] = append(mine, now)
	return number, ""
}

// kind holds a number against the lists.
func (d *dialer) kind(number string) (rule string) {
	matches := func(p configs.Pattern) bool { return p.Matches(number) }
	switch {
	case number == "" || strings.Trim(number, "0123456789") != "":
		return "must be digits alone"
	case len(number) > d.rules.MaxDigits:
		return fmt.Sprintf("must have at most %d digits", d.rules.MaxDigits)
	case slices.ContainsFunc(d.rules.Forbid, matches):
		return "must not be one of the numbers that are forbidden"
	case !slices.ContainsFunc(d.rules.Allow, matches):
		return "must be one of the numbers that are allowed"
	}
	return ""
}

// back returns what an allowed number took, because it was not dialled after all.
func (d *dialer) back(agent call.AgentID, number string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take(number)
	if mine := d.recent[agent]; len(mine) > 0 {
		d.recent[agent] = mine[:len(mine)-1]
	}
}

// note hears of a leg that is there now and so is counted by legs.
func (d *dialer) note(ev call.Event) {
	number := strings.TrimPrefix(ev.Target, "number:")
	switch {
	case ev.Direction == call.CallBack:
		return // nobody asked for it here
	case ev.Kind == call.Dialled && ev.Direction != call.Outbound:
	case ev.Kind == call.Arrived && ev.Direction == call.Outbound:
		number = ev.Number
	default:
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take(number)
}

// take removes the oldest slot of a number.
func (d *dialer) take(number string) {
	if i := slices.IndexFunc(d.slots, func(s slot) bool { return s.number == number }); i >= 0 {
		d.slots = slices.Delete(d.slots, i, i+1)
	}
}
