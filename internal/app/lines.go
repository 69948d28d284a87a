package app

import (
	"time"

	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
	"hotline/configs/prompts"
)

// lines are the hotline numbers as the call flow knows them.
func (a *App) lines() []callflow.Line {
	out := make([]callflow.Line, 0, len(a.cfg.Lines))
	for _, l := range a.cfg.Lines {
		service := a.cfg.ServiceAt(l)
		out = append(out, callflow.Line{
			Number: l.Number, Queue: l.Queue, Greeting: a.greeting(l), Notice: a.sound(l.RecordingNotice),
			Goodbye: a.sound(prompts.GoodbyeBusy), Closed: a.sound(l.Closed), Message: a.messages(l),
			Hours: func(now time.Time) (call.QueueID, bool) {
				s := service(now)
				return s.Queue, s.Open
			},
		})
	}
	return out
}

// messages is when and how a line takes messages.
func (a *App) messages(l configs.Line) callflow.Message {
	m := callflow.Message{
		Key: l.MessageKey, Max: l.MessageMax, Thanks: a.sound(prompts.MessageThanks),
		Prompts: make(map[call.Reason]string, len(l.Messages)),
	}
	asking := map[call.Reason]string{call.Closed: prompts.MessageClosed, call.OnWish: prompts.Message}
	for _, occasion := range l.Messages {
		prompt, own := asking[call.Reason(occasion)]
		if !own {
			prompt = prompts.MessageBusy
		}
		m.Prompts[call.Reason(occasion)] = a.sound(prompt)
	}
	return m
}

// rooms are what callers hear while they wait and after the talk, by queue.
func (a *App) rooms() map[call.QueueID]callflow.Room {
	out := make(map[call.QueueID]callflow.Room, len(a.cfg.Queues))
	for _, q := range a.cfg.Queues {
		out[q.ID] = callflow.Room{
			Music: q.MusicClass, Announcement: a.sound(q.Announcement), AnnounceEvery: q.AnnounceEvery,
			Survey: callflow.Survey{
				Prompt: a.sound(q.Survey.Prompt), Percent: q.Survey.Percent, Thanks: a.sound(prompts.SurveyThanks),
			},
			Estimate: a.estimateOf(q), Callback: a.callbackOf(q),
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
