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

// enter completes the command by which the caller enters a queue. Who resumes his stay has
// his grade again; what came of an earlier call was settled at his first entry.
func (f *flow) enter(cmd acd.Enter) acd.Enter {
	if f.m.opt.Standing == nil {
		return cmd
	}
	s := f.m.opt.Standing(f.a, cmd.Queue)
	cmd.Level, cmd.Priority = s.Level, s.Priority
	if !cmd.Resumed {
		cmd.Prefer, cmd.PreferFor, cmd.Place = s.Prefer, s.PreferFor, s.Place
	}
	return cmd
}

// flag shows whether the agent who is rung, or talks, is below the level that the caller
// wants (S5).
func (f *flow) flag(below bool) {
	f.seenMu.Lock()
	defer f.seenMu.Unlock()
	f.seen.Below = below
}
