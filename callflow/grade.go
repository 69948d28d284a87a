package callflow

import (
	"time"

	"hotline/acd"
	"hotline/call"
)

// Grade is what kind of customer a caller is, such as a key account (大用户). The zero value
// is a caller without one.
type Grade struct {
	ID   string // stands in the ledger
	Name string // shown to agents
}

// Standing is how a caller enters a queue: what his grade asks for, and what is left of an
// earlier call of his number. The zero value is a caller like any other.
type Standing struct {
	Level    acd.Level // see acd.Enter
	Priority int
	// Prefer is the agent whom he talked with before, and PreferFor how long he waits for him.
	Prefer    call.AgentID
	PreferFor time.Duration
	// Place is the queue entry of an abandoned call whose place he has again; zero = none.
	Place time.Time
}

// enter completes a command by which the caller enters a queue with what his grade asks
// for. A transfer may ask for a higher level.
func (f *flow) enter(cmd acd.Enter) acd.Enter {
	if f.m.opt.Standing != nil {
		s := f.m.opt.Standing(f.a, cmd.Queue)
		cmd.Level, cmd.Priority = max(cmd.Level, s.Level), s.Priority
	}
	return cmd
}

// enterFirst does so for the first entry of the call, where earlier calls count, too. Later
// they do not: whoever was transferred does not want the agent back who transferred him.
func (f *flow) enterFirst(cmd acd.Enter) acd.Enter {
	if f.m.opt.Standing != nil {
		s := f.m.opt.Standing(f.a, cmd.Queue)
		cmd.Prefer, cmd.PreferFor, cmd.Place = s.Prefer, s.PreferFor, s.Place
	}
	return f.enter(cmd)
}

// flag shows whether the agent who is rung, or talks, is below the level that the caller
// wants (S5).
func (f *flow) flag(below bool) {
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	f.seen.Below = below
}
