package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/internal/phonesim/tone"
	"hotline/internal/testbed"
	"hotline/recorder/wav"
	"hotline/test/house"
)

// softphone is a baresip as Debian has it: a SIP phone by other people.
type softphone struct {
	t    *testing.T
	dir  string
	proc *testbed.Process
}

// startSoftphone runs a baresip that sends a code and records what it hears. account is a
// line of its account file; command is what is typed into it at the start, or empty.
func startSoftphone(t *testing.T, code int, account, command string) *softphone {
	t.Helper()
	root, err := testbed.Packages(t.Context(), nil, "baresip-core")
	if err != nil {
		t.Fatal(err)
	}
	p := &softphone{t: t, dir: t.TempDir()}
	config := []string{
		"poll_method epoll", "sip_listen 127.0.0.1:0", "rtp_ports 20000-31999",
		"audio_channels 1", "audio_source aufile," + filepath.Join(p.dir, "says.wav"),
		"audio_player aufile," + filepath.Join(p.dir, "heard.wav"),
		"module_path " + root.Lib("baresip/modules"),
		"module g711.so", "module aufile.so",
		"module_app account.so", "module_app menu.so", "module_tmp contact.so",
	}
	for name, content := range map[string][]byte{
		"config": []byte(strings.Join(config, "\n") + "\n"), "accounts": []byte(account + "\n"),
		"contacts": nil, "says.wav": codeWAV(t, code, 2*time.Minute),
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o600); err != nil {
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
	out, err := os.Create(filepath.Join(p.dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if p.proc, err = testbed.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.leave()
		if t.Failed() {
			t.Logf("phone %s:\n%s", account, p.said())
		}
	})
	return p
}

// leave hangs up and ends the phone.
func (p *softphone) leave() {
	p.t.Helper()
	if err := p.proc.Stop(5 * time.Second); err != nil {
		p.t.Errorf("stop the phone: %v", err)
	}
}

// said is all that the phone has printed: its log and every SIP message.
func (p *softphone) said() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "output"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// hears counts the windows of each code in what the phone has heard so far. The file is
// still being written, so its header tells nothing of its length.
func (p *softphone) hears() map[int]int {
	p.t.Helper()
	content, err := os.ReadFile(filepath.Join(p.dir, "heard.wav"))
	if err != nil {
		return nil // nothing heard yet
	}
	_, sound, found := bytes.Cut(content, []byte("data"))
	if !found || len(sound) < 4 {
		return nil
	}
	sound = sound[4:]
	pcm := make([]int16, len(sound)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(sound[2*i:]))
	}
	codes := map[int]int{}
	for at := 0; at+tone.Window <= len(pcm); at += tone.Window {
		if code, ok := tone.Detect(pcm[at : at+tone.Window]); ok {
			codes[code]++
		}
	}
	return codes
}

// codeWAV is a sound file of one code.
func codeWAV(t *testing.T, code int, length time.Duration) []byte {
	t.Helper()
	var file bytes.Buffer
	periods := int(length / house.Window)
	w, err := wav.NewWriter(&file, wav.Format{Rate: tone.SampleRate, Channels: 1}, int64(periods*tone.Window))
	if err != nil {
		t.Fatal(err)
	}
	var frame []byte
	for _, sample := range tone.Frame(code) {
		frame = binary.LittleEndian.AppendUint16(frame, uint16(sample))
	}
	for range periods {
		if _, err := w.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
