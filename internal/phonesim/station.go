package phonesim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// ErrNotLoopback refuses to talk SIP to another machine; Options.AllowRemote
// lifts it.
var ErrNotLoopback = errors.New("SIP target is not on this machine's loopback")

const (
	userAgent  = "hotline-phonesim"
	allowed    = "INVITE, ACK, CANCEL, BYE, OPTIONS"
	sipBuffer  = 4 << 20 // Bytes of socket buffer: a storm of calls comes in one burst.
	sdpContent = "application/sdp"
)

// station is one SIP user agent: a UDP socket with its transactions and the
// dialogs that live on it. All telephones of one role share a station.
type station struct {
	addr        netip.AddrPort
	timeout     time.Duration // Of one transaction that is not an INVITE.
	allowRemote bool
	log         *slog.Logger
	// life ends when the simulator has waited long enough for its calls.
	life context.Context
	// enter is called before a request is handled; when it refuses, the
	// simulator is closing. leave is called afterwards.
	enter func() bool
	leave func()

	conn   *socket
	ua     *sipgo.UserAgent
	client *sipgo.Client
	serve  sync.WaitGroup

	mu      sync.Mutex
	dialogs map[string]*dialog
}

// handlers are the requests a station does not answer by itself.
type handlers struct {
	// invite takes a call that begins; it must send the final response.
	invite sipgo.RequestHandler
	// knows tells whether OPTIONS for the user is answered with 200.
	knows func(user string) bool
}

// open binds the socket and starts to serve.
func (st *station) open(bind netip.AddrPort, h handlers) error {
	if !st.allowRemote && !bind.Addr().IsLoopback() {
		return fmt.Errorf("bind SIP to %s: %w", bind, ErrNotLoopback)
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(bind))
	if err != nil {
		return fmt.Errorf("listen for SIP on %s: %w", bind, err)
	}
	_ = conn.SetReadBuffer(sipBuffer) // The system may grant less.
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return errors.Join(fmt.Errorf("SIP socket has the address %s", conn.LocalAddr()), conn.Close())
	}
	st.conn = newSocket(conn)
	st.addr = netip.AddrPortFrom(local.AddrPort().Addr().Unmap(), local.AddrPort().Port())
	st.dialogs = make(map[string]*dialog)
	server, err := st.build()
	if err != nil {
		return errors.Join(fmt.Errorf("build SIP user agent: %w", err), conn.Close())
	}
	st.route(server, h)
	st.serve.Go(func() {
		if err := server.ServeUDP(st.conn); err != nil {
			st.log.Error("SIP socket stopped", "address", st.addr, "error", err)
		}
	})
	<-st.conn.reading
	return nil
}

func (st *station) build() (*sipgo.Server, error) {
	ua, err := sipgo.NewUA(
		sipgo.WithUserAgent(userAgent),
		sipgo.WithUserAgentHostname(st.addr.Addr().String()),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(st.log)),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerLogger(st.log),
			// A response that comes twice or too late matters to nobody.
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}),
		),
	)
	if err != nil {
		return nil, err
	}
	client, err := sipgo.NewClient(ua,
		sipgo.WithClientLogger(st.log),
		sipgo.WithClientAddr(st.addr.String()),
		sipgo.WithClientConnectionAddr(st.addr.String()),
	)
	if err != nil {
		return nil, err
	}
	server, err := sipgo.NewServer(ua, sipgo.WithServerLogger(st.log))
	if err != nil {
		return nil, err
	}
	st.ua, st.client = ua, client
	return server, nil
}

// route connects the requests with what answers them.
func (st *station) route(server *sipgo.Server, h handlers) {
	gate := func(handle sipgo.RequestHandler) sipgo.RequestHandler {
		return func(req *sip.Request, tx sip.ServerTransaction) {
			if !st.enter() {
				st.respond(tx, req, sip.StatusServiceUnavailable, "Shutting Down")
				return
			}
			defer st.leave()
			handle(req, tx)
		}
	}
	server.OnInvite(gate(func(req *sip.Request, tx sip.ServerTransaction) {
		if !req.To().Params.Has("tag") {
			h.invite(req, tx)
		} else if d := st.dialog(req, tx); d != nil {
			d.reinvite(req, tx)
		}
	}))
	// What belongs to a dialog is handled while closing too: it ends the calls.
	server.OnAck(func(req *sip.Request, _ sip.ServerTransaction) {
		if d := st.find(req); d != nil {
			d.acked(req.CSeq().SeqNo)
		}
	})
	server.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		if d := st.dialog(req, tx); d != nil {
			d.end(time.Now().UTC())
			st.respond(tx, req, sip.StatusOK, "OK")
		}
	})
	server.OnCancel(func(req *sip.Request, tx sip.ServerTransaction) {
		st.respond(tx, req, sip.StatusCallTransactionDoesNotExists, "No Such Transaction")
	})
	server.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) {
		if h.knows(req.Recipient.User) {
			st.respond(tx, req, sip.StatusOK, "OK")
		} else {
			st.respond(tx, req, sip.StatusNotFound, "Not Found")
		}
	})
}

