package ari

import (
	"errors"
	"fmt"
	"net/http"
)

// The kinds of failure a caller has to tell apart. [Error] matches them by errors.Is.
var (
	// ErrGone: the channel, bridge or playback does not exist (any more). Normal when a
	// command meets a hang-up.
	ErrGone = errors.New("not found")
	// ErrConflict: the id is taken, the channel is not in our application, or it is busy
	// with another operation.
	ErrConflict = errors.New("conflict")
	// ErrState: the channel is in the wrong state for the command.
	ErrState = errors.New("wrong state")
	// ErrRejected: any other refusal of the request by Asterisk (4xx): wrong parameters,
	// wrong password, no such event source.
	ErrRejected = errors.New("rejected")
	// ErrServer: Asterisk failed at the command (5xx). CreateChannel answers so for a
	// phone that is not registered.
	ErrServer = errors.New("server failure")
	// ErrTimeout: no answer within the limit. Whether the command was carried out is
	// unknown until events or a snapshot tell.
	ErrTimeout = errors.New("no answer in time")
	// ErrUnreachable: no connection, or it broke before the answer.
	ErrUnreachable = errors.New("unreachable")
	// ErrReplaced: another controller has taken our application over. Asterisk leaves the
	// old one connected and mute, so it must stop acting at once: Run ends with this error
	// and every later command but a read is refused with it.
	ErrReplaced = errors.New("application taken over by another controller")
	// ErrDeaf: the connection stands, but Asterisk sends it no events.
	ErrDeaf = errors.New("no events on the event stream")
	// ErrRunning: Run was called a second time.
	ErrRunning = errors.New("ari: client runs already or has run")
)

// Error is the failure of one command.
type Error struct {
	Op      string // the command, such as "create channel"
	Status  int    // HTTP status; 0 when there was no answer
	Message string // Asterisk's own words, or the HTTP status text
	cause   error  // sentinel or transport error when Status is 0
}

// Error tells the command, the status and Asterisk's words.
func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("ari: %s: %v", e.Op, e.cause)
	}
	return fmt.Sprintf("ari: %s: %d %s", e.Op, e.Status, e.Message)
}

// Unwrap gives the cause of a command that had no answer.
func (e *Error) Unwrap() error { return e.cause }

// Is matches the sentinel of the status.
func (e *Error) Is(target error) bool {
	kind := kindOf(e.Status)
	return kind != nil && target == kind
}

func kindOf(status int) error {
	switch {
	case status == http.StatusNotFound:
		return ErrGone
	case status == http.StatusConflict:
		return ErrConflict
	case status == http.StatusPreconditionFailed:
		return ErrState
	case status >= http.StatusInternalServerError:
		return ErrServer
	case status >= http.StatusBadRequest:
		return ErrRejected
	default:
		return nil
	}
}
