package media

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// pace is the one sender: it sleeps until the next slot is due and sends one
// packet of every stream in it. Without streams it sleeps until there is one.
func (e *Engine) pace() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	buf := make([]byte, 0, maxDatagram)
	for {
		select {
		case <-e.quit:
			return
		case <-e.wake:
		}
		if !e.run(timer, buf) {
			return
		}
	}
}

// run serves slots until no stream is left; false means the engine is closed.
func (e *Engine) run(timer *time.Timer, buf []byte) bool {
	p := pacer{start: time.Now()}
	for {
		now := time.Now()
		first, count, skip := p.due(now)
		for i := range count {
			slot := int(first+int64(i)) % slots
			list, active := e.take(slot, &p)
			if !active {
				return true
			}
			// Every slot of a frame left out has missed as many packets.
			e.send(list, buf, skipFor(i, skip), now)
		}
		timer.Reset(p.wait(time.Now()))
		select {
		case <-e.quit:
			return false
		case <-timer.C:
		}
	}
}

// skipFor spreads a skip: only the first turn of each slot makes up for it.
func skipFor(turn, skip int) int {
	if turn < slots {
		return skip
	}
	return 0
}

// take returns the streams of a slot and publishes the pace; active is false
// when no stream at all is left, which also ends this run of the pacer.
func (e *Engine) take(slot int, p *pacer) (list []*Stream, active bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next = (slot + 1) % slots
	e.stats.Ticks += p.stats.Ticks
	e.stats.LateTicks += p.stats.LateTicks
	e.stats.MaxLate = max(e.stats.MaxLate, p.stats.MaxLate)
	e.stats.SkippedFrames += p.stats.SkippedFrames
	p.stats = PaceStats{}
	return e.due[slot], e.active > 0
}

func (e *Engine) send(list []*Stream, buf []byte, skip int, now time.Time) {
	for _, s := range list {
		data, to, ok := s.frame(buf[:0], skip, now)
		if !ok {
			continue
		}
		if _, err := e.rtp.WriteToUDPAddrPort(data, to); err != nil {
			e.sendErrors.Add(1)
		}
	}
}

// readRTP is the one reader: it hands every packet to its stream.
func (e *Engine) readRTP() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := e.rtp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			e.opts.Log.Warn("cannot read RTP", "error", err)
			continue
		}
		p, err := parse(buf[:n])
		if err != nil {
			e.malformed.Add(1)
			continue
		}
		if s := e.lookup(unmap(from), p.ssrc); s != nil {
			s.receive(p, time.Now())
		} else {
			e.unknown.Add(1)
		}
	}
}

func (e *Engine) lookup(from netip.AddrPort, ssrc uint32) *Stream {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if s := e.peers[peerKey{addr: from, ssrc: ssrc}]; s != nil {
		return s
	}
	return e.peers[peerKey{addr: from}]
}

// readRTCP empties the control socket, for a full one would show up as lost
// packets in the counters of the machine.
func (e *Engine) readRTCP() {
	buf := make([]byte, maxDatagram)
	for {
		_, _, err := e.rtcp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			e.control.Add(1)
		}
	}
}
