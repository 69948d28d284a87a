package app

import (
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
)

// allowing is a dialer of a site that lets mobile phones and emergency numbers be dialled.
func allowing(change func(*configs.Dialing)) (d *dialer, now *time.Time, legs *int) {
	c := configs.Default()
	c.Dialing.Allow, c.Dialing.Forbid = []configs.Pattern{"1XXXXXXXXXX", "110", "0*"}, []configs.Pattern{"00*"}
	c.Dialing.MaxCalls, c.Dialing.MaxPerHour = 2, 3
	if change != nil {
		change(&c.Dialing)
	}
	now, legs = new(time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)), new(0) // noon in Shanghai
	d = newDialer(c, func() int { return *legs })
	d.now = func() time.Time { return *now }
	return d, now, legs
}

func TestS13NumberIsCheckedByEachRule(t *testing.T) {
	const unlisted, forbidden = "must be one of the numbers that are allowed",
		"must not be one of the numbers that are forbidden"
	night := func(from, to configs.ClockTime) func(*configs.Dialing) {
		return func(d *configs.Dialing) { d.Night = configs.Period{From: from, To: to} }
	}
	for name, c := range map[string]struct {
		change                func(*configs.Dialing)
		dialled, number, rule string
	}{
		"allowed":          {nil, "13800000001", "13800000001", ""},
		"by a beginning":   {nil, "01012345678", "01012345678", ""},
		"not listed":       {nil, "95001", "", unlisted},
		"forbidden first":  {nil, "0044123", "", forbidden},
		"too long":         {nil, "0123456789012345", "", "must have at most 15 digits"},
		"letters":          {nil, "1380000000a", "", "must be digits alone"},
		"an injection":     {nil, "110@evil", "", "must be digits alone"},
		"empty":            {nil, "", "", "must be digits alone"},
		"default":          {func(d *configs.Dialing) { d.Allow = nil }, "110", "", unlisted},
		"with a strip":     {func(d *configs.Dialing) { d.Strip = "9" }, "9110", "110", ""},
		"without a strip":  {func(d *configs.Dialing) { d.Strip = "9" }, "110", "", "must begin with 9"},
		"in the night":     {night(11*60, 13*60), "110", "", "must not be dialled from 11:00 to 13:00"},
		"not in the night": {night(22*60, 12*60), "110", "110", ""},
	} {
		d, _, _ := allowing(c.change)
		if number, rule := d.allow("ann", c.dialled); number != c.number || rule != c.rule {
			t.Errorf("%s: %q, %q", name, number, rule)
		}
	}
}

func TestS13CallsOutsideAreCapped(t *testing.T) {
	d, now, legs := allowing(nil)
	must := func(agent call.AgentID, want string) {
		t.Helper()
		if _, rule := d.allow(agent, "110"); !strings.Contains(rule, want) || (rule == "") != (want == "") {
			t.Fatalf("%q, want %q", rule, want)
		}
	}
	must("ann", "")
	must("ann", "")
	must("bob", "2 calls outside at once")
	// One of them is there now, the other was never dialled.
	*legs = 1
	d.note(call.Event{Kind: call.Dialled, Target: "number:110"})
	must("bob", "2 calls outside at once")
	d.back("ann", "110")
	must("ann", "")
	// What was allowed and never came is forgotten after a while.
	*now = now.Add(2 * time.Minute)
	must("ann", "")
	*legs, *now = 0, now.Add(2*time.Minute)
	must("ann", "3 calls within an hour")
	must("bob", "")
	*now = now.Add(time.Hour)
	must("ann", "")
	// A call that an agent dials is a leg from its arrival on.
	d.note(call.Event{Kind: call.Arrived, Direction: call.Outbound, Number: "110"})
	d.note(call.Event{Kind: call.Dialled, Direction: call.Outbound, Target: "number:110"})
	if len(d.slots) != 0 {
		t.Errorf("slots %v", d.slots)
	}
}
