package phonesim

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"hotline/internal/phonesim/g711"
)

// errSDP marks a session description that offers no audio we can take.
var errSDP = errors.New("unusable session description")

// ssrcOwner follows the number in our a=ssrc lines (RFC 5576).
const ssrcOwner = " cname:phonesim"

// direction is the flow of audio, seen from the side that wrote it.
type direction string

const (
	sendrecv direction = "sendrecv"
	sendonly direction = "sendonly"
	recvonly direction = "recvonly"
	inactive direction = "inactive"
)

// mirrored is the direction the other side answers with.
func (d direction) mirrored() direction {
	switch d {
	case sendonly:
		return recvonly
	case recvonly:
		return sendonly
	default:
		return d
	}
}

// listens tells whether the side that wrote the direction wants to receive.
func (d direction) listens() bool {
	return d == sendrecv || d == recvonly
}

// session is the audio of one side as its session description tells (RFC 4566).
type session struct {
	addr      netip.AddrPort
	laws      []g711.Law // In order of preference.
	ssrc      uint32     // 0 when not announced.
	direction direction
	events    uint8 // Payload type of keys (RFC 4733), 0 when not taken.
}

// eventsOffered is the payload type under which we offer to take keys: not fixed by any
// standard, but the one that nearly every telephone uses.
const eventsOffered = 101

// marshal writes the description; version must grow when it changes.
func (s session) marshal(version int) []byte {
	family := "IP4"
	if s.addr.Addr().Is6() {
		family = "IP6"
	}
	var b bytes.Buffer
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, format+"\r\n", args...)
	}
	line("v=0")
	line("o=phonesim %d %d IN %s %s", s.ssrc, version, family, s.addr.Addr())
	line("s=phonesim")
	line("c=IN %s %s", family, s.addr.Addr())
	line("t=0 0")
	types := make([]string, len(s.laws))
	for i, l := range s.laws {
		types[i] = strconv.Itoa(int(l.PayloadType()))
	}
	if s.events != 0 {
		types = append(types, strconv.Itoa(int(s.events)))
	}
	line("m=audio %d RTP/AVP %s", s.addr.Port(), strings.Join(types, " "))
	for _, l := range s.laws {
		line("a=rtpmap:%d %s/8000", l.PayloadType(), l.Name())
	}
	if s.events != 0 {
		line("a=rtpmap:%d %s", s.events, eventsName)
		line("a=fmtp:%d 0-15", s.events)
	}
	line("a=ptime:20")
	line("a=ssrc:%d%s", s.ssrc, ssrcOwner)
	line("a=%s", s.direction)
	return b.Bytes()
}

// eventsName is how a description names keys.
const eventsName = "telephone-event/8000"

// choose picks the law both sides know, ours before theirs.
func (s session) choose(preferred g711.Law) g711.Law {
	if slices.Contains(s.laws, preferred) {
		return preferred
	}
	return s.laws[0]
}

// parseSession reads the first audio stream of a description.
func parseSession(body []byte) (session, error) {
	s := session{direction: sendrecv}
	var address, port string
	inAudio, seenAudio := false, false
	for line := range strings.Lines(string(body)) {
		kind, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if !ok || (seenAudio && !inAudio) {
			continue
		}
		switch kind {
		case "m":
			inAudio = !seenAudio && strings.HasPrefix(value, "audio ")
			if inAudio {
				seenAudio = true
				port = s.readMedia(strings.Fields(value))
			}
		case "c":
			if f := strings.Fields(value); len(f) == 3 {
				address = f[2]
			}
		case "a":
			s.readAttribute(value)
		}
	}
	addr, err := netip.ParseAddrPort(joinAddr(address, port))
	if err != nil {
		return session{}, fmt.Errorf("%w: no audio address: %w", errSDP, err)
	}
	if len(s.laws) == 0 || addr.Port() == 0 {
		return session{}, fmt.Errorf("%w: no G.711 audio", errSDP)
	}
	s.addr = addr
	return s, nil
}

func joinAddr(address, port string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]:" + port
	}
	return address + ":" + port
}

// readMedia notes the payload types of an m= line and returns its port.
func (s *session) readMedia(fields []string) (port string) {
	if len(fields) < 4 {
		return ""
	}
	for _, f := range fields[3:] {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		if law, ok := g711.FromPayloadType(uint8(pt)); ok && !slices.Contains(s.laws, law) {
			s.laws = append(s.laws, law)
		}
	}
	return fields[1]
}

func (s *session) readAttribute(value string) {
	switch d := direction(value); d {
	case sendrecv, sendonly, recvonly, inactive:
		s.direction = d
		return
	}
	if rest, ok := strings.CutPrefix(value, "rtpmap:"); ok {
		number, name, _ := strings.Cut(rest, " ")
		pt, err := strconv.ParseUint(number, 10, 7)
		if err == nil && strings.EqualFold(strings.TrimSpace(name), eventsName) && s.events == 0 {
			s.events = uint8(pt)
		}
		return
	}
	// Only our own kind is taken at its word: a switch may announce one SSRC
	// and send another, and its streams differ by address anyway.
	if rest, ok := strings.CutPrefix(value, "ssrc:"); ok && strings.HasSuffix(rest, ssrcOwner) {
		v, err := strconv.ParseUint(strings.TrimSuffix(rest, ssrcOwner), 10, 32)
		if err == nil {
			s.ssrc = uint32(v)
		}
	}
}
