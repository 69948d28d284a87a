package ari

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// captured reads events as Asterisk 22.10.1 sent them, by type and first mark of detail.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	f, err := os.Open("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // read only
	all := make(map[string][]byte)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		e, err := decode(lines.Bytes())
		if err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		key := string(e.Type)
		if e.Playback != nil {
			key += " " + e.Playback.State
		}
		if e.Type == Dial {
			key += " " + e.DialStatus
		}
		if e.Contact != nil {
			key += " " + e.Contact.Status
		}
		all[key] = []byte(lines.Text())
	}
	return all
}

func TestDecodeCapturedEvents(t *testing.T) {
	const node = "02:00:00:00:00:01"
	at := func(s string) time.Time {
		v, err := time.Parse("15:04:05.000", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 10, 20)
	}
	caller := &Channel{
		ID: "pbx1-1795295761.35", Name: "PJSIP/trunk-0000001a", State: ChannelUp, CallerNumber: "13800138000",
		Context: "hotline", Dialled: "10010", App: "Stasis", AppData: "hotline,in,10010,2026/11/21/pbx1-1795295761.35",
		Language: "en", Created: at("21:16:01.847"),
	}
	bridge := &Bridge{ID: "bx", Type: "mixing", Creator: "Stasis", Channels: []string{}}
	phone := &Channel{
		ID: "leg-answernormal", Name: "PJSIP/a1001-00000017", State: ChannelUp, CallerNumber: "1001",
		Context: "from-agents", Dialled: "s", App: "Stasis", AppData: "hotline", Language: "en",
		Created: at("21:15:31.152"),
	}
	want := map[string]Event{
		"ChannelLeftBridge": {At: at("21:16:05.910"), Channel: caller, Bridge: bridge},
		"BridgeDestroyed":   {At: at("21:16:05.921"), Bridge: bridge},
		"Dial ANSWER":       {At: at("21:15:31.162"), Peer: phone, DialStatus: "ANSWER"},
		"StasisEnd":         {At: at("21:16:05.911"), Channel: caller},
		"PlaybackFinished failed": {At: at("21:10:19.745"), Playback: &Playback{
			ID: "pb2", State: "failed", Media: "tone:ring", Target: "bridge:br1",
		}},
		"ContactStatusChange Reachable": {
			At:       at("21:14:19.024"),
			Endpoint: &Endpoint{Tech: "PJSIP", Resource: "a1001", State: EndpointOnline, Channels: []string{"leg-x"}},
			Contact: &Contact{
				URI: "sip:a1001@127.0.0.1:36555", AOR: "a1001", Status: "Reachable", RoundTrip: 217 * time.Microsecond,
			},
		},
	}
	all := captured(t)
	for key, w := range want {
		w.Type, _, _ = cutType(key)
		w.Node = node
		got, err := decode(all[key])
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if diff := cmp.Diff(&w, got); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func cutType(key string) (EventType, string, bool) {
	name, rest, ok := strings.Cut(key, " ")
	return EventType(name), rest, ok
}

// Events that no simple call has, in the form of Asterisk's own description.
func TestDecodeRareEvents(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Event
	}{
		"end with SIP status": {
			`{"type":"ChannelDestroyed","cause":19,"cause_txt":"no answer","tech_cause":480,"channel":{"id":"a"}}`,
			Event{Type: ChannelDestroyed, Cause: 19, CauseText: "no answer", TechCause: 480, Channel: &Channel{ID: "a"}},
		},
		"transfer": {
			`{"type":"StasisStart","args":[],"channel":{"id":"a"},"replace_channel":{"id":"b"}}`,
			Event{Type: StasisStart, Args: []string{}, Channel: &Channel{ID: "a"}, Replaces: &Channel{ID: "b"}},
		},
		"digit": {
			`{"type":"ChannelDtmfReceived","digit":"#","duration_ms":120,"channel":{"id":"a"}}`,
			Event{Type: ChannelDtmfReceived, Digit: "#", Duration: 120 * time.Millisecond, Channel: &Channel{ID: "a"}},
		},
		"merge": {
			`{"type":"BridgeMerged","bridge":{"id":"x","channels":["a"]},"bridge_from":{"id":"y"}}`,
			Event{Type: BridgeMerged, Bridge: &Bridge{ID: "x", Channels: []string{"a"}}, Merged: &Bridge{ID: "y"}},
		},
		"blind transfer": {
			`{"type":"BridgeBlindTransfer","channel":{"id":"a"},"bridge":{"id":"x"},"transferee":{"id":"c"}}`,
			Event{
				Type: BridgeBlindTransfer, Channel: &Channel{ID: "a"}, Peer: &Channel{ID: "c"}, Bridge: &Bridge{ID: "x"},
			},
		},
		"attended transfer": {
			`{"type":"BridgeAttendedTransfer","transferer_first_leg":{"id":"a"},"transferee":{"id":"c"},
			  "transferer_first_leg_bridge":{"id":"x"}}`,
			Event{
				Type: BridgeAttendedTransfer, Channel: &Channel{ID: "a"}, Peer: &Channel{ID: "c"},
				Bridge: &Bridge{ID: "x"},
			},
		},
		"hold": {
			`{"type":"ChannelHold","channel":{"id":"a"},"musicclass":"jazz"}`,
			Event{Type: ChannelHold, Channel: &Channel{ID: "a"}, Music: "jazz"},
		},
		"talking": {
			`{"type":"ChannelTalkingFinished","channel":{"id":"a"},"duration":900}`,
			Event{Type: ChannelTalkingFinished, Channel: &Channel{ID: "a"}, Duration: 900 * time.Millisecond},
		},
		"no keys at all": {`{"type":"ApplicationReplaced"}`, Event{Type: ApplicationReplaced}},
		"move failed": {
			`{"type":"ApplicationMoveFailed","args":["a"],"channel":{"id":"a"},"destination":"d"}`,
			Event{Type: ApplicationMoveFailed, Args: []string{"a"}, Channel: &Channel{ID: "a"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			// Without a stamp of Asterisk's the time of receipt stands in.
			if got.At.IsZero() || time.Since(got.At) > time.Minute || got.At.Location() != time.UTC {
				t.Errorf("at %v", got.At)
			}
			got.At = time.Time{}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeStampIsUTC(t *testing.T) {
	e, err := decode([]byte(`{"type":"StasisEnd","timestamp":"2026-11-22T05:16:05.123+0800"}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 21, 21, 16, 5, 123e6, time.UTC); e.At != want {
		t.Errorf("at %v, want %v", e.At, want)
	}
}

// Whatever comes, decode gives an event or an error, and never takes the reader down.
func FuzzDecode(f *testing.F) {
	for _, line := range captured(f) {
		f.Add(line)
	}
	f.Add([]byte(`{"type":"Dial","peer":null,"caller":[]}`))
	f.Add([]byte(`{"type":"RESTResponse"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decode(data)
		if (e == nil) == (err == nil) {
			t.Errorf("event %v, error %v", e, err)
		}
		var unknown *unknownEventError
		if errors.As(err, &unknown) && unknown.name == "" {
			t.Error("unknown type without a name")
		}
		if err == nil && (e.Type == "" || e.At.IsZero()) {
			t.Errorf("event %+v", e)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	line := captured(b)["ChannelLeftBridge"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(line); err != nil {
			b.Fatal(err)
		}
	}
}
