package app

import (
	"hotline/configs"
)

// trunk is how numbers outside are called.
type trunk struct {
	endpoint string            // PJSIP
	prefix   string            // that the trunk wants before a number
	callerID map[string]string // shown to the number, by line
}

func newTrunk(c *configs.Config) trunk {
	t := trunk{endpoint: c.Asterisk.Trunk, prefix: c.Dialing.Prefix, callerID: make(map[string]string, len(c.Lines))}
	for _, l := range c.Lines {
		t.callerID[l.Number] = l.CallerID
	}
	return t
}

// dial is what Asterisk dials for a number, which is digits alone: see dialer.
func (t trunk) dial(number string) string { return "PJSIP/" + t.prefix + number + "@" + t.endpoint }