// close stops the socket, ends every transaction and waits for the reader.
func (st *station) close() error {
	err := st.conn.shut(st.ua.TransportLayer().Pool("udp"))
	st.serve.Wait()
	st.ua.TransactionLayer().Close()
	if err != nil {
		return fmt.Errorf("close SIP socket %s: %w", st.addr, err)
	}
	return nil
}

// contact is the address under which a user of this station is reached.
func (st *station) contact(user string) *sip.ContactHeader {
	return &sip.ContactHeader{Address: st.uri(user)}
}

func (st *station) uri(user string) sip.Uri {
	return sip.Uri{Scheme: "sip", User: user, Host: st.addr.Addr().String(), Port: int(st.addr.Port())}
}

// respond answers a request without a body.
func (st *station) respond(tx sip.ServerTransaction, req *sip.Request, code int, reason string) {
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	if err := tx.Respond(res); err != nil {
		st.log.Warn("cannot answer SIP request", "method", req.Method, "code", code, "error", err)
	}
}

// guard refuses requests to other machines.
func (st *station) guard(req *sip.Request) error {
	if st.allowRemote {
		return nil
	}
	return requireLoopback(req.Destination())
}

// requireLoopback checks a host:port.
func requireLoopback(hostPort string) error {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return fmt.Errorf("SIP target %q: %w", hostPort, err)
	}
	// A name other than localhost would have to be looked up, and could lead
	// elsewhere at the next look.
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("send SIP to %s: %w", hostPort, ErrNotLoopback)
	}
	return nil
}

// start begins a client transaction.
func (st *station) start(ctx context.Context, req *sip.Request) (sip.ClientTransaction, error) {
	if err := st.guard(req); err != nil {
		return nil, err
	}
	tx, err := st.client.TransactionRequest(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("send %s to %s: %w", req.Method, req.Destination(), err)
	}
	return tx, nil
}

// do sends a request and waits for its final response, at most the timeout.
func (st *station) do(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	if err := st.guard(req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, st.timeout)
	defer cancel()
	res, err := st.client.Do(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("send %s to %s: %w", req.Method, req.Destination(), err)
	}
	return res, nil
}

// answer repeats a request with the answer to the challenge in res.
func (st *station) answer(
	ctx context.Context, req *sip.Request, res *sip.Response, auth sipgo.DigestAuth,
) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, st.timeout)
	defer cancel()
	res, err := st.client.DoDigestAuth(ctx, req, res, auth)
	if err != nil {
		return nil, fmt.Errorf("send %s with digest to %s: %w", req.Method, req.Destination(), err)
	}
	return res, nil
}

// write sends an ACK, which has no response.
func (st *station) write(req *sip.Request) error {
	if err := st.guard(req); err != nil {
		return err
	}
	if err := st.client.WriteRequest(req); err != nil {
		return fmt.Errorf("send %s to %s: %w", req.Method, req.Destination(), err)
	}
	return nil
}

// find returns the dialog a request belongs to, or nil.
func (st *station) find(req *sip.Request) *dialog {
	if req.CallID() == nil || req.To() == nil {
		return nil
	}
	tag, _ := req.To().Params.Get("tag")
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.dialogs[dialogKey(req.CallID().Value(), tag)]
}

// dialog returns the dialog a request belongs to; without one it answers 481.
func (st *station) dialog(req *sip.Request, tx sip.ServerTransaction) *dialog {
	d := st.find(req)
	if d == nil {
		st.respond(tx, req, sip.StatusCallTransactionDoesNotExists, "No Such Call")
	}
	return d
}
