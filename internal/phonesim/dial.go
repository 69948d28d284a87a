package phonesim

import (
	"context"
	"fmt"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Dial dials from the agent's telephone, as he does himself, by the registrar and with his
// password. The telephone is busy meanwhile. The leg is a caller's in all but its role.
func (a *Agent) Dial(ctx context.Context, number string) (*Leg, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial %s: %w", number, err)
	}
	var target sip.Uri
	to := "sip:" + number + "@" + a.opts.Registrar
	if err := sip.ParseUri(to, &target); err != nil {
		return nil, fmt.Errorf("%w: %q", ErrTarget, to)
	}
	if !a.sim.enter() {
		return nil, ErrClosed
	}
	l, err := a.sim.newLeg(Record{
		Role: a.role, Party: a.opts.User, Peer: number, Invite: time.Now().UTC(),
	}, nil)
	if err != nil {
		a.sim.wg.Done()
		return nil, err
	}
	l.attach(a.sim.agents.newOutgoing(a.opts.User, target))
	a.mu.Lock()
	a.legs = append(a.legs, l)
	a.mu.Unlock()
	go func() {
		defer a.sim.wg.Done()
		defer l.finish()
		defer a.release(l)
		c := caller{Leg: l, auth: &sipgo.DigestAuth{Username: a.opts.User, Password: a.opts.Password}}
		c.run()
	}()
	return l, nil
}

// prove repeats the INVITE with the answer to a challenge, once.
func (c *caller) prove(challenge *sip.Response) error {
	auth := *c.auth
	c.auth = nil
	c.tx.Terminate()
	st := c.dialog.station
	tx, err := st.client.TransactionDigestAuth(c.sim.life, c.invite, challenge, auth)
	if err != nil {
		return fmt.Errorf("send INVITE with digest to %s: %w", c.invite.Destination(), err)
	}
	c.dialog.mu.Lock()
	c.dialog.seq = c.invite.CSeq().SeqNo
	c.dialog.mu.Unlock()
	c.tx = tx
	return nil
}
