package ari

import (
	"encoding/json"
	"errors"
	"fmt"

	libari "github.com/CyCoreSystems/ari/v5"
)

// unknownEventError names an event type that the decoder does not know.
type unknownEventError struct{ name string }

func (e *unknownEventError) Error() string { return fmt.Sprintf("unknown event type %q", e.name) }

// overlay is what the library's event types leave out: a channel's place in the dialplan
// and the technology's own cause.
type overlay struct {
	Type       string          `json:"type"`
	Timestamp  libari.DateTime `json:"timestamp"`
	Channel    *wireChannel    `json:"channel"`
	Caller     *wireChannel    `json:"caller"`
	Peer       *wireChannel    `json:"peer"` // of Dial; another thing in PeerStatusChange
	Replaces   *wireChannel    `json:"replace_channel"`
	Transferee *wireChannel    `json:"transferee"`
	Transferer *wireChannel    `json:"transferer_first_leg"`
	TechCause  int             `json:"tech_cause"`
}

// decode reads one event. A panic in the library's decoder would end the control of all
// calls for the sake of one event, so it becomes an error.
func decode(data []byte) (event *Event, err error) {
	defer func() {
		if r := recover(); r != nil {
			event, err = nil, fmt.Errorf("decode event: panic: %v", r)
		}
	}()
	var extra overlay
	// A field of the wrong JSON type does not keep the others from being read.
	wrong := json.Unmarshal(data, &extra)
	if extra.Type == "" {
		return nil, fmt.Errorf("decode event: no type in %.200q", data)
	}
	parsed, err := libari.DecodeEvent(data)
	if parsed == nil {
		// The type is there, so the only thing left for the decoder to miss is its name.
		return nil, &unknownEventError{name: extra.Type}
	}
	if err = errors.Join(err, wrong); err != nil {
		return nil, fmt.Errorf("decode event %s: %w", extra.Type, err)
	}
	return flatten(parsed, &extra), nil
}
