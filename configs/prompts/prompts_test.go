package prompts

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linear decodes one A-law code (ITU-T G.711) to -1..1.
func linear(code byte) float64 {
	code ^= 0x55
	exponent, mantissa := int(code>>4&7), int(code&15)
	value := mantissa<<4 + 8
	if exponent > 0 {
		value = (value + 0x100) << (exponent - 1)
	}
	if code&0x80 == 0 {
		value = -value
	}
	return float64(value) / 32768
}

func decibels(amplitude float64) float64 { return 20 * math.Log10(amplitude) }

// levels returns the peak and the root mean square of a file in dBFS.
func levels(content []byte) (peak, rms float64) {
	sum := 0.0
	for _, code := range content {
		v := linear(code)
		peak = max(peak, math.Abs(v))
		sum += v * v
	}
	return decibels(peak), decibels(math.Sqrt(sum / float64(len(content))))
}

func seconds(content []byte) float64 { return float64(len(content)) / 8000 }

// speech returns every spoken file.
func speech(t *testing.T) map[string][]byte {
	t.Helper()
	spoken := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "music/") {
			return err
		}
		content, err := files.ReadFile(name)
		spoken[name] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return spoken
}

func TestSpeechLevelsAndLength(t *testing.T) {
	for name, content := range speech(t) {
		peak, rms := levels(content)
		if peak > -2 || peak < -5 {
			t.Errorf("%s: peak %.1f dBFS, want -5 to -2: no clipping, yet loud", name, peak)
		}
		if rms < -26 || rms > -16 {
			t.Errorf("%s: RMS %.1f dBFS, want -26 to -16", name, rms)
		}
		least := 2.0
		if strings.Contains(name, "/minutes-") || strings.Contains(name, "/wait-") {
			least = 0.8 // Pieces of a sentence, and short ones: they stand between the caller and his music.
		}
		if s := seconds(content); s < least || s > 15 {
			t.Errorf("%s: %.1f s, want %.1f to 15", name, s, least)
		}
	}
}

func TestMusicIsSofterThanSpeechAndJoinsItself(t *testing.T) {
	content, err := files.ReadFile("music/calm.alaw")
	if err != nil {
		t.Fatal(err)
	}
	peak, rms := levels(content)
	if peak > -17 {
		t.Errorf("peak %.1f dBFS, want -17 at most", peak)
	}
	if rms > -28 || rms < -40 {
		t.Errorf("RMS %.1f dBFS, want -40 to -28", rms)
	}
	if s := seconds(content); s < 30 || s > 60 {
		t.Errorf("%.1f s, want 30 to 60", s)
	}
	// No 100 ms may be silent: a caller who hears nothing thinks the call is lost.
	for at := 0; at+800 <= len(content); at += 800 {
		if _, tenth := levels(content[at : at+800]); tenth < -50 {
			t.Errorf("RMS %.1f dBFS at %.1f s, want music throughout", tenth, float64(at)/8000)
		}
	}
	if step := math.Abs(linear(content[0]) - linear(content[len(content)-1])); step > 0.05 {
		t.Errorf("step of %.3f where the round joins itself, want 0.05 at most", step)
	}
}

func TestEveryPromptInEveryLanguage(t *testing.T) {
	for _, language := range Languages() {
		for _, name := range Names() {
			if _, err := files.ReadFile(path.Join(language, name+extension)); err != nil {
				t.Errorf("%s in %s: %v", name, language, err)
			}
		}
		entries, err := files.ReadDir(language)
		if err != nil || len(entries) != len(Names()) {
			t.Errorf("%s has %d files (%v), want %d", language, len(entries), err, len(Names()))
		}
	}
	for _, name := range []string{
		PleaseWait, GoodbyeBusy, Closed, UnknownNumber, Apology, "greeting", RecordingNotice, Message, MessageClosed,
		MessageBusy, MessageThanks, SurveyThanks, "survey", "please-wait-message",
		"greeting-morning", "greeting-afternoon", "greeting-evening", "greeting-night",
	} {
		if !Known(name) {
			t.Errorf("prompt %s does not exist", name)
		}
	}
	if Known("greeting-noon") || Known("") || Known("../en/closed") {
		t.Error("unknown names are taken for prompts")
	}
}

func TestSizes(t *testing.T) {
	total := 0
	for name, content := range speech(t) {
		if len(content) > 1<<20 {
			t.Errorf("%s: %d bytes, want 1 MiB at most", name, len(content))
		}
		total += len(content)
	}
	if total > 4<<20 {
		t.Errorf("%d bytes of speech in the binary, want 4 MiB at most", total)
	}
}

func TestDemoSpeech(t *testing.T) {
	for _, language := range Languages() {
		for _, party := range []string{"caller", "agent"} {
			var heard [][]byte
			for n := range 3 {
				content, err := Demo(language, party, n)
				if err != nil {
					t.Fatal(err)
				}
				if slices.ContainsFunc(heard, func(h []byte) bool { return bytes.Equal(h, content) }) {
					t.Errorf("%s %d in %s is heard twice", party, n, language)
				}
				heard = append(heard, content)
			}
			again, err := Demo(language, party, 3)
			if err != nil || !bytes.Equal(again, heard[0]) {
				t.Errorf("%s 3 in %s does not wrap round to 0: %v", party, language, err)
			}
		}
	}
	for _, bad := range []struct {
		language, party string
		n               int
	}{{"fr", "caller", 0}, {"en", "nobody", 0}, {"en", "caller", -1}} {
		if _, err := Demo(bad.language, bad.party, bad.n); err == nil {
			t.Errorf("Demo(%v) gives no error", bad)
		}
	}
}

func TestWriteInstallsEveryFile(t *testing.T) {
	dir := t.TempDir()
	sounds, music := filepath.Join(dir, "sounds", "hotline"), filepath.Join(dir, "moh", "hotline")
	for range 2 { // The second time over the files of the first.
		if err := WriteSounds(sounds); err != nil {
			t.Fatal(err)
		}
		if err := WriteMusic(music); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(sounds, "zh-CN", "greeting-morning.sln"))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := files.ReadFile("zh-CN/greeting-morning.alaw"); err != nil || !bytes.Equal(got, decode(want)) {
		t.Errorf("installed prompt differs from the embedded one decoded (%v)", err)
	}
	for i, name := range []string{"silence-12k.sln12", "silence-8k.sln"} {
		content, err := os.ReadFile(filepath.Join(sounds, name))
		if err != nil || len(content) != []int{2 * 12 * 10, 2 * 8 * 10}[i] || bytes.Trim(content, "\x00") != nil {
			t.Errorf("%s: %d bytes (%v), want 10 ms of silence", name, len(content), err)
		}
	}
	installed, err := os.ReadDir(music)
	if err != nil || len(installed) != 1 || installed[0].Name() != "calm.sln" {
		t.Errorf("music folder holds %v (%v), want calm.sln alone", installed, err)
	}
	if err := WriteSounds(filepath.Join(music, "calm.sln")); err == nil {
		t.Error("no error where a file stands in place of the folder")
	}
}
