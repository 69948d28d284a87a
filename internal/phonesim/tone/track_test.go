package tone_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// tape feeds a Track packet by packet with a clock of 20 ms steps.
type tape struct {
	track tone.Track
	now   time.Time
	began []int
}

func newTape() *tape {
	return &tape{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (p *tape) feed(payload []byte) {
	p.now = p.now.Add(20 * time.Millisecond)
	if n, ok := p.track.Feed(g711.ALaw, payload, p.now); ok {
		p.began = append(p.began, n)
	}
}

func (p *tape) tone(n, packets int) (first, last time.Time) {
	first = p.now.Add(20 * time.Millisecond)
	for range packets {
		p.feed(tone.Encoded(n, g711.ALaw))
	}
	return first, p.now
}

func (p *tape) noise(packets int) {
	r := rand.New(rand.NewPCG(5, 6))
	for range packets {
		pcm := make([]int16, tone.Window)
		addNoise(r, pcm, 4000)
		p.feed(g711.ALaw.EncodeAll(pcm))
	}
}

func silence() []byte {
	return g711.ALaw.EncodeAll(make([]int16, tone.Window))
}

func TestTrackNotesWhoAndWhen(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.feed(silence())
	p.noise(20)
	aFirst, aLast := p.tone(17, 50)
	p.noise(20)
	bFirst, bLast := p.tone(4000, 3)
	p.feed(silence())
	spans, dropped := p.track.Spans()
	want := []tone.Span{
		{Tone: 17, First: aFirst, Last: aLast, Windows: 50, Number: -1},
		{Tone: 4000, First: bFirst, Last: bLast, Windows: 3, Number: -1},
	}
	if len(spans) != 2 || spans[0] != want[0] || spans[1] != want[1] || dropped != 0 {
		t.Errorf("heard %+v and %d dropped, want %+v", spans, dropped, want)
	}
	if len(p.began) != 2 || p.began[0] != 17 || p.began[1] != 4000 {
		t.Errorf("told the beginnings %v, want [17 4000]", p.began)
	}
}

func TestTrackBridgesShortBreaksOnly(t *testing.T) {
	t.Parallel()
	p := newTape()
	first, _ := p.tone(9, 5)
	p.noise(2)
	_, last := p.tone(9, 5)
	p.noise(10)
	p.tone(9, 5)
	spans, _ := p.track.Spans()
	if len(spans) != 2 {
		t.Fatalf("heard %d spans, want 2: %+v", len(spans), spans)
	}
	if !spans[0].First.Equal(first) || !spans[0].Last.Equal(last) {
		t.Errorf("first span is %+v, want it from %v to %v", spans[0], first, last)
	}
}

func TestTrackFollowsAChangeWithoutAGap(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.tone(1, 10)
	p.tone(2, 10)
	spans, _ := p.track.Spans()
	if len(spans) != 2 || spans[0].Tone != 1 || spans[1].Tone != 2 {
		t.Errorf("heard %+v, want codes 1 and 2", spans)
	}
}

func TestTrackAcceptsAnyPacketSizeAndOffset(t *testing.T) {
	t.Parallel()
	for _, size := range []int{80, 160, 240, 1, 333} {
		p := newTape()
		stream := make([]byte, 0, 4000)
		stream = append(stream, silence()[:37]...)
		for range 20 {
			stream = append(stream, tone.Encoded(600, g711.ALaw)...)
		}
		for len(stream) > 0 {
			n := min(size, len(stream))
			p.feed(stream[:n])
			stream = stream[n:]
		}
		spans, _ := p.track.Spans()
		if len(spans) != 1 || spans[0].Tone != 600 || spans[0].Windows < 18 {
			t.Errorf("packets of %d: heard %+v", size, spans)
		}
	}
}

func TestTrackMemoryIsBounded(t *testing.T) {
	t.Parallel()
	p := newTape()
	for n := range 600 {
		p.tone(n, 2)
	}
	spans, dropped := p.track.Spans()
	if len(spans)+dropped != 600 || dropped == 0 {
		t.Errorf("kept %d spans and dropped %d of 600", len(spans), dropped)
	}
	p.tone(599, 5)
	if after, _ := p.track.Spans(); len(after) != len(spans) {
		t.Errorf("grew from %d to %d spans", len(spans), len(after))
	}
}

// A waiting caller hears music, the dearest case of a Track.
func BenchmarkTrackMusic(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	packets := make([][]byte, 64)
	for i := range packets {
		pcm := make([]int16, tone.Window)
		addNoise(r, pcm, 4000)
		packets[i] = g711.ALaw.EncodeAll(pcm)
	}
	var track tone.Track
	now := time.Now()
	for i := 0; b.Loop(); i++ {
		track.Feed(g711.ALaw, packets[i%len(packets)], now)
	}
}
