package people

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// CookieName is the cookie of a session. The prefix makes browsers refuse it unless it is
// Secure, of this host alone and of the whole site.
const CookieName = "__Host-hotline"

// ErrNobody is returned for a request that shows nothing.
var ErrNobody = errors.New("sign-in is required")

// Gate tells who makes a request. It is the only place that reads cookies and the tokens of
// machines.
type Gate struct {
	service *Service
	proxies []netip.Prefix
}

// NewGate returns a Gate. proxies are the networks of reverse proxies whose X-Forwarded-For is
// believed.
func NewGate(service *Service, proxies []netip.Prefix) *Gate {
	return &Gate{service: service, proxies: proxies}
}

// Who returns who makes a request, by its bearer token or else its cookie. ErrNobody when it
// shows neither, ErrSignedOut when what it shows is of no session or token that lives; any
// other error is a fault, and then nobody is let in either. A passive request, such as the
// look of a socket whether its reader is still signed in, does not count as use of a session.
func (g *Gate) Who(r *http.Request, passive bool) (Principal, error) {
	from := g.From(r)
	if header := r.Header.Get("Authorization"); header != "" {
		token, ok := strings.CutPrefix(header, "Bearer ")
		if !ok {
			return Principal{}, ErrSignedOut
		}
		return g.service.Machine(r.Context(), token, from)
	}
	cookie, err := r.Cookie(CookieName)
	if err != nil || cookie.Value == "" {
		return Principal{}, ErrNobody
	}
	if passive {
		return g.service.Peek(r.Context(), cookie.Value, from)
	}
	return g.service.Who(r.Context(), cookie.Value, from)
}

// From returns a Principal that is nobody yet, with the address and the client of a request.
func (g *Gate) From(r *http.Request) Principal {
	return Principal{Address: g.address(r), Client: shortened(r.UserAgent(), 200)}
}

// address is where a request comes from. What a proxy of ours says is read from its end, since
// only what our own proxies wrote there is true; the rest is up to the sender.
func (g *Gate) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return shortened(host, 64)
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !g.isProxy(ip) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		ip = next
	}
	return ip.Unmap().WithZone("").String()
}

func (g *Gate) isProxy(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Cookie is what keeps a browser signed in. Scripts cannot read it, other sites' pages do
// not send it with what changes anything, and it goes over no plain connection but one to
// the machine itself.
func Cookie(s Signed) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: s.Token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Expires: s.Session.Expires,
	}
}

// NoCookie takes the cookie away from a browser that signs out.
func NoCookie() *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Expires: time.Unix(1, 0), MaxAge: -1,
	}
}
