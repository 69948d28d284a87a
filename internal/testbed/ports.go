package testbed

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
)

// errPortTaken says that somebody took a port between our choice and the
// program's bind; the start is worth another try with other ports.
var errPortTaken = errors.New("port taken by another program")

// startTries bounds how often a start is repeated for that reason.
const startTries = 3

// onFreePorts starts a program that chooses its ports, again where they were taken meanwhile.
func onFreePorts(start func() error) error {
	for try := 1; ; try++ {
		if err := start(); !errors.Is(err, errPortTaken) || try == startTries {
			return err
		}
	}
}

// portConflict looks in the log of a program for its complaint that a port is taken. Some run
// on without it.
func portConflict(logFile string) error {
	text, err := os.ReadFile(logFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "Address already in use") {
			return fmt.Errorf("%w: %s", errPortTaken, strings.TrimSpace(line))
		}
	}
	return nil
}

// freeTCP and freeUDP give a port that was free a moment ago.
func freeTCP(addr netip.Addr) (int, error) {
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
	if err != nil {
		return 0, fmt.Errorf("find a free TCP port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a TCP listener has no other address
	return port, listener.Close()
}

func freeUDP(addr netip.Addr) (int, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
	if err != nil {
		return 0, fmt.Errorf("find a free UDP port: %w", err)
	}
	port := conn.LocalAddr().(*net.UDPAddr).Port //nolint:forcetypeassert // a UDP socket has no other address
	return port, conn.Close()
}

// The trunk's far side is bound by somebody else, a while after its port was chosen, so
// the port is drawn from below those that systems hand out by themselves and below the
// media's.
const (
	peerLow, peerHigh = 5100, 9900
	peerTries         = 50
)

// freePeer gives an address for the far side of the trunk.
func freePeer(addr netip.Addr) (netip.AddrPort, error) {
	for range peerTries {
		peer := netip.AddrPortFrom(addr, uint16(peerLow+rand.IntN(peerHigh-peerLow)))
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(peer))
		if err != nil {
			continue
		}
		return peer, conn.Close()
	}
	return netip.AddrPort{}, fmt.Errorf("no free UDP port for the trunk's far side on %s", addr)
}

// The range of media ports lies below the ports that systems hand out by
// themselves. Instances may overlap, Asterisk skips a port that is taken; the
// start is drawn so that they seldom do.
const (
	rtpLow, rtpHigh = 10000, 32000
	rtpWindow       = 4000
)

func rtpRange() (first, last int) {
	first = rtpLow + 2*rand.IntN((rtpHigh-rtpLow-rtpWindow)/2)
	return first, first + rtpWindow - 1
}
