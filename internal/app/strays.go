package app

import (
	"context"
	"strings"
	"sync"
	"time"

	"hotline/ari"
	"hotline/call"
)

// strays are talks that an earlier run of this process joined. Nobody here knows their
// story, but two people talk: they are left alone, and when one side hangs up the other is
// hung up, too. Their recordings are judged as usual.
type strays struct {
	mu    sync.Mutex
	talks map[call.ID]*stray
}

type stray struct {
	begin time.Time       // of the caller's channel
	legs  map[string]bool // agents' legs that are up
}

// find takes note of the talks in a look at the switch.
func (s *strays) find(snap ari.Snapshot, known func(call.ID) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.talks = map[call.ID]*stray{}
	channels := make(map[string]ari.Channel, len(snap.Channels))
	for _, c := range snap.Channels {
		channels[c.ID] = c
	}
	for _, b := range snap.Bridges {
		id, ours := strings.CutPrefix(b.ID, bridgePrefix)
		if !ours || known(call.ID(id)) {
			continue
		}
		t := &stray{legs: map[string]bool{}}
		for _, member := range b.Channels {
			switch owner, isLeg := callOfLeg(member); {
			case member == id:
				t.begin = channels[id].Created
			case isLeg && owner == call.ID(id) && channels[member].State == ari.ChannelUp:
				t.legs[member] = true
			}
		}
		if !t.begin.IsZero() && len(t.legs) > 0 {
			s.talks[call.ID(id)] = t
		}
	}
}

func (s *strays) has(id call.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.talks[id] != nil
}

// end takes the end of a leg. It returns the talk when that is over with it, and the legs
// that are left to be hung up.
func (s *strays) end(id call.ID, leg string) (over *stray, left []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.talks[id]
	if t == nil {
		return nil, nil
	}
	delete(t.legs, leg)
	switch {
	case leg == string(id):
		for l := range t.legs {
			left = append(left, l)
		}
		delete(s.talks, id)
		return t, left
	case len(t.legs) == 0:
		return nil, []string{string(id)}
	}
	return nil, nil
}

// strayEnd hangs up what is left of a talk and hands its recording over.
func (a *App) strayEnd(ctx context.Context, id call.ID, e *ari.Event) {
	over, left := a.strays.end(id, e.Channel.ID)
	for _, leg := range left {
		a.orphan(ctx, leg)
	}
	if over != nil {
		a.recorder.End(id, over.begin, e.At)
		a.closeEmpty(ctx, []ari.Bridge{{ID: bridgePrefix + string(id)}})
	}
}

// closeEmpty deletes bridges of ours that nobody is in, one after another: many at once
// have brought Asterisk down.
func (a *App) closeEmpty(ctx context.Context, bridges []ari.Bridge) {
	a.side.Go(func() {
		for _, b := range bridges {
			id, ours := strings.CutPrefix(b.ID, bridgePrefix)
			if !ours || len(b.Channels) > 0 || a.calls.Known(call.ID(id)) {
				continue
			}
			bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandMax)
			if err := a.ari.DeleteBridge(bound, b.ID); err != nil {
				a.log.Warn("empty bridge stays", "bridge", b.ID, "error", err)
			}
			cancel()
		}
	})
}
