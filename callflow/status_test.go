package callflow

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestS16StatusShowsHoldConsultationAndConference(t *testing.T) {
	in(t, 2, func(w *world) {
		w.talks("bob")
		ann, bob := Party{Leg: "c1-a1", Agent: "ann", Up: true, With: true}, Party{Leg: "c1-c1-a1", Agent: "bob", Up: true}
		see := func(held bool, asked string, parties ...Party) {
			t.Helper()
			s := w.m.Calls()[0]
			got, want := Status{Held: s.Held, Consulting: s.Consulting, Parties: s.Parties}, Status{
				Held: held, Consulting: asked, Parties: parties,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		}
		see(false, "", ann)
		w.do("ann", Hold, Target{})
		ann.With = false
		see(true, "", ann)
		w.do("ann", Consult, Target{Agent: "bob"})
		w.rest(2 * time.Second)
		see(true, "agent:bob", ann, bob)
		w.do("ann", Conference, Target{})
		ann.With, bob.With = true, true
		see(false, "", ann, bob)
		w.gone("c1")
		w.rest(time.Second)
	})
}
