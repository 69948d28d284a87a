package app

import (
	"time"

	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

// lines are the hotline numbers as the call flow knows them.
func (a *App) lines() []callflow.Line {
	out := make([]callflow.Line, 0, len(a.cfg.Lines))
	for _, l := range a.cfg.Lines {
		out = append(out, callflow.Line{
			Number: l.Number, Queue: l.Queue, Greeting: a.greeting(l), Goodbye: a.sound("goodbye-busy"),
		})
	}
	return out
}

// rooms are what callers hear while they wait, by queue.
func (a *App) rooms() map[call.QueueID]callflow.Room {
	out := make(map[call.QueueID]callflow.Room, len(a.cfg.Queues))
	for _, q := range a.cfg.Queues {
		out[q.ID] = callflow.Room{
			Music: q.MusicClass, Announcement: a.sound(q.Announcement), AnnounceEvery: q.AnnounceEvery,
		}
	}
	return out
}

// greeting names the sound of the hour (S10).
func (a *App) greeting(l configs.Line) func(time.Time) string {
	prompt := a.cfg.GreetingAt(l)
	return func(now time.Time) string { return a.sound(prompt(now)) }
}

// sound is the media of a prompt; no prompt has none.
func (a *App) sound(prompt string) string {
	if prompt == "" {
		return ""
	}
	return a.cfg.Sound(prompt)
}
