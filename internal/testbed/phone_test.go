package testbed

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// phone is a baresip, a SIP phone by other people.
type phone struct {
	proc   *Process
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
	root, err := Packages(t.Context(), logStage(t), "baresip-core")
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
	args := []string{"-f", p.dir, "-s"}
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
	if p.proc, err = Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.proc.Stop(3 * time.Second); err != nil {
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

// text is all that the phone has printed: its log and every SIP message.
func (p *phone) text() string {
	text, err := os.ReadFile(p.output.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
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

func logStage(t *testing.T) Stage {
	return func(name string, took time.Duration, err error) {
		t.Logf("%s: %v %v", name, took.Round(time.Millisecond), err)
	}
}
