package configs

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"hotline/call"
)

// Language is one of the languages the prompts are spoken in.
type Language string

// The languages.
const (
	Chinese Language = "zh-CN"
	English Language = "en"
)

// UnmarshalText refuses a language that no prompt is spoken in.
func (l *Language) UnmarshalText(text []byte) error {
	return oneOf((*string)(l), string(text), string(Chinese), string(English))
}

// LogLevel is the least severe level that is written.
type LogLevel string

// UnmarshalText refuses an unknown level.
func (l *LogLevel) UnmarshalText(text []byte) error {
	return oneOf((*string)(l), string(text), "debug", "info", "warn", "error")
}

// Slog returns the level as log/slog knows it.
func (l LogLevel) Slog() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// LogFormat is how a log line is written.
type LogFormat string

// UnmarshalText refuses an unknown format.
func (f *LogFormat) UnmarshalText(text []byte) error {
	return oneOf((*string)(f), string(text), "text", "json")
}

func oneOf(to *string, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("must be one of %s, not %q", strings.Join(allowed, ", "), value)
	}
	*to = value
	return nil
}

// Occasion is when a caller may leave a message. It is the reason that stands in the ledger.
type Occasion string

// UnmarshalText refuses an unknown occasion.
func (o *Occasion) UnmarshalText(text []byte) error {
	return oneOf((*string)(o), string(text), string(call.Closed), string(call.QueueFull), string(call.NoAgents),
		string(call.WaitedTooLong), string(call.OnWish))
}

// ClockTime is a time of day in minutes since midnight, 0 to 24*60. 24:00 is the end of
// the day and only makes sense as the end of a period.
type ClockTime int

// EndOfDay is 24:00.
const EndOfDay ClockTime = 24 * 60

// UnmarshalText reads HH:MM.
func (c *ClockTime) UnmarshalText(text []byte) error {
	if string(text) == "24:00" {
		*c = EndOfDay
		return nil
	}
	t, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != len("15:04") {
		return fmt.Errorf("must be a time of day such as 08:30, not %q", text)
	}
	*c = ClockTime(t.Hour()*60 + t.Minute())
	return nil
}

// String returns HH:MM.
func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }
