package media

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestPacketRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := packet{
			payloadType: rapid.Uint8Range(0, 127).Draw(t, "type"),
			marker:      rapid.Bool().Draw(t, "marker"),
			seq:         rapid.Uint16().Draw(t, "seq"),
			timestamp:   rapid.Uint32().Draw(t, "timestamp"),
			ssrc:        rapid.Uint32().Draw(t, "ssrc"),
			payload:     rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload"),
		}
		got, err := parse(p.appendTo(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.payload, p.payload) {
			t.Fatalf("payload came back as %x, want %x", got.payload, p.payload)
		}
		got.payload, p.payload = nil, nil
		if got.payloadType != p.payloadType || got.marker != p.marker || got.seq != p.seq ||
			got.timestamp != p.timestamp || got.ssrc != p.ssrc {
			t.Fatalf("came back as %+v, want %+v", got, p)
		}
	})
}

func TestParseSkipsWhatIsNotAudio(t *testing.T) {
	t.Parallel()
	plain := packet{payloadType: 8, seq: 1, ssrc: 2, payload: []byte("abcd")}
	b := plain.appendTo(nil)
	b[0] |= paddingBit | extensionBit | 1 // One contributing source.
	head := append([]byte{}, b[:headerSize]...)
	head = append(head, 9, 9, 9, 9)             // The contributing source.
	head = append(head, 0, 0, 0, 1, 7, 7, 7, 7) // An extension of one word.
	full := append(head, b[headerSize:]...)
	full = append(full, 0, 0, 3) // Three bytes of padding.
	got, err := parse(full)
	if err != nil || string(got.payload) != "abcd" {
		t.Errorf("payload %q, %v; want abcd", got.payload, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{0xBF, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 255})
	f.Add([]byte("INVITE sip:1@127.0.0.1 SIP/2.0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parse(b)
		if err != nil && !errors.Is(err, errMalformed) {
			t.Fatalf("error %v is not of its kind", err)
		}
		if len(p.payload) > len(b) {
			t.Fatalf("payload of %d bytes in a datagram of %d", len(p.payload), len(b))
		}
	})
}

func TestSequenceCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seqs []uint16
		want Counters
	}{
		"in order across the wrap": {[]uint16{65534, 65535, 0, 1}, Counters{Received: 4}},
		"one lost":                 {[]uint16{1, 2, 4}, Counters{Received: 3, Lost: 1}},
		"one late":                 {[]uint16{1, 3, 2, 4}, Counters{Received: 4, OutOfOrder: 1}},
		"one twice":                {[]uint16{1, 2, 2, 3, 1}, Counters{Received: 3, Duplicates: 2}},
		"late before the first":    {[]uint16{10, 9, 11}, Counters{Received: 3, OutOfOrder: 1}},
		"a jump is a restart":      {[]uint16{1, 3, 20000, 20001}, Counters{Received: 4, Lost: 1, Restarts: 1}},
	} {
		var s sequence
		var got Counters
		for _, seq := range c.seqs {
			s.note(&got, 77, seq)
		}
		if got != c.want {
			t.Errorf("%s: counted %+v, want %+v", name, got, c.want)
		}
	}
}

func TestSequenceStartsAnewWithANewSender(t *testing.T) {
	t.Parallel()
	var s sequence
	var c Counters
	s.note(&c, 1, 100)
	s.note(&c, 1, 102)
	s.note(&c, 2, 5)
	s.note(&c, 2, 6)
	if want := (Counters{Received: 4, Lost: 1, Restarts: 1}); c != want {
		t.Errorf("counted %+v, want %+v", c, want)
	}
}
