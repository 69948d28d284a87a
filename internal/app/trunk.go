package app

import (
	"context"
	"errors"
	"fmt"

	"hotline/ari"
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

// outsideWay looks whether there is a way to the numbers that agents may dial.
func outsideWay(ctx context.Context, client *ari.Client, cfg *configs.Config) Finding {
	f := Finding{Name: "calls outside", Detail: "none is allowed (dialing.allow)"}
	if len(cfg.Dialing.Allow) == 0 {
		return f
	}
	f.Detail = fmt.Sprintf("by PJSIP/%s, %d kinds of numbers", cfg.Asterisk.Trunk, len(cfg.Dialing.Allow))
	switch _, err := client.Endpoint(ctx, "PJSIP", cfg.Asterisk.Trunk); {
	case errors.Is(err, ari.ErrGone):
		f.Detail, f.Bad = "Asterisk has no endpoint PJSIP/"+cfg.Asterisk.Trunk, true
		f.Fix = "correct asterisk.trunk, or let nothing outside be dialled"
	case err != nil:
		f.Detail, f.Bad, f.Fix = err.Error(), true, "load res_ari_endpoints.so"
	}
	return f
}
