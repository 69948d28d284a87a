package media_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/media"
	"hotline/internal/phonesim/tone"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const patience = 10 * time.Second

func newEngine(t *testing.T) *media.Engine {
	t.Helper()
	e, err := media.New(media.Options{Bind: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func open(t *testing.T, e *media.Engine, onTone func(int, time.Time)) *media.Stream {
	t.Helper()
	s, err := e.Open(media.StreamOptions{OnTone: onTone})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// join connects stream l of engine a with stream r of engine b.
func join(t *testing.T, a *media.Engine, l *media.Stream, b *media.Engine, r *media.Stream) {
	t.Helper()
	err := errors.Join(l.Connect(b.LocalAddr(), r.SSRC(), g711.ALaw), r.Connect(a.LocalAddr(), l.SSRC(), g711.ALaw))
	if err != nil {
		t.Fatal(err)
	}
}

// Two engines, 200 streams each way over one pair of sockets: every packet must
// reach its stream and every stream must hear the right code.
func TestTwoHundredStreamsShareOneSocketWithoutLoss(t *testing.T) {
	t.Parallel()
	const streams = 200
	a, b := newEngine(t), newEngine(t)
	heard := make(chan struct{}, 2*streams)
	hear := func(int, time.Time) { heard <- struct{}{} }
	var left, right []*media.Stream
	for i := range streams {
		l, r := open(t, a, hear), open(t, b, hear)
		join(t, a, l, b, r)
		l.Play(media.Tone(i, g711.ALaw))
		r.Play(media.Tone(3000+i, g711.ALaw))
		left, right = append(left, l), append(right, r)
	}
	await(t, heard, 2*streams)
	for _, s := range append(left, right...) {
		s.Pause(true)
	}
	// A last packet that is under way when its sender pauses must still be
	// counted: the probe is sent after them all and read after them all.
	probe(t, a, b)
	probe(t, b, a)
	for i := range streams {
		checkPair(t, left[i], right[i], i)
		checkPair(t, right[i], left[i], 3000+i)
	}
}

func checkPair(t *testing.T, from, to *media.Stream, code int) {
	t.Helper()
	sent, got := from.Counters(), to.Counters()
	if sent.Sent == 0 || sent.Sent != got.Received || got.Lost+got.OutOfOrder+got.Duplicates+got.Restarts != 0 {
		t.Errorf("code %d: sent %+v, received %+v", code, sent, got)
	}
	spans, dropped := to.Heard()
	if len(spans) != 1 || spans[0].Tone != code || dropped != 0 || uint64(spans[0].Windows) != got.Received {
		t.Errorf("code %d was heard as %+v in %d packets", code, spans, got.Received)
	}
	if len(spans) > 0 && spans[0].Number != 0 {
		t.Errorf("code %d is heard from frame %d on, want the first", code, spans[0].Number)
	}
}

// A stream that is connected late hears from which frame on it listens.
func TestLateListenerKnowsWhatItMissed(t *testing.T) {
	t.Parallel()
	a, b := newEngine(t), newEngine(t)
	heard := make(chan struct{}, 1)
	l, r := open(t, a, nil), open(t, b, func(int, time.Time) { heard <- struct{}{} })
	if err := l.Connect(b.LocalAddr(), r.SSRC(), g711.ALaw); err != nil {
		t.Fatal(err)
	}
	l.Play(media.Tone(7, g711.ALaw).WithLead(5, g711.ALaw, time.Second))
	ticker := time.NewTicker(media.FrameTime / 4)
	defer ticker.Stop()
	// The frames missed are counted where they arrive: one that its sender has
	// counted may not be on its way yet, and would be heard after all.
	for b.Stats().Unknown < 10 {
		<-ticker.C
	}
	if err := r.Connect(a.LocalAddr(), l.SSRC(), g711.ALaw); err != nil {
		t.Fatal(err)
	}
	await(t, heard, 1)
	spans, _ := r.Heard()
	if len(spans) != 1 || spans[0].Tone != 5 || spans[0].Number < 10 || spans[0].Number >= int(l.Counters().Sent) {
		t.Errorf("heard %+v of %d packets, want code 5 from frame 10 or later on", spans, l.Counters().Sent)
	}
}

func await(t *testing.T, signals <-chan struct{}, count int) {
	t.Helper()
	limit := time.After(patience)
	for i := range count {
		select {
		case <-signals:
		case <-limit:
			t.Fatalf("only %d of %d signals within %v", i, count, patience)
		}
	}
}

// probe returns when a stream opened now on from was heard on to.
func probe(t *testing.T, from, to *media.Engine) {
	t.Helper()
	heard := make(chan struct{}, 1)
	r := open(t, to, func(int, time.Time) { heard <- struct{}{} })
	l := open(t, from, nil)
	join(t, from, l, to, r)
	l.Play(media.Tone(6000, g711.ALaw))
	await(t, heard, 1)
	l.Close()
	r.Close()
}

// peer is a telephone switch's end of one stream: a socket of its own.
type peer struct {
	conn *net.UDPConn
	addr netip.AddrPort
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{conn: conn, addr: netip.MustParseAddrPort(conn.LocalAddr().String())}
}

func (p *peer) read(t *testing.T) []byte {
	t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, err := p.conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// send writes one packet of the switch's own making.
func (p *peer) send(t *testing.T, to netip.AddrPort, seq uint16, payload []byte) {
	t.Helper()
	b := []byte{0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99}
	binary.BigEndian.PutUint16(b[2:], seq)
	if _, err := p.conn.WriteToUDPAddrPort(append(b, payload...), to); err != nil {
		t.Fatal(err)
	}
}

func TestPacketsOnTheWire(t *testing.T) {
	t.Parallel()
	e, p := newEngine(t), newPeer(t)
	if e.LocalAddr().Port()%2 != 0 {
		t.Errorf("RTP port %d is odd", e.LocalAddr().Port())
	}
	s := open(t, e, nil)
	if err := s.Connect(p.addr, 0, g711.ALaw); err != nil {
		t.Fatal(err)
	}
	clip := g711.ALaw.EncodeAll(make([]int16, 200)) // One frame and a quarter.
	s.Play(media.Clip(clip, g711.ALaw, false).WithLead(5, g711.ALaw, 30*time.Millisecond))
	first := p.read(t)
	for i := range 5 {
		b := first
		if i > 0 {
			b = p.read(t)
		}
		if len(b) != 172 || b[0] != 0x80 || b[1]&0x7F != 8 {
			t.Fatalf("packet %d is % x of %d bytes", i, b[:12], len(b))
		}
		if marker := b[1]&0x80 != 0; marker != (i == 0) {
			t.Errorf("packet %d has marker %v", i, marker)
		}
		if d := binary.BigEndian.Uint16(b[2:]) - binary.BigEndian.Uint16(first[2:]); int(d) != i {
			t.Errorf("packet %d is %d numbers after the first", i, d)
		}
		if d := binary.BigEndian.Uint32(b[4:]) - binary.BigEndian.Uint32(first[4:]); int(d) != 160*i {
			t.Errorf("packet %d is stamped %d after the first", i, d)
		}
		if ssrc := binary.BigEndian.Uint32(b[8:]); ssrc != s.SSRC() {
			t.Errorf("packet %d has the SSRC %d, want %d", i, ssrc, s.SSRC())
		}
		pcm := make([]int16, 160)
		g711.ALaw.DecodeTo(pcm, b[12:])
		if n, ok := tone.Detect(pcm); ok != (i < 2) || (ok && n != 5) {
			t.Errorf("packet %d carries code %d, %v", i, n, ok)
		}
	}
}

// While a stream is paused its clock goes on, as a telephone's does on hold, and
// nothing of it is on the wire.
func TestPauseSendsNothingAndKeepsTheClock(t *testing.T) {
	t.Parallel()
	e, p, clock := newEngine(t), newPeer(t), newPeer(t)
	s, ticking := open(t, e, nil), open(t, e, nil)
	err := errors.Join(s.Connect(p.addr, 0, g711.ALaw), ticking.Connect(clock.addr, 0, g711.ALaw))
	if err != nil {
		t.Fatal(err)
	}
	s.Play(media.Tone(1, g711.ALaw))
	ticking.Play(media.Tone(2, g711.ALaw))
	last := p.read(t)
	s.Pause(true)
	sent := s.Counters().Sent
	for range 6 { // At least 100 ms.
		clock.read(t)
	}
	s.Pause(false)
	for range sent - 1 {
		last = p.read(t)
	}
	next := p.read(t)
	if d := binary.BigEndian.Uint16(next[2:]) - binary.BigEndian.Uint16(last[2:]); d != 1 {
		t.Errorf("the first packet after the pause is %d numbers after the last one before", d)
	}
	if d := binary.BigEndian.Uint32(next[4:]) - binary.BigEndian.Uint32(last[4:]); d < 4*160 {
		t.Errorf("the clock went on by %d samples in a pause of 100 ms", d)
	}
}

func TestStreamsAreToldApartByAddress(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	peers := []*peer{newPeer(t), newPeer(t)}
	heard := make(chan struct{}, 2)
	var streams []*media.Stream
	for _, p := range peers {
		s := open(t, e, func(int, time.Time) { heard <- struct{}{} })
		if err := s.Connect(p.addr, 0, g711.ALaw); err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	stranger := newPeer(t)
	for seq := range uint16(4) {
		for i, p := range peers {
			p.send(t, e.LocalAddr(), seq, tone.Encoded(50+i, g711.ALaw))
		}
		stranger.send(t, e.LocalAddr(), seq, tone.Encoded(99, g711.ALaw))
	}
	await(t, heard, 2)
	for i, s := range streams {
		spans, _ := s.Heard()
		if len(spans) != 1 || spans[0].Tone != 50+i {
			t.Errorf("stream %d heard %+v", i, spans)
		}
	}
	if got := e.Stats(); got.Unknown == 0 {
		t.Error("packets of a stranger were not counted")
	}
}

func TestANewCallTakesOverTheAddress(t *testing.T) {
	t.Parallel()
	e, p := newEngine(t), newPeer(t)
	heard := make(chan struct{}, 1)
	before, after := open(t, e, nil), open(t, e, func(int, time.Time) { heard <- struct{}{} })
	if err := errors.Join(before.Connect(p.addr, 0, g711.ALaw), after.Connect(p.addr, 0, g711.ALaw)); err != nil {
		t.Fatal(err)
	}
	before.Close() // Must not take the address from its new owner.
	for seq := range uint16(2) {
		p.send(t, e.LocalAddr(), seq, tone.Encoded(8, g711.ALaw))
	}
	await(t, heard, 1)
	if got := e.Stats().Takeovers; got != 1 {
		t.Errorf("%d takeovers, want 1", got)
	}
}

func TestAudioStaysOnLoopback(t *testing.T) {
	t.Parallel()
	s := open(t, newEngine(t), nil)
	if err := s.Connect(netip.MustParseAddrPort("192.0.2.1:4000"), 0, g711.ALaw); !errors.Is(err, media.ErrNotLoopback) {
		t.Errorf("foreign address: %v, want ErrNotLoopback", err)
	}
	_, err := media.New(media.Options{Bind: netip.MustParseAddr("192.0.2.1")})
	if !errors.Is(err, media.ErrNotLoopback) {
		t.Errorf("foreign socket: %v, want ErrNotLoopback", err)
	}
}

func TestClosedEngineTakesNoStreams(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := open(t, e, nil)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(media.StreamOptions{}); !errors.Is(err, media.ErrClosed) {
		t.Errorf("open after close: %v, want ErrClosed", err)
	}
	if err := s.Connect(e.LocalAddr(), 0, g711.ALaw); !errors.Is(err, media.ErrClosed) {
		t.Errorf("connect after close: %v, want ErrClosed", err)
	}
	s.Close()
	s.Close()
	if n := e.Stats().Streams; n != 0 {
		t.Errorf("%d streams are still open", n)
	}
}
