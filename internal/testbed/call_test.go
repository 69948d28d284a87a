package testbed

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// ariEvent is the part of an ARI event that these tests read.
type ariEvent struct {
	Type    string   `json:"type"`
	Args    []string `json:"args"`
	Channel struct {
		ID     string `json:"id"`
		State  string `json:"state"`
		Caller struct {
			Number string `json:"number"`
			Name   string `json:"name"`
		} `json:"caller"`
	} `json:"channel"`
}

// ariClient is a controller in small: an event stream and plain requests.
type ariClient struct {
	t      *testing.T
	server *Asterisk
	events chan ariEvent
}

// connectARI registers the application and reads events until the test ends.
func connectARI(t *testing.T, a *Asterisk) *ariClient {
	t.Helper()
	address := strings.Replace(a.ARIURL, "http://", "ws://", 1) + "/events?app=" + a.App
	header := http.Header{}
	request := &http.Request{Header: header}
	request.SetBasicAuth(a.ARIUser, a.ARIPassword)
	conn, response, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatalf("event stream: %v", err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	c := &ariClient{t: t, server: a, events: make(chan ariEvent, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, text, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			var event ariEvent
			if err := json.Unmarshal(text, &event); err == nil {
				c.events <- event
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.CloseNow()
		<-ended
	})
	return c
}

// wait gives the first event that matches, or fails the test.
func (c *ariClient) wait(what string, match func(ariEvent) bool) ariEvent {
	c.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case event := <-c.events:
			if match(event) {
				return event
			}
		case <-limit:
			c.t.Fatalf("no event: %s", what)
		}
	}
}

// do sends one request and decodes the answer into result, if that is not nil.
func (c *ariClient) do(method, path string, query url.Values, result any) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method,
		c.server.ARIURL+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	request.SetBasicAuth(c.server.ARIUser, c.server.ARIPassword)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if response.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s %s", method, path, response.Status, text)
	}
	if result != nil {
		if err := json.Unmarshal(text, result); err != nil {
			c.t.Fatal(err)
		}
	}
}

// phone is a baresip, a SIP phone by other people.
type phone struct {
	proc   *process
	dir    string
	output *os.File
}

// toneWAV is a mono 16-bit sound file at 8 kHz with one tone.
func toneWAV(hertz, seconds int) []byte {
	size := uint32(2 * sampleRate * seconds)
	wav := []byte("RIFF")
	wav = binary.LittleEndian.AppendUint32(wav, 36+size)
	wav = append(wav, "WAVEfmt "...)
	for _, field := range []any{
		uint32(16), uint16(1), uint16(1), uint32(sampleRate), uint32(2 * sampleRate), uint16(2), uint16(16),
	} {
		wav, _ = binary.Append(wav, binary.LittleEndian, field)
	}
	wav = append(wav, "data"...)
	wav = binary.LittleEndian.AppendUint32(wav, size)
	for i := range sampleRate * seconds {
		value := 8000 * math.Sin(2*math.Pi*float64(hertz)*float64(i)/sampleRate)
		wav = binary.LittleEndian.AppendUint16(wav, uint16(int16(value)))
	}
	return wav
}

// startPhone runs a baresip that sends a tone of hertz. account is a line of
// its account file; command is what is typed into it at the start, or empty.
func startPhone(t *testing.T, hertz int, account, command string) *phone {
	t.Helper()
	root, err := Packages(t.Context(), func(name string, took time.Duration, err error) {
		t.Logf("%s: %v %v", name, took.Round(time.Millisecond), err)
	}, "baresip-core")
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(p.dir, "tone.wav"), toneWAV(hertz, 60), 0o600); err != nil {
		t.Fatal(err)
	}
	config := []string{
		"poll_method epoll", "sip_listen 127.0.0.1:0", "rtp_ports 20000-31999",
		"audio_channels 1", "audio_source aufile," + filepath.Join(p.dir, "tone.wav"),
		"audio_player aufile," + filepath.Join(p.dir, "heard.wav"),
		"module_path " + root.Lib("baresip/modules"),
		"module g711.so", "module aufile.so",
		"module_app account.so", "module_app menu.so", "module_tmp contact.so",
	}
	for name, text := range map[string]string{
		"config": strings.Join(config, "\n") + "\n", "accounts": account + "\n", "contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-f", p.dir, "-v", "-s"}
	if command != "" {
		args = append(args, "-e", command)
	}
	cmd, err := root.Command(context.WithoutCancel(t.Context()), "baresip", args...)
	if err != nil {
		t.Fatal(err)
	}
	if p.output, err = os.Create(filepath.Join(p.dir, "output")); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if p.proc, err = start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.proc.stop(3 * time.Second); err != nil {
			t.Errorf("stop phone: %v", err)
		}
		_ = p.output.Close()
		if t.Failed() {
			text, _ := os.ReadFile(p.output.Name())
			t.Logf("phone %s:\n%s", account, text)
		}
	})
	return p
}

