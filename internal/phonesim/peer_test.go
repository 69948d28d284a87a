package phonesim_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// peer is a telephone switch that a test plays by hand, message by message, over
// a plain socket: so it can do what a well-behaved library would not.
type peer struct {
	t      *testing.T
	conn   *net.UDPConn
	addr   netip.AddrPort
	parser *sip.Parser
	rtp    *net.UDPConn
	from   *net.UDPAddr // Of the message read last.
	branch int
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{t: t, conn: listen(t), parser: sip.NewParser(), rtp: listen(t)}
	p.addr = netip.MustParseAddrPort(p.conn.LocalAddr().String())
	return p
}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// read returns the next message that pick wants; others are passed over.
func (p *peer) read(what string, pick func(sip.Message) bool) sip.Message {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		p.t.Fatal(err)
	}
	buf := make([]byte, 65536)
	for {
		n, from, err := p.conn.ReadFromUDP(buf)
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", what, err)
		}
		msg, err := p.parser.ParseSIP(bytes.Clone(buf[:n]))
		if err != nil {
			p.t.Fatalf("received %q: %v", buf[:n], err)
		}
		p.from = from
		if pick(msg) {
			return msg
		}
	}
}

// request waits for a request and gives it the peer's tag.
func (p *peer) request(method sip.RequestMethod) *sip.Request {
	p.t.Helper()
	msg := p.read(string(method), func(m sip.Message) bool {
		r, ok := m.(*sip.Request)
		return ok && r.Method == method
	})
	req, ok := msg.(*sip.Request)
	if !ok {
		p.t.Fatalf("%T is not a request", msg)
	}
	req.SetSource(p.from.String())
	if !req.To().Params.Has("tag") {
		req.To().Params.Add("tag", "peer")
	}
	return req
}

// response waits for a response with the code.
func (p *peer) response(code int) *sip.Response {
	p.t.Helper()
	msg := p.read(fmt.Sprint(code), func(m sip.Message) bool {
		r, ok := m.(*sip.Response)
		return ok && r.StatusCode == code
	})
	res, ok := msg.(*sip.Response)
	if !ok {
		p.t.Fatalf("%T is not a response", msg)
	}
	return res
}

// reply answers a request; extra are header lines.
func (p *peer) reply(req *sip.Request, code int, body string, extra ...string) {
	p.t.Helper()
	res := sip.NewResponseFromRequest(req, code, "Reply", []byte(body))
	res.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<sip:peer@%s>", p.addr)))
	for _, line := range extra {
		name, value, _ := strings.Cut(line, ": ")
		res.AppendHeader(sip.NewHeader(name, value))
	}
	if body != "" {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	p.send(res.String())
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDP([]byte(text), p.from); err != nil {
		p.t.Fatal(err)
	}
}

// sdp describes the peer's audio at its RTP socket, or at another one.
func (p *peer) sdp(direction string, at *net.UDPConn) string {
	addr := netip.MustParseAddrPort(at.LocalAddr().String())
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\n"+
		"m=audio %[2]d RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"+
		"a=rtpmap:101 telephone-event/8000\r\na=%[3]s\r\n", addr.Addr(), addr.Port(), direction)
}

// line is one header line of a request made by hand.
type line struct{ name, value string }

// ask sends a request made by hand to uri.
func (p *peer) ask(method, uri, body string, lines ...line) {
	p.t.Helper()
	p.branch++
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, uri)
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP %s;branch=z9hG4bK-peer-%d\r\nMax-Forwards: 70\r\n", p.addr, p.branch)
	for _, l := range lines {
		fmt.Fprintf(&b, "%s: %s\r\n", l.name, l.value)
	}
	fmt.Fprintf(&b, "Contact: <sip:peer@%s>\r\n", p.addr)
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	p.send(b.String())
}

// inDialog sends a request within the call that inv, received, began.
func (p *peer) inDialog(inv *sip.Request, method string, seq int, body string) {
	p.t.Helper()
	p.ask(method, inv.Contact().Address.String(), body,
		line{"From", inv.To().Value()}, line{"To", inv.From().Value()},
		line{"Call-ID", inv.CallID().Value()}, line{"CSeq", fmt.Sprintf("%d %s", seq, method)})
}

// ring sends an INVITE to an agent; the returned lines belong to its dialog.
func (p *peer) ring(agents netip.AddrPort, user, body string) []line {
	p.t.Helper()
	p.from = net.UDPAddrFromAddrPort(agents)
	lines := []line{
		{"From", fmt.Sprintf("<sip:13800138000@%s>;tag=peer", p.addr)},
		{"To", fmt.Sprintf("<sip:%s@%s>", user, agents)},
		{"Call-ID", fmt.Sprintf("%s-%d", p.t.Name(), p.branch)},
		{"CSeq", "7 INVITE"},
	}
	p.ask("INVITE", fmt.Sprintf("sip:%s@%s", user, agents), body, lines...)
	return lines
}

// packet reads one RTP packet from a socket of the peer.
func packet(t *testing.T, conn *net.UDPConn) []byte {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// sendTone sends four packets of a code to the address in a session description.
func sendTone(t *testing.T, from *net.UDPConn, body []byte, code int) {
	t.Helper()
	var host string
	var port int
	for l := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(l, "c=IN IP4 "); ok {
			host = strings.TrimSpace(rest)
		}
		if strings.HasPrefix(l, "m=audio ") {
			if _, err := fmt.Sscanf(l, "m=audio %d", &port); err != nil {
				t.Fatal(err)
			}
		}
	}
	to, err := netip.ParseAddrPort(fmt.Sprintf("%s:%d", host, port))
	if err != nil {
		t.Fatal(err)
	}
	for seq := range byte(4) {
		b := append([]byte{0x80, 8, 0, seq, 0, 0, 0, 0, 0, 0, 0, 7}, tone.Encoded(code, g711.ALaw)...)
		if _, err := from.WriteToUDPAddrPort(b, to); err != nil {
			t.Fatal(err)
		}
	}
}
