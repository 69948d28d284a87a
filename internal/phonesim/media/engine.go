// Package media sends and receives the audio of thousands of simulated calls
// from one process: one UDP socket carries every stream, one goroutine sends
// the packets that are due, one reads the socket and hands each packet to its
// stream. No goroutine belongs to a stream or to a packet.
//
// Streams that share the socket are told apart by the address the packets come
// from, which is known from the other side's session description, and, when
// that names one, by the SSRC.
package media

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"hotline/internal/phonesim/g711"
)

// Errors of the engine.
var (
	// ErrNotLoopback refuses to send audio to another machine.
	ErrNotLoopback = errors.New("address is not on this machine's loopback")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("media engine is closed")
)

const (
	socketBuffer = 4 << 20 // Bytes; a stop of the reader of 0.4 s under 1000 streams.
	maxDatagram  = 1500
	portAttempts = 50
)

// Options configures an Engine.
type Options struct {
	// Bind is the IP address of the socket; the port is chosen by the system,
	// an even one with its odd neighbour for RTCP.
	Bind netip.Addr
	// AllowRemote lifts the rule that audio stays on loopback.
	AllowRemote bool
	// Log receives what the engine has to say; nil discards it.
	Log *slog.Logger
}

// Stats tells how the engine as a whole is doing.
type Stats struct {
	PaceStats
	// Streams counts the open streams.
	Streams int `json:"streams"`
	// SendErrors counts packets the system refused to send.
	SendErrors uint64 `json:"send_errors"`
	// Unknown counts packets that belong to no open stream; a few are normal
	// when a call ends.
	Unknown uint64 `json:"unknown"`
	// Malformed counts datagrams that are not RTP.
	Malformed uint64 `json:"malformed"`
	// RTCP counts the control packets received, which are not looked at.
	RTCP uint64 `json:"rtcp"`
	// Takeovers counts streams that lost their remote address to a newer one.
	Takeovers uint64 `json:"takeovers"`
}

// peerKey tells apart the streams on the one socket.
type peerKey struct {
	addr netip.AddrPort
	ssrc uint32 // 0 when the other side did not announce one.
}

// Engine owns the sockets and the goroutines. Close ends it.
type Engine struct {
	opts  Options
	rtp   *net.UDPConn
	rtcp  *net.UDPConn
	local netip.AddrPort
	// silence is one frame of each law.
	silence [2][]byte
	quit    chan struct{}
	wake    chan struct{} // Wakes the pacer when the first stream begins.
	wg      sync.WaitGroup

	mu     sync.RWMutex // Guards what follows; never held while sending.
	closed bool
	peers  map[peerKey]*Stream
	due    [slots][]*Stream // Replaced, never changed: the pacer reads copies.
	next   int              // Slot that is served next, given to the next stream.
	active int
	open   int
	stats  PaceStats

	sendErrors, unknown, malformed, control, takeovers atomic.Uint64
}

// New opens the sockets and starts the engine.
func New(opts Options) (*Engine, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if !opts.AllowRemote && !opts.Bind.IsLoopback() {
		return nil, fmt.Errorf("bind RTP to %s: %w", opts.Bind, ErrNotLoopback)
	}
	rtp, rtcp, err := listenPair(opts.Bind)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		opts:    opts,
		rtp:     rtp,
		rtcp:    rtcp,
		local:   localAddr(rtp),
		silence: [2][]byte{g711.ALaw: silence(g711.ALaw), g711.ULaw: silence(g711.ULaw)},
		quit:    make(chan struct{}),
		wake:    make(chan struct{}, 1),
		peers:   make(map[peerKey]*Stream),
	}
	// A full socket buffer loses packets silently; the system may grant less
	// than asked for, so refusal is no error.
	_ = rtp.SetReadBuffer(socketBuffer)
	_ = rtp.SetWriteBuffer(socketBuffer)
	e.wg.Go(e.pace)
	e.wg.Go(e.readRTP)
	e.wg.Go(e.readRTCP)
	return e, nil
}

// listenPair opens an even port and the odd one after it: peers send RTCP to
// the neighbour and complain when nobody is there.
func listenPair(ip netip.Addr) (rtp, rtcp *net.UDPConn, err error) {
	for range portAttempts {
		rtp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			return nil, nil, fmt.Errorf("listen for RTP on %s: %w", ip, err)
		}
		port := localAddr(rtp).Port()
		if port%2 == 0 {
			rtcp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port+1)))
			if err == nil {
				return rtp, rtcp, nil
			}
		}
		_ = rtp.Close() // Not the port we want; nothing was sent on it.
	}
	return nil, nil, fmt.Errorf("no free pair of ports for RTP and RTCP on %s: %w", ip, err)
}

func localAddr(c *net.UDPConn) netip.AddrPort {
	a, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(a.AddrPort())
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// LocalAddr is the address all streams send from and listen on.
func (e *Engine) LocalAddr() netip.AddrPort {
	return e.local
}

// Open makes a stream that neither sends nor receives yet.
func (e *Engine) Open(opts StreamOptions) (*Stream, error) {
	s := &Stream{
		engine: e,
		opts:   opts,
		ssrc:   rand.Uint32() | 1, // Zero means unknown.
		source: &Source{},
		seq:    uint16(rand.Uint32()),
		stamp:  rand.Uint32(),
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	e.open++
	return s, nil
}

// Stats returns the counters of the engine.
func (e *Engine) Stats() Stats {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return Stats{
		PaceStats:  e.stats,
		Streams:    e.open,
		SendErrors: e.sendErrors.Load(),
		Unknown:    e.unknown.Load(),
		Malformed:  e.malformed.Load(),
		RTCP:       e.control.Load(),
		Takeovers:  e.takeovers.Load(),
	}
}

// Close ends every stream and waits for the engine's goroutines.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	close(e.quit)
	err := errors.Join(e.rtp.Close(), e.rtcp.Close())
	e.wg.Wait()
	if err != nil {
		return fmt.Errorf("close RTP sockets: %w", err)
	}
	return nil
}

func (e *Engine) connect(s *Stream, remote netip.AddrPort, ssrc uint32, law g711.Law) error {
	remote = unmap(remote)
	if !e.opts.AllowRemote && !remote.Addr().IsLoopback() {
		return fmt.Errorf("send RTP to %s: %w", remote, ErrNotLoopback)
	}
	key := peerKey{addr: remote, ssrc: ssrc}
	e.mu.Lock()
	defer e.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.closed || s.closed {
		return ErrClosed
	}
	if e.peers[s.key] == s {
		delete(e.peers, s.key)
	}
	if e.peers[key] != nil {
		// The other side gave the address to a new call before the end of the
		// old one reached us; its packets belong to the new one.
		e.takeovers.Add(1)
	}
	e.peers[key] = s
	s.key, s.remote, s.law = key, remote, law
	return nil
}

// schedule gives the stream the slot that is served next, so that its first
// packet leaves within 5 ms.
func (e *Engine) schedule(s *Stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.isClosed() {
		return
	}
	if e.active == 0 {
		e.next = 0 // Where a pacer begins that has been asleep.
	}
	s.slot = e.next
	e.due[s.slot] = append(slices.Clone(e.due[s.slot]), s)
	if e.active++; e.active == 1 {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
}

func (e *Engine) remove(s *Stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open--
	if e.peers[s.key] == s {
		delete(e.peers, s.key)
	}
	if i := slices.Index(e.due[s.slot], s); i >= 0 {
		e.due[s.slot] = slices.Delete(slices.Clone(e.due[s.slot]), i, i+1)
		e.active--
	}
}