// until asks again and again until check holds; the test fails after 20 s.
func until(t *testing.T, what string, check func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(20 * time.Second)
	for !check() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("not reached: %s", what)
		}
	}
}

func TestStrangers(t *testing.T) {
	a := RunAsterisk(t, Options{Agents: Agents(1)})
	agent := a.Agents[0]
	c := connectARI(t, a)
	startPhone(t, 1000, fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60",
		agent.Name, a.AgentAddr, agent.Name, agent.Password), "")
	until(t, "agent registered", func() bool {
		var endpoint struct{ State string }
		c.do("GET", "/endpoints/PJSIP/"+agent.Name, nil, &endpoint)
		return endpoint.State == "online"
	})
	startPhone(t, 440, `"Some One" <sip:13800138000@127.0.0.1>;regint=0`, "/dial sip:95500@"+a.TrunkAddr)
	began := c.wait("StasisStart", func(e ariEvent) bool { return e.Type == "StasisStart" })
	t.Logf("%+v", began)
	caller := began.Channel.ID
	rec := filepath.Join(a.RecordingDir, began.Args[2])
	var bridge struct{ ID string }
	c.do("POST", "/bridges", url.Values{"type": {"mixing"}}, &bridge)
	c.do("POST", "/bridges/"+bridge.ID+"/addChannel", url.Values{"channel": {caller}}, nil)
	c.do("POST", "/bridges/"+bridge.ID+"/moh", nil, nil)
	c.do("POST", "/channels/create", url.Values{"endpoint": {"PJSIP/" + agent.Name}, "app": {a.App}, "channelId": {"leg1"}, "appArgs": {"agent"}, "originator": {caller}}, nil)
	c.wait("leg1 in stasis", func(e ariEvent) bool { return e.Type == "StasisStart" && e.Channel.ID == "leg1" })
	c.do("POST", "/channels/leg1/dial", nil, nil)
	c.wait("agent answers", func(e ariEvent) bool { return e.Type == "ChannelStateChange" && e.Channel.ID == "leg1" && e.Channel.State == "Up" })
	c.do("POST", "/bridges/"+bridge.ID+"/addChannel", url.Values{"channel": {"leg1"}}, nil)
	c.do("DELETE", "/bridges/"+bridge.ID+"/moh", nil, nil)
	size := func(name string) int64 {
		info, err := os.Stat(name)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	out, _ := a.CLI(t.Context(), "core show channels")
	t.Log(out)
	out, _ = a.CLI(t.Context(), "pjsip show contacts")
	t.Log(out)
	until(t, "4 s recorded", func() bool { return size(rec+"-rx.alaw") >= 4*8000 && size(rec+"-tx.alaw") >= 4*8000 })
	hung := time.Now()
	c.do("DELETE", "/channels/"+caller, nil, nil)
	c.wait("end", func(e ariEvent) bool { return (e.Type == "StasisEnd" || e.Type == "ChannelDestroyed") && e.Channel.ID == caller })
	t.Log("end event after", time.Since(hung))
	until(t, "closed", func() bool {
		fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", a.PID()))
		for _, fd := range fds {
			link, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", a.PID(), fd.Name()))
			if strings.HasPrefix(link, rec) {
				return false
			}
		}
		return true
	})
	t.Log("closed after", time.Since(hung), size(rec+"-rx.alaw"), size(rec+"-tx.alaw"))
	text, _ := os.ReadFile(a.LogFile)
	t.Log(string(text))
}
