package phonesim

import (
	"context"
	"errors"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// Errors of what a telephone does in mid-call.
var (
	// ErrNotTalking is returned when the call is not answered yet, or over.
	ErrNotTalking = errors.New("the call is not up")
	// ErrNoKeys is returned when the other side takes no keys.
	ErrNoKeys = errors.New("the other side takes no keys")
	// ErrChange is returned when the other side refuses a change of the session.
	ErrChange = errors.New("change of the session refused")
)

// Press presses keys (0 to 9, *, #, A to D) one after another, each for 100 ms with a pause
// behind it: some 260 ms a key. It does not wait for them. The telephone's sound stands
// still under a key and goes on behind it.
func (l *Leg) Press(keys string) error {
	l.mu.Lock()
	talking, events := l.talking && l.rec.Result == "", l.events
	l.mu.Unlock()
	switch {
	case !talking:
		return ErrNotTalking
	case events == 0:
		return ErrNoKeys
	}
	return l.stream.Press(keys, events)
}

// Hold puts the other side on hold, as the telephone's own key does: it sends no sound any
// more and asks for none (a re-INVITE with sendonly). What the telephone would have said
// meanwhile is lost. It waits for the other side's consent.
func (l *Leg) Hold(ctx context.Context) error {
	return l.change(ctx, sendonly)
}

// Resume takes the call back.
func (l *Leg) Resume(ctx context.Context) error {
	return l.change(ctx, sendrecv)
}

// change asks the other side for another direction of the audio.
func (l *Leg) change(ctx context.Context, d direction) error {
	l.changing.Lock()
	defer l.changing.Unlock()
	l.mu.Lock()
	talking := l.talking && l.rec.Result == ""
	l.mu.Unlock()
	if !talking {
		return ErrNotTalking
	}
	if !l.sim.enter() {
		return ErrClosed
	}
	defer l.sim.wg.Done()
	if d == sendonly {
		// A telephone on hold is silent at once, whatever the other side answers.
		l.pause(true)
	}
	ctx, cancel := context.WithTimeout(ctx, l.sim.opts.Timeout)
	defer cancel()
	res, err := l.dialog.reoffer(ctx, l.describe(d.mirrored()))
	if err != nil {
		return fmt.Errorf("change the session to %s: %w", d, err)
	}
	if _, err := l.join(res.Body()); err != nil {
		return fmt.Errorf("change the session to %s: %w", d, err)
	}
	l.pause(d == sendonly)
	return nil
}

// pause silences the telephone for its own hold.
func (l *Leg) pause(held bool) {
	l.mu.Lock()
	l.held = held
	silent := l.held || l.deaf
	l.mu.Unlock()
	l.stream.Pause(silent)
}

// begin fixes the number of the telephone's first packet.
func (l *Leg) begin(first *uint16) {
	if first != nil {
		l.stream.Renumber(*first)
	}
}

// reoffer sends a re-INVITE and acknowledges its answer.
func (d *dialog) reoffer(ctx context.Context, offer []byte) (*sip.Response, error) {
	invite := d.request(sip.INVITE, offer)
	tx, err := d.station.start(ctx, invite)
	if err != nil {
		return nil, err
	}
	res, err := finalOf(ctx, tx)
	if err != nil {
		tx.Terminate()
		return nil, err
	}
	d.confirm(res)
	// The transaction lives on, to acknowledge a 200 that is repeated; it ends by itself.
	return res, d.acknowledge(invite, tx)
}

// finalOf waits for the 200 of an INVITE.
func finalOf(ctx context.Context, tx sip.ClientTransaction) (*sip.Response, error) {
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsSuccess():
				return res, nil
			case !res.IsProvisional():
				return nil, fmt.Errorf("%w: %d %s", ErrChange, res.StatusCode, res.Reason)
			}
		case <-tx.Done():
			return nil, fmt.Errorf("re-INVITE failed: %w", tx.Err())
		case <-ctx.Done():
			return nil, fmt.Errorf("re-INVITE: %w", ctx.Err())
		}
	}
}

// acknowledge sends the ACK of an INVITE, and again for each 200 that is repeated.
func (d *dialog) acknowledge(invite *sip.Request, tx sip.ClientTransaction) error {
	ack := d.request(sip.ACK, nil)
	ack.CSeq().SeqNo = invite.CSeq().SeqNo // A BYE may have taken the next number.
	again := ack.Clone()
	tx.OnRetransmission(func(*sip.Response) {
		if err := d.station.write(again.Clone()); err != nil {
			d.station.log.Warn("ACK not repeated", "call_id", d.callID, "error", err)
		}
	})
	return d.station.write(ack)
}
