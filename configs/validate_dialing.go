package configs

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

var (
	digitsPattern = regexp.MustCompile(`^[0-9]{0,8}$`)
	codePattern   = regexp.MustCompile(`^\*[0-9]{1,4}$`)
	callerPattern = regexp.MustCompile(`^\+?[0-9]{0,20}$`)
)

func (c *Config) checkDialing(r *rules) {
	d := c.Dialing
	r.must(d.MaxDigits >= 1 && d.MaxDigits <= maxDigits, "dialing.max_digits", "must be from 1 to %d, not %d",
		maxDigits, d.MaxDigits)
	r.must(digitsPattern.MatchString(d.Strip), "dialing.strip", "must be at most 8 digits, not %q", d.Strip)
	r.must(digitsPattern.MatchString(d.Prefix), "dialing.prefix", "must be at most 8 digits, not %q", d.Prefix)
	r.must(d.MaxCalls >= 1 && d.MaxCalls <= 10_000, "dialing.max_calls", "must be from 1 to 10000, not %d", d.MaxCalls)
	r.must(d.MaxPerHour >= 1 && d.MaxPerHour <= 1000, "dialing.max_per_hour", "must be from 1 to 1000, not %d",
		d.MaxPerHour)
	r.must(d.Night.From < EndOfDay, "dialing.night.from", "must be before 24:00")
	r.word("asterisk.trunk", c.Asterisk.Trunk)
	for i, l := range c.Lines {
		r.must(callerPattern.MatchString(l.CallerID) || l.CallerID == l.Number, fmt.Sprintf("lines[%d].caller_id", i),
			"must be digits, with + before them or not, not %q", l.CallerID)
	}
	for i, reason := range c.Breaks {
		key := fmt.Sprintf("breaks[%d]", i)
		r.must(i < 9, key, "must be one of at most 9: each has a digit")
		r.must(reason != "" && len(reason) <= 100 && !strings.ContainsFunc(reason, unprintable), key,
			"must be one line of 1 to 100 bytes, not %q", reason)
	}
	c.checkExtensions(r)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// checkExtensions keeps the numbers of agents, queues and the world outside apart.
func (c *Config) checkExtensions(r *rules) {
	taken := map[string]bool{}
	for _, a := range c.Agents {
		taken[a.Extension] = true
	}
	for i, q := range c.Queues {
		key := fmt.Sprintf("queues[%d].extension", i)
		if q.Extension == "" {
			continue
		}
		r.must(extensionPattern.MatchString(q.Extension), key, "must be 1 to 15 digits, not %q", q.Extension)
		r.must(!taken[q.Extension], key, againRule, q.Extension)
		taken[q.Extension] = true
	}
}

// checkCodes keeps the codes of one moment apart: none may begin another, or the longer one
// could not be dialled.
func (c *Config) checkCodes(r *rules) {
	k := c.Codes
	talking := [][2]string{
		{"hold", k.Hold},
		{"transfer", k.Transfer},
		{"consult", k.Consult},
		{"complete", k.Complete},
		{"conference", k.Conference},
		{"drop", k.Drop},
		{"next", k.Next},
	}
	for _, group := range [][][2]string{talking, {{"state", k.State}, {"sign_out", k.SignOut}}} {
		for i, code := range group {
			key := "feature_codes." + code[0]
			if code[1] == "" {
				continue
			}
			r.must(codePattern.MatchString(code[1]), key, "must be * and 1 to 4 digits, or empty, not %q", code[1])
			for _, other := range group[:i] {
				apart := other[1] == "" || !strings.HasPrefix(code[1], other[1]) && !strings.HasPrefix(other[1], code[1])
				r.must(apart, key, "must not begin as %s (%s)", other[0], other[1])
			}
		}
	}
}
