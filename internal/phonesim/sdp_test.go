package phonesim

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hotline/internal/phonesim/g711"
)

func TestSessionRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := session{
			addr: netip.AddrPortFrom(
				rapid.SampledFrom([]netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.IPv6Loopback()}).Draw(t, "ip"),
				rapid.Uint16Range(1, 65535).Draw(t, "port")),
			laws: rapid.SampledFrom([][]g711.Law{
				{g711.ALaw}, {g711.ULaw}, {g711.ALaw, g711.ULaw}, {g711.ULaw, g711.ALaw},
			}).Draw(t, "laws"),
			ssrc:      rapid.Uint32().Draw(t, "ssrc"),
			direction: rapid.SampledFrom([]direction{sendrecv, sendonly, recvonly, inactive}).Draw(t, "direction"),
			events:    rapid.SampledFrom([]uint8{0, 96, 101, 127}).Draw(t, "events"),
		}
		got, err := parseSession(want.marshal(1))
		if err != nil {
			t.Fatal(err)
		}
		if got.addr != want.addr || got.ssrc != want.ssrc || got.direction != want.direction || got.events != want.events ||
			!slices.Equal(got.laws, want.laws) {
			t.Fatalf("came back as %+v, want %+v", got, want)
		}
	})
}

// The shape of what Asterisk's PJSIP channel sends.
const fromAsterisk = "v=0\r\no=- 3914 3916 IN IP4 127.0.0.1\r\ns=Asterisk\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
	"m=audio 14098 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n" +
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:140\r\n" +
	"a=ssrc:77 cname:someone-else\r\na=sendrecv\r\n"

func TestParseSession(t *testing.T) {
	t.Parallel()
	s, err := parseSession([]byte(fromAsterisk))
	if err != nil {
		t.Fatal(err)
	}
	if s.addr.String() != "127.0.0.1:14098" || s.events != 101 || s.ssrc != 0 || s.choose(g711.ULaw) != g711.ULaw {
		t.Errorf("read %+v, want the audio address, both laws and no foreign SSRC", s)
	}
	later := fromAsterisk + "c=IN IP4 127.0.0.9\r\nm=video 9 RTP/AVP 96\r\nc=IN IP4 192.0.2.1\r\na=inactive\r\n"
	s, err = parseSession([]byte(later))
	if err != nil || s.addr.String() != "127.0.0.9:14098" || s.direction != sendrecv {
		t.Errorf("read %+v, %v; want the audio's own address and nothing of the video", s, err)
	}
}

func TestParseSessionRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":           "",
		"no address":        "v=0\r\nm=audio 4000 RTP/AVP 8\r\n",
		"no audio":          "v=0\r\nc=IN IP4 127.0.0.1\r\nm=video 4000 RTP/AVP 8\r\n",
		"port 0":            strings.Replace(fromAsterisk, "14098", "0", 1),
		"port out of range": strings.Replace(fromAsterisk, "14098", "70000", 1),
		"no G.711":          strings.Replace(fromAsterisk, "8 0 101", "9 101", 1),
		"a name":            strings.ReplaceAll(fromAsterisk, "IP4 127.0.0.1", "IP4 example.org"),
	} {
		if s, err := parseSession([]byte(body)); !errors.Is(err, errSDP) {
			t.Errorf("%s: read %+v, %v; want errSDP", name, s, err)
		}
	}
}

func FuzzParseSession(f *testing.F) {
	f.Add([]byte(fromAsterisk))
	f.Add([]byte("m=audio\r\nm=audio 1 2\r\na=ssrc:x cname:phonesim\r\nc=IN IP6 ::1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := parseSession(body)
		if err == nil && (!s.addr.IsValid() || len(s.laws) == 0) {
			t.Fatalf("accepted %q as %+v", body, s)
		}
	})
}
