package phonesim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Errors of a dialog.
var (
	errNoACK     = errors.New("no ACK for the 200")
	errCancelled = errors.New("call was cancelled")
)

// Retransmission of a 200 until its ACK arrives (RFC 3261, 13.3.1.4).
const (
	retransmitFirst = 500 * time.Millisecond
	retransmitMax   = 4 * time.Second
)

// dialog is the SIP side of one leg, the same for both directions: who talks to
// whom under which names, and what the other side asks for meanwhile.
type dialog struct {
	station *station
	callID  string
	contact *sip.ContactHeader
	local   sip.FromHeader // Our name, with our tag.

	// onReinvite answers a new session description; set before registration.
	onReinvite func(offer []byte) (answer []byte, err error)

	acks chan uint32   // CSeq numbers of ACKs; a few are enough, all are repeated.
	over chan struct{} // Closed by the BYE of the other side.

	mu     sync.Mutex
	remote sip.ToHeader // Their name, with their tag once it is known.
	target sip.Uri      // Where requests go.
	seq    uint32       // Of our last request.
	overAt time.Time
}

func dialogKey(callID, localTag string) string {
	return callID + "\x00" + localTag
}

func (d *dialog) key() string {
	tag, _ := d.local.Params.Get("tag")
	return dialogKey(d.callID, tag)
}

// newOutgoing prepares the dialog of a call we make from user to target.
func (st *station) newOutgoing(user string, target sip.Uri) *dialog {
	local := sip.FromHeader{Address: st.uri(user)}
	local.Params.Add("tag", sip.GenerateTagN(16))
	to := *target.Clone()
	to.UriParams = nil
	return &dialog{
		station: st,
		callID:  sip.GenerateTagN(24) + "@" + st.addr.Addr().String(),
		contact: st.contact(user),
		local:   local,
		remote:  sip.ToHeader{Address: to},
		target:  target,
		acks:    make(chan uint32, 4),
		over:    make(chan struct{}),
	}
}

// newIncoming prepares the dialog of an INVITE. It gives the request's To our
// tag, so that every response carries the same.
func (st *station) newIncoming(user string, req *sip.Request) (*dialog, error) {
	if req.From() == nil || req.CallID() == nil || req.CSeq() == nil || req.Contact() == nil {
		return nil, errors.New("INVITE lacks From, Call-ID, CSeq or Contact")
	}
	to := req.To()
	to.Params.Add("tag", sip.GenerateTagN(16))
	return &dialog{
		station: st,
		callID:  req.CallID().Value(),
		contact: st.contact(user),
		local:   to.AsFrom(),
		remote:  req.From().AsTo(),
		target:  *req.Contact().Address.Clone(),
		acks:    make(chan uint32, 4),
		over:    make(chan struct{}),
	}, nil
}

// register makes the station hand requests to the dialog.
func (d *dialog) register() {
	d.station.mu.Lock()
	defer d.station.mu.Unlock()
	d.station.dialogs[d.key()] = d
}

func (d *dialog) unregister() {
	d.station.mu.Lock()
	defer d.station.mu.Unlock()
	delete(d.station.dialogs, d.key())
}

// end notes the other side's BYE.
func (d *dialog) end(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.overAt.IsZero() {
		d.overAt = at
		close(d.over)
	}
}

// endedAt is when the other side's BYE came; only after over is closed.
func (d *dialog) endedAt() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.overAt
}

func (d *dialog) acked(seq uint32) {
	select {
	case d.acks <- seq:
	default: // A repeated one that nobody waits for.
	}
}

// request builds the next request of the dialog. An ACK repeats the number of
// the request before it.
func (d *dialog) request(method sip.RequestMethod, body []byte) *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	if method != sip.ACK {
		d.seq++
	}
	req := sip.NewRequest(method, *d.target.Clone())
	from, to := d.local, d.remote
	from.Params, to.Params = from.Params.Clone(), to.Params.Clone()
	callID := sip.CallIDHeader(d.callID)
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: d.seq, MethodName: method})
	req.AppendHeader(d.contact.Clone())
	req.AppendHeader(sip.NewHeader("User-Agent", userAgent))
	if body != nil {
		req.AppendHeader(sip.NewHeader("Allow", allowed))
		req.AppendHeader(sip.NewHeader("Content-Type", sdpContent))
	}
	req.SetBody(body)
	return req
}

// confirm takes the name and the address of the other side from its 200.
func (d *dialog) confirm(res *sip.Response) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if tag, ok := res.To().Params.Get("tag"); ok {
		d.remote.Params.Remove("tag")
		d.remote.Params.Add("tag", tag)
	}
	if c := res.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
}

// bye tells the other side that the call is over.
func (d *dialog) bye(ctx context.Context) error {
	res, err := d.station.do(ctx, d.request(sip.BYE, nil))
	if err != nil {
		return err
	}
	// 481 means that the other side's BYE crossed ours: over is over.
	if !res.IsSuccess() && res.StatusCode != sip.StatusCallTransactionDoesNotExists {
		return fmt.Errorf("BYE was answered %d %s", res.StatusCode, res.Reason)
	}
	return nil
}

// accept sends a 200 with a session description and waits for the ACK,
// repeating the 200 meanwhile. sent is called after the first 200 with the time
// just before it. The other side's BYE ends the wait without an error.
func (d *dialog) accept(
	ctx context.Context, req *sip.Request, tx sip.ServerTransaction, body []byte, sent func(at time.Time),
) error {
	res := sip.NewResponseFromRequest(req, sip.StatusOK, "OK", body)
	res.AppendHeader(d.contact.Clone())
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	res.AppendHeader(sip.NewHeader("Content-Type", sdpContent))
	at := time.Now().UTC()
	if err := tx.Respond(res); err != nil {
		return fmt.Errorf("%w: %w", errCancelled, err)
	}
	sent(at)
	ctx, cancel := context.WithTimeout(ctx, d.station.timeout)
	defer cancel()
	wait := retransmitFirst
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case seq := <-d.acks:
			if seq == req.CSeq().SeqNo {
				return nil
			}
		case <-d.over:
			return nil
		case <-timer.C:
			if err := tx.Respond(res); err != nil {
				return fmt.Errorf("%w: repeat the 200: %w", errNoACK, err)
			}
			wait = min(2*wait, retransmitMax)
			timer.Reset(wait)
		case <-ctx.Done():
			return fmt.Errorf("%w within %v", errNoACK, d.station.timeout)
		}
	}
}

// reinvite answers a change of the session asked for in mid-call.
func (d *dialog) reinvite(req *sip.Request, tx sip.ServerTransaction) {
	body, err := d.onReinvite(req.Body())
	if err != nil {
		d.station.log.Warn("re-INVITE refused", "call_id", d.callID, "error", err)
		d.station.respond(tx, req, sip.StatusNotAcceptableHere, "Not Acceptable Here")
		return
	}
	if c := req.Contact(); c != nil {
		d.mu.Lock()
		d.target = *c.Address.Clone()
		d.mu.Unlock()
	}
	if err := d.accept(d.station.life, req, tx, body, func(time.Time) {}); err != nil {
		d.station.log.Warn("re-INVITE not completed", "call_id", d.callID, "error", err)
	}
}
