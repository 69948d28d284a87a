package testbed

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Tones of the two phones; the music's tones are others.
const (
	callerHertz = 1100
	agentHertz  = 1900
)

// agentAccount and callerAccount are lines of a baresip's account file.
func agentAccount(a *Asterisk) string {
	agent := a.Agents[0]
	return fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60",
		agent.Name, a.AgentAddr, agent.Name, agent.Password)
}

const callerAccount = `"Some One" <sip:13800138000@127.0.0.1>;regint=0`

// A phone of other people registers as an agent, another one calls in, they
// talk, and both sides are recorded from answer to hang-up.
func TestStrangersTalkAndAreRecorded(t *testing.T) {
	a := RunAsterisk(t, Options{Agents: Agents(1)})
	c := connectARI(t, a)
	startPhone(t, agentHertz, agentAccount(a), "")
	until(t, "the agent is registered", func() bool { return c.endpointState(a.Agents[0].Name) == "online" })
	startPhone(t, callerHertz, callerAccount, "/dial sip:95500@"+a.TrunkAddr)

	began := c.wait("the call enters the application", isStart)
	caller := began.Channel.ID
	if len(began.Args) != 4 || began.Args[0] != "in" || began.Args[1] != "95500" || began.Args[3] != "" {
		t.Fatalf("arguments %q, want in, 95500, the recording's name and no time that he waited", began.Args)
	}
	if got := began.Channel.Caller; got.Number != "13800138000" || got.Name != "" {
		t.Errorf("caller %+v, want the number and no name", got)
	}
	c.connectAgent(caller, a.Agents[0].Name)

	rx := filepath.Join(a.RecordingDir, began.Args[2]+"-rx.alaw")
	tx := filepath.Join(a.RecordingDir, began.Args[2]+"-tx.alaw")
	until(t, "4 s are recorded", func() bool { return fileSize(rx) >= 4*sampleRate && fileSize(tx) >= 4*sampleRate })
	c.do("DELETE", "/channels/"+caller, nil, nil)
	c.wait("the call ends", func(e ariEvent) bool { return e.Type == "StasisEnd" && e.Channel.ID == caller })
	until(t, "the files are closed", func() bool { return !holdsOpen(t, a.PID(), rx) && !holdsOpen(t, a.PID(), tx) })

	heard := readALaw(t, rx)
	said := readALaw(t, tx)
	if difference := len(heard) - len(said); difference < -160 || difference > 160 {
		t.Errorf("rx has %d samples, tx %d: they do not begin and end together", len(heard), len(said))
	}
	// The first second may hold the phones' own start; the last is talk.
	wantTone(t, "caller's side", lastSecond(heard), callerHertz, agentHertz)
	wantTone(t, "agent's side", lastSecond(said), agentHertz, callerHertz)
}

// With no controller connected the caller is answered, recorded and kept with
// music, and is handed over when the controller comes.
func TestCallerWaitsForController(t *testing.T) {
	a := RunAsterisk(t, Options{})
	startPhone(t, callerHertz, callerAccount, "/dial sip:95500@"+a.TrunkAddr)
	var tx string
	until(t, "music is recorded", func() bool {
		found, err := filepath.Glob(filepath.Join(a.RecordingDir, "*/*/*/*-tx.alaw"))
		if err != nil || len(found) != 1 {
			return false
		}
		tx = found[0]
		return fileSize(tx) >= 4*sampleRate
	})
	c := connectARI(t, a)
	began := c.wait("the waiting call enters the application", isStart)
	if want := strings.TrimSuffix(tx, "-tx.alaw"); filepath.Join(a.RecordingDir, began.Args[2]) != want {
		t.Errorf("recording %q, want %q", began.Args[2], want)
	}
	c.do("DELETE", "/channels/"+began.Channel.ID, nil, nil)
	c.wait("the call ends", func(e ariEvent) bool { return e.Type == "StasisEnd" })
	if power := loudness(readALaw(t, tx)); power < 100 {
		t.Errorf("what the caller heard has loudness %.0f: no music", power)
	}
}

// A call is given up when no controller comes, with a cause that tells it from
// a normal end, and leaves no channel behind.
func TestCallIsGivenUpWithoutController(t *testing.T) {
	a := RunAsterisk(t, Options{Patience: 1})
	caller := startPhone(t, callerHertz, callerAccount, "/dial sip:95500@"+a.TrunkAddr)
	until(t, "the caller is hung up", func() bool {
		return strings.Contains(caller.text(), "BYE sip:13800138000") && strings.Contains(caller.text(), "cause=38")
	})
	c := connectARI(t, a)
	until(t, "no channel is left", func() bool {
		var channels []struct{ ID string }
		c.do("GET", "/channels", nil, &channels)
		return len(channels) == 0
	})
}

// Nobody gets in who is not let in: a caller from another address, an agent
// with a wrong password, a caller who writes an agent's name into From.
func TestUninvitedAreRefused(t *testing.T) {
	elsewhere := []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	a := RunAsterisk(t, Options{Agents: Agents(1), TrunkSources: elsewhere, AgentSources: loopback})
	c := connectARI(t, a)
	agent := a.Agents[0]
	stranger := startPhone(t, callerHertz, callerAccount, "/dial sip:95500@"+a.TrunkAddr)
	wrong := startPhone(t, callerHertz, strings.Replace(agentAccount(a), agent.Password, "wrong-password", 1), "")
	claims := startPhone(t, callerHertz, "<sip:"+agent.Name+"@127.0.0.1>;regint=0", "/dial sip:95500@"+a.TrunkAddr)
	for name, phone := range map[string]*phone{"stranger": stranger, "wrong password": wrong, "claimed name": claims} {
		until(t, name+" is refused", func() bool {
			return strings.Contains(phone.text(), "SIP/2.0 401") && !strings.Contains(phone.text(), "SIP/2.0 200")
		})
	}
	var channels []struct{ ID string }
	c.do("GET", "/channels", nil, &channels)
	if len(channels) != 0 {
		t.Errorf("%d channels, want none", len(channels))
	}
	if state := c.endpointState(agent.Name); state == "online" {
		t.Errorf("agent is %s with a wrong password", state)
	}
}

