package bench

import (
	"testing"
	"time"

	"hotline/internal/phonesim"
)

// Both sides serve the same phones on one Asterisk, one after the other: every caller
// hears an agent and is heard, and a turn leaves nothing behind.
func TestBothSidesServe(t *testing.T) {
	h := open(t, 3, manners(0))
	for _, s := range []side{theirs, ours} {
		h.begin(s)
		got, _ := h.measure(s, func() { h.stream(s, 500*time.Millisecond, 500*time.Millisecond, 2*time.Second) })
		h.end(s)
		if got.Calls < 3 || got.Failed > 0 || got.Conditions.CPU["asterisk"] == 0 {
			t.Errorf("%s: %+v", s, got)
		}
		if _, measured := got.Conditions.CPU["hotline"]; measured != (s == ours) {
			t.Errorf("%s: CPU of %v", s, got.Conditions.CPU)
		}
	}
	all, deaf := connections(h.sim.Ledger(), span{to: time.Now()})
	served := 0
	for _, r := range h.sim.Ledger() {
		if r.Role == phonesim.RoleCaller {
			served++
		}
	}
	if deaf > 0 || len(all) != served {
		t.Errorf("%d calls, %d connections, %d deaf", served, len(all), deaf)
	}
	for _, c := range all {
		if c.lost < 0 {
			t.Errorf("%+v: the frames' numbers are lost on their way through the switch", c)
		}
	}
}
