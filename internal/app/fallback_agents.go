package app

import (
	"time"

	"hotline/acd"
	"hotline/call"
)

// hold keeps an agent from being rung as long as Asterisk's own queue has his phone: to the
// engine he is signed out until release.
func (r *roster) hold(id call.AgentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.person(id)
	if p == nil {
		return
	}
	p.idle = time.Time{}
	if p.held {
		return
	}
	p.held, p.after = true, acd.Restore{}
	r.log.Info("agent has a call that began without a controller", "agent", id)
	if !p.pending && p.online && !p.away {
		r.submit(acd.SignOut{Agent: id, Reason: ReasonFallback})
	}
}

// held tells whether the agent is held.
func (r *roster) held(id call.AgentID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.person(id)
	return p != nil && p.held
}

// holds tells whether nothing is known of the agent but what release will say of him.
func (r *roster) holds(id call.AgentID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.person(id)
	return p != nil && (p.held || p.pending)
}

// keep takes the state that an agent who is held is to have afterwards; false when he is not.
func (r *roster) keep(back acd.Restore) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.person(back.Agent)
	if p == nil || !p.held {
		return false
	}
	if back.State == call.Break {
		p.after = back
	}
	return true
}

// restMin is how long a phone must be free before its agent is released without work: the
// end of his talk may be written a moment after his channel is gone.
const restMin = 200 * time.Millisecond

// release gives the engine back the agents whose phones are free again at that time: at
// their work after the call, on the break they were on before, or ready. It tells how many
// are held still.
func (r *roster) release(
	now time.Time, engaged map[call.AgentID]bool, work map[call.AgentID]acd.Restore,
) (held int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.agents {
		task, works := work[p.id]
		if !p.held && works && p.pending {
			r.submit(task) // the sign-in that follows finds him at work and is refused
		}
		if p.held && p.idle.IsZero() && !engaged[p.id] {
			p.idle = now
		}
		switch {
		case !p.held:
			continue
		case engaged[p.id], !works && now.Sub(p.idle) < restMin:
			held++
			continue
		}
		after := p.after
		p.held, p.after = false, acd.Restore{}
		switch {
		case !p.online || p.away || p.pending:
		case works:
			if after.State == call.Break {
				task.Next, task.NextWhy = call.Break, after.Reason
			}
			r.submit(task)
		case after.State != "":
			r.submit(after)
		default:
			r.submit(acd.SignIn{Agent: p.id})
		}
	}
	return held
}