// Prompts are found by name below the sounds folder.
func TestPromptResolves(t *testing.T) {
	sounds := t.TempDir()
	folder := filepath.Join(sounds, "hotline", "zh-CN")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "greeting.wav"), toneWAV(500, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	a := RunAsterisk(t, Options{SoundsDir: sounds})
	c := connectARI(t, a)
	startPhone(t, callerHertz, callerAccount, "/dial sip:95500@"+a.TrunkAddr)
	began := c.wait("the call enters the application", isStart)
	c.do("POST", "/channels/"+began.Channel.ID+"/play", url.Values{"media": {"sound:hotline/zh-CN/greeting"}}, nil)
	ended := c.wait("the prompt ends", func(e ariEvent) bool { return e.Type == "PlaybackFinished" })
	if ended.Playback.State != "done" {
		t.Errorf("playback is %q, want done", ended.Playback.State)
	}
	if log := a.LogTail(50); strings.Contains(log, "WARNING") {
		t.Errorf("Asterisk complains:\n%s", log)
	}
}

func isStart(e ariEvent) bool { return e.Type == "StasisStart" }

// connectAgent rings the agent's phone and puts both into a bridge.
func (c *ariClient) connectAgent(caller, agent string) {
	c.t.Helper()
	var bridge struct{ ID string }
	c.do("POST", "/bridges", url.Values{"type": {"mixing"}}, &bridge)
	c.do("POST", "/bridges/"+bridge.ID+"/addChannel", url.Values{"channel": {caller}}, nil)
	c.do("POST", "/bridges/"+bridge.ID+"/moh", nil, nil)
	c.do("POST", "/channels/create", url.Values{
		"endpoint": {"PJSIP/" + agent}, "app": {c.server.App}, "channelId": {"leg1"}, "originator": {caller},
	}, nil)
	// The answer to create comes before the leg is in the application; a dial
	// before StasisStart is refused with 409.
	c.wait("the leg exists", func(e ariEvent) bool { return isStart(e) && e.Channel.ID == "leg1" })
	c.do("POST", "/channels/leg1/dial", nil, nil)
	c.wait("the agent answers", func(e ariEvent) bool {
		return e.Type == "ChannelStateChange" && e.Channel.ID == "leg1" && e.Channel.State == "Up"
	})
	c.do("POST", "/bridges/"+bridge.ID+"/addChannel", url.Values{"channel": {"leg1"}}, nil)
	c.do("DELETE", "/bridges/"+bridge.ID+"/moh", nil, nil)
}

func (c *ariClient) endpointState(name string) string {
	c.t.Helper()
	var endpoint struct{ State string }
	c.do("GET", "/endpoints/PJSIP/"+name, nil, &endpoint)
	return endpoint.State
}

func fileSize(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

// holdsOpen reports whether a process has a file open.
func holdsOpen(t *testing.T, pid int, file string) bool {
	t.Helper()
	folder := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		// A descriptor may be closed between the list and the look.
		if target, err := os.Readlink(filepath.Join(folder, entry.Name())); err == nil && target == file {
			return true
		}
	}
	return false
}

// readALaw decodes a headerless A-law file (ITU-T G.711).
func readALaw(t *testing.T, name string) []float64 {
	t.Helper()
	codes, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]float64, len(codes))
	for i, code := range codes {
		code ^= 0x55
		segment, value := int(code>>4&7), int(code&15)<<4+8
		if segment > 0 {
			value = (value + 256) << (segment - 1)
		}
		if code&0x80 == 0 {
			value = -value
		}
		samples[i] = float64(value)
	}
	return samples
}

func lastSecond(samples []float64) []float64 { return samples[max(0, len(samples)-sampleRate):] }

// toneLevel is the amplitude of one frequency (Goertzel's algorithm).
func toneLevel(samples []float64, hertz float64) float64 {
	step := 2 * math.Cos(2*math.Pi*hertz/sampleRate)
	var last, before float64
	for _, sample := range samples {
		last, before = sample+step*last-before, last
	}
	power := last*last + before*before - step*last*before
	return 2 * math.Sqrt(max(0, power)) / float64(len(samples))
}

func loudness(samples []float64) float64 {
	var sum float64
	for _, sample := range samples {
		sum += sample * sample
	}
	return math.Sqrt(sum / float64(max(1, len(samples))))
}

// wantTone fails the test unless one tone is there and the other is not.
func wantTone(t *testing.T, what string, samples []float64, wanted, unwanted float64) {
	t.Helper()
	if level := toneLevel(samples, wanted); level < 2000 {
		t.Errorf("%s: %v Hz has level %.0f, want it loud", what, wanted, level)
	}
	if level := toneLevel(samples, unwanted); level > 200 {
		t.Errorf("%s: %v Hz has level %.0f, want it absent", what, unwanted, level)
	}
}
