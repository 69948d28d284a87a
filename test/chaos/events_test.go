package chaos

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestPeers10EventsTwiceLateOrNever: of the events of a real Asterisk some come twice, some
// overtake others, some are spoilt and some never come, more and worse than Asterisk could do
// it. Callers, agents and figures come out right: what does not fit is ignored, and what is
// missing is found at the next look.
func TestPeers10EventsTwiceLateOrNever(t *testing.T) {
	dice := chance(t)
	const agents = 8
	// An agent whose answer nobody is told of counts as one who missed the call.
	h, wire := onLine(t, agents, 0)
	crowd(h, dice)
	m := &mangler{dice: rand.New(rand.NewPCG(dice.Uint64(), 4)), twice: 0.1, late: 0.15, never: 0.03, spoilt: 0.01}
	wire.set(weather{wrap: m.carry})
	h.Until("the hotline is back", func() bool { return partOK(h, "asterisk") })
	h.Blind = 12 * time.Second // until the next look
	legs := wave(h, dice, 0, *calls, 3*time.Second)
	h.Over(legs...)
	m.quiet.Store(true)
	h.Over(wave(h, dice, 1000, agents, time.Second)...)
	events := h.Settle()
	_, all := verdict(h, events, nil)
	for _, s := range all {
		h.CompareRecording(s)
	}
	t.Logf("events %d, twice %d, late %d, never %d, spoilt %d",
		m.seen.Load(), m.doubled.Load(), m.delayed.Load(), m.dropped.Load(), m.broken.Load())
	if m.doubled.Load() == 0 || m.delayed.Load() == 0 || m.dropped.Load() == 0 {
		t.Error("nothing was mangled")
	}
}

// mangler does to the events of a WebSocket what its chances say. Answers to commands, which
// come on connections without a WebSocket, pass as they are.
type mangler struct {
	mu                         sync.Mutex // guards dice
	dice                       *rand.Rand
	twice, late, never, spoilt float64

	quiet                                   atomic.Bool // events pass as they are from now on
	seen, doubled, delayed, dropped, broken atomic.Int64
}

// carry copies one connection. Frames are only looked at when the answer to the first request
// changes the protocol.
func (m *mangler) carry(from io.Reader, to io.Writer) error {
	in := bufio.NewReader(from)
	first, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if !bytes.Contains(first, []byte(" 101 ")) {
		_, err := io.Copy(to, io.MultiReader(bytes.NewReader(first), in))
		return err
	}
	for line := first; ; {
		if _, err := to.Write(line); err != nil || len(bytes.TrimSpace(line)) == 0 {
			break
		}
		if line, err = in.ReadBytes('\n'); err != nil {
			return err
		}
	}
	frames := make(chan []byte)
	go func() {
		defer close(frames)
		for {
			f, err := frame(in)
			if err != nil {
				return
			}
			frames <- f
		}
	}()
	err = m.mangle(frames, to)
	for range frames { // the reader ends with the connection
	}
	return err
}

// lateMax is how long an event that is overtaken waits at most.
const lateMax = 400 * time.Millisecond

// mangle writes frames until there are no more. It goes on reading after a failed write.
func (m *mangler) mangle(frames <-chan []byte, to io.Writer) error {
	var held [][]byte
	release := time.NewTimer(time.Hour)
	defer release.Stop()
	write := func(list ...[]byte) error {
		for _, f := range list {
			if _, err := to.Write(f); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		var err error
		select {
		case f, open := <-frames:
			if !open {
				return write(held...)
			}
			out, keep := m.fate(f)
			if keep {
				held = append(held, f)
				release.Reset(m.lateness())
				continue
			}
			err = write(out...)
		case <-release.C:
			err = write(held...)
			held = nil
		}
		if err != nil {
			return err
		}
	}
}

func (m *mangler) lateness() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Duration(m.dice.Int64N(int64(lateMax)))
}

// fate decides about one frame: what is written now, or whether it is kept for later. Pings
// and the like pass.
func (m *mangler) fate(f []byte) (now [][]byte, keep bool) {
	const text = 1
	if f[0]&0x0f != text || m.quiet.Load() {
		return [][]byte{f}, false
	}
	m.seen.Add(1)
	m.mu.Lock()
	chance := m.dice.Float64()
	m.mu.Unlock()
	for _, c := range []struct {
		share float64
		count *atomic.Int64
		now   [][]byte
		keep  bool
	}{
		{m.twice, &m.doubled, [][]byte{f, f}, false},
		{m.late, &m.delayed, nil, true},
		{m.never, &m.dropped, nil, false},
		{m.spoilt, &m.broken, [][]byte{{0x80 | text, 2, '{', '"'}}, false},
	} {
		if chance < c.share {
			c.count.Add(1)
			return c.now, c.keep
		}
		chance -= c.share
	}
	return [][]byte{f}, false
}

// frame reads one frame of a server, which does not mask.
func frame(in *bufio.Reader) ([]byte, error) {
	head := make([]byte, 2, 10)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	size := uint64(head[1] & 0x7f)
	if more := map[uint64]int{126: 2, 127: 8}[size]; more > 0 {
		head = head[:2+more]
		if _, err := io.ReadFull(in, head[2:]); err != nil {
			return nil, err
		}
		wide := make([]byte, 8)
		copy(wide[8-more:], head[2:])
		size = binary.BigEndian.Uint64(wide)
	}
	out := append(head, make([]byte, size)...)
	_, err := io.ReadFull(in, out[len(head):])
	return out, err
}
