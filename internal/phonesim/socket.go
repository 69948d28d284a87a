package phonesim

import (
	"net"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// socket is the UDP socket of a station as the SIP library sees it. The library
// handles each message in a goroutine of its own that nobody can wait for, and
// when such a goroutine finds no open socket for its peer it opens another one,
// for good. So the socket tells when the library has begun to use it, and goes
// away in an order that leaves no such gap.
type socket struct {
	*net.UDPConn
	reading  chan struct{} // Closed at the first read: the library knows the socket.
	parked   chan struct{} // Closed when the reader has met the end.
	released chan struct{} // Closed when the reader may return.
	first    sync.Once
	last     sync.Once
	count    signalling

	mu    sync.Mutex
	peers map[string]struct{} // Addresses heard from.
}

func newSocket(conn *net.UDPConn) *socket {
	return &socket{
		UDPConn:  conn,
		reading:  make(chan struct{}),
		parked:   make(chan struct{}),
		released: make(chan struct{}),
		peers:    make(map[string]struct{}),
	}
}

// ReadFrom reads one datagram.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.first.Do(func() { close(s.reading) })
	n, from, err := s.UDPConn.ReadFrom(b)
	if err != nil {
		s.last.Do(func() { close(s.parked) })
		<-s.released
		return n, from, err
	}
	s.mu.Lock()
	s.peers[from.String()] = struct{}{}
	s.mu.Unlock()
	s.count.note(incoming, b[:n])
	return n, from, nil
}

// WriteTo sends one datagram.
func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	s.count.note(outgoing, b)
	return s.UDPConn.WriteTo(b, to)
}

// shut closes the socket. Before the reader lets the library forget the socket,
// a dead connection takes its place for every peer.
func (s *socket) shut(pool *sip.ConnectionPool) error {
	err := s.Close()
	<-s.parked
	dead := deadConn{local: s.LocalAddr()}
	pool.Add(s.LocalAddr().String(), dead)
	s.mu.Lock()
	for peer := range s.peers {
		pool.Add(peer, dead)
	}
	s.mu.Unlock()
	close(s.released)
	return err
}

// deadConn refuses every message.
type deadConn struct {
	local net.Addr
}

// LocalAddr is the address the socket had.
func (c deadConn) LocalAddr() net.Addr { return c.local }

// WriteMsg fails: the socket is closed.
func (deadConn) WriteMsg(sip.Message) error { return net.ErrClosed }

// Ref claims a user, so that nobody replaces the connection.
func (deadConn) Ref(int) int { return 1 }

// TryClose does nothing.
func (deadConn) TryClose() (int, error) { return 1, nil }

// Close does nothing.
func (deadConn) Close() error { return nil }
