package configs

import (
	"fmt"
	"strings"
	"time"
)

// Dialing bounds what agents may dial outside, whichever way they do it: a telephone that a
// stranger has taken over must not ring up a fortune.
type Dialing struct {
	Allow      []Pattern `yaml:"allow"`        // numbers that may be dialled; none = nothing outside
	Forbid     []Pattern `yaml:"forbid"`       // of these, numbers that may not
	MaxDigits  int       `yaml:"max_digits"`   // longest number
	Strip      string    `yaml:"strip"`        // what agents dial before a number outside; "" = nothing
	Prefix     string    `yaml:"prefix"`       // what the trunk wants before it; "" = nothing
	MaxCalls   int       `yaml:"max_calls"`    // calls to numbers outside at once
	MaxPerHour int       `yaml:"max_per_hour"` // of one agent
	Night      Period    `yaml:"night"`        // nothing outside may be dialled then
}

// Period is a time of day, From inclusive, To exclusive, in the site's zone. One whose To is
// before its From crosses midnight; one that ends where it begins is none.
type Period struct {
	From ClockTime `yaml:"from"`
	To   ClockTime `yaml:"to"`
}

// Contains tells whether a moment, in the site's zone, lies in the period.
func (p Period) Contains(at time.Time) bool {
	t := ClockTime(at.Hour()*60 + at.Minute())
	if p.From <= p.To {
		return p.From <= t && t < p.To
	}
	return t >= p.From || t < p.To
}

// Pattern is a kind of number: digits, X for any one digit, and * at the end for any further
// ones.
type Pattern string

// UnmarshalText refuses what is no pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	body := strings.TrimSuffix(string(text), "*")
	if body == "" || strings.Trim(body, "0123456789X") != "" || len(body) > maxDigits {
		return fmt.Errorf("must be 1 to 20 digits, X for any digit, and * at the end for further ones, not %q", text)
	}
	*p = Pattern(text)
	return nil
}

// Matches tells whether a number of digits is of the kind.
func (p Pattern) Matches(number string) bool {
	body, more := strings.CutSuffix(string(p), "*")
	if len(number) < len(body) || len(number) > len(body) && !more {
		return false
	}
	for i := range len(body) {
		if body[i] != 'X' && body[i] != number[i] {
			return false
		}
	}
	return true
}

// maxDigits bounds numbers and patterns.
const maxDigits = 20

// Codes are what agents dial in place of buttons; "" turns one off. The first seven are
// pressed in a call, the others dialled on an idle phone.
type Codes struct {
	Hold       string `yaml:"hold"`       // and back
	Transfer   string `yaml:"transfer"`   // then a number and #
	Consult    string `yaml:"consult"`    // then a number and #
	Complete   string `yaml:"complete"`   // the transfer
	Conference string `yaml:"conference"` // of three
	Drop       string `yaml:"drop"`       // the one who is asked, and back
	Next       string `yaml:"next"`       // then 0 = ready after the call, 1 to 9 = break
	State      string `yaml:"state"`      // then 0 = ready now, 1 to 9 = break
	SignOut    string `yaml:"sign_out"`   // and in again
}

// DefaultCodes returns the codes of an empty file.
func DefaultCodes() Codes {
	return Codes{
		Hold: "*1", Transfer: "*2", Consult: "*3", Complete: "*4", Conference: "*5", Drop: "*6", Next: "*7",
		State: "*8", SignOut: "*99",
	}
}
