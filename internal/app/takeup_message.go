package app

import (
	"time"

	"hotline/call"
	"hotline/callflow"
)

// note takes what a caller did beside queue and talk: a message, an answer to the survey.
func (s *story) note(e call.Event) {
	switch e.Kind {
	case call.MessageBegun:
		s.speaking = e
	case call.Messaged:
		s.speaking, s.messaged = call.Event{}, e
	case call.SurveyBegun:
		s.rating = e
	case call.Surveyed:
		s.rating = call.Event{}
	default: // the others are told elsewhere
	}
}

// aside says how a caller goes on who left a message: he speaks on into the recording that
// has not stopped, or his call is over. It reports false when there is no message.
func (s *story) aside(past *callflow.Resumption) bool {
	switch {
	case s.speaking.Kind != "":
		past.Spoken = &callflow.Spoken{Since: s.speaking.At, Why: call.Reason(s.speaking.Reason)}
	case s.messaged.Kind != "":
		ending := s.ending()
		past.Ending = &ending
	case s.left.Outcome == call.ToMessage:
		past.Spoken = &callflow.Spoken{Why: call.OnWish}
	default:
		return false
	}
	return true
}

// unsaid is the end of a message or of a survey that nobody wrote down before the caller was
// gone at end; false when there is none. A survey that was open when the controller died is
// not asked again.
func (s *story) unsaid(end time.Time) (call.Event, bool) {
	e := s.speaking
	switch {
	case s.ended.Kind != "":
		return call.Event{}, false
	case s.rating.Kind != "":
		e, s.rating = s.rating, call.Event{}
		e.Kind = call.Surveyed
	case e.Kind != "" && end.Sub(e.At) >= callflow.ShortestMessage:
		e.Kind, e.Held = call.Messaged, call.Between(e.At, call.Stamp(end))
		s.speaking, s.messaged = call.Event{}, e
	default:
		return call.Event{}, false
	}
	e.At, e.Seq = call.Stamp(end), 0
	return e, true
}

// ending is how a call ended whose end nobody saw. A message says its own reason.
func (s *story) ending() call.Ending {
	e := call.Ending{Class: call.ClassAbandoned, Reason: call.Lost}
	if s.messaged.Kind != "" {
		e = call.Ending{Class: call.ClassMessage, Reason: call.Reason(s.messaged.Reason)}
	}
	if s.left.Outcome == call.Callback {
		e = call.RefusedFrom(call.Callback)
	}
	switch {
	case s.answered() || !s.reached.IsZero():
		e.Class = call.ClassAnswered
	case s.outbound():
		e.Class = call.ClassUnreached
	}
	return e
}

// endAside writes down the end of a message or a survey that nobody saw.
func (a *App) endAside(s *story, end time.Time) {
	if e, ok := s.unsaid(end); ok {
		a.Record(e)
	}
}

// talkEnd is when a talk was over whose end nobody wrote down: at the latest when the survey
// began.
func (s *story) talkEnd(now time.Time) time.Time {
	if s.rating.Kind != "" {
		return s.rating.At
	}
	return now
}
