// Package prompts holds what callers hear from the hotline itself: prompts in Chinese and
// English and music on hold, all of our own making (README.md says how), kept as raw A-law
// at 8 kHz mono and installed as signed linear.
package prompts

import (
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hotline/internal/g711"
)

//go:embed zh-CN en music demo
var files embed.FS

// The prompts that the hotline itself chooses. The greetings are chosen by configuration.
const (
	PleaseWait    = "please-wait"    // while waiting in a queue
	GoodbyeBusy   = "goodbye-busy"   // waited to the queue's limit
	Closed        = "closed"         // outside service hours
	UnknownNumber = "unknown-number" // the dialled number has no queue
	CallbackTaken = "callback-taken" // is called back instead of waiting
	Apology       = "apology"        // technical fault

	RecordingNotice = "recording-notice" // the call is recorded
	Message         = "message"          // asks for a message; this one and the next two end with the tone
	MessageClosed   = "message-closed"   // the same outside service hours
	MessageBusy     = "message-busy"     // the same when no agent could be had
	MessageThanks   = "message-thanks"   // after a message
	SurveyThanks    = "survey-thanks"    // after an answer to the survey
)

// extension is the file name's end, by which Asterisk knows the coding.
const extension = ".alaw"

// installed is the coding of the files that Asterisk plays: signed linear, 8 kHz. It must
// not be A-law. What a caller hears passes one decoder of the recording, which orders its
// input by RTP sequence number; a prompt in the trunk's own coding enters it as number 0,
// and an agent whose phone began above 32767 is then taken for late and recorded as silence
// (docs/adr/0003-prompts-are-signed-linear.md).
const installed = ".sln"

// decode turns A-law into 16-bit samples, little-endian.
func decode(coded []byte) []byte {
	table := g711.ALaw.Table()
	out := make([]byte, 0, 2*len(coded))
	for _, c := range coded {
		out = binary.LittleEndian.AppendUint16(out, uint16(table[c]))
	}
	return out
}

// silences are two sounds of 10 ms, at 12 and at 8 kHz: together one packet of RTP. The
// second differs from whatever rate the recording has come to work at, which is 12 kHz at
// least after the first; so the recording begins with a fresh decoder after it. The names
// differ, because of one name Asterisk would choose one file
// (docs/adr/0010-a-fresh-decoder-for-each-agent.md).
var silences = [...]struct {
	name, extension string
	size            int // Bytes: two for a sample.
}{{"silence-12k", ".sln12", 240}, {"silence-8k", ".sln", 160}}

// Refresh returns the media that are played to a caller, in one command, before another
// agent speaks to him: 20 ms of silence. prefix is asterisk.sounds_prefix.
func Refresh(prefix string) []string {
	media := make([]string, len(silences))
	for i, s := range silences {
		media[i] = "sound:" + path.Join(prefix, s.name)
	}
	return media
}

// Languages returns the languages that every prompt is spoken in.
func Languages() []string { return []string{"en", "zh-CN"} }

// Names returns the names of all prompts, sorted.
func Names() []string {
	entries, err := files.ReadDir("en")
	if err != nil {
		return nil // The folder is embedded, so the build would have failed.
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), extension))
	}
	return names
}

// Known reports whether there is a prompt of this name.
func Known(name string) bool { return slices.Contains(Names(), name) }

// ErrUnknown is returned for a prompt or sample that does not exist.
var ErrUnknown = errors.New("no such prompt")

// Sound returns a prompt as it is kept, raw A-law: 8000 bytes are one second.
func Sound(language, name string) ([]byte, error) {
	content, err := files.ReadFile(path.Join(language, name+extension))
	if err != nil {
		return nil, fmt.Errorf("%w: %s in %s", ErrUnknown, name, language)
	}
	return content, nil
}

// Demo returns a sample of speech for demonstrations as raw A-law: party is "caller" or
// "agent", n counts from 0 and wraps round.
func Demo(language, party string, n int) ([]byte, error) {
	names, err := fs.Glob(files, path.Join("demo", language, party+"-*"+extension))
	if err != nil || len(names) == 0 || n < 0 {
		return nil, fmt.Errorf("%w: demo speech of %s %d in %s", ErrUnknown, party, n, language)
	}
	return files.ReadFile(names[n%len(names)])
}

// WriteSounds writes every prompt to dir/LANGUAGE/NAME.sln, where dir is the folder below
// Asterisk's sounds that the configuration calls asterisk.sounds_prefix, and the silence of
// Refresh.
func WriteSounds(dir string) error {
	for _, s := range silences {
		if err := write(dir, s.name+s.extension, make([]byte, s.size)); err != nil {
			return err
		}
	}
	for _, language := range Languages() {
		if err := writeFolder(language, filepath.Join(dir, language)); err != nil {
			return err
		}
	}
	return nil
}

// WriteMusic writes the music on hold into dir, the directory of a music class.
func WriteMusic(dir string) error { return writeFolder("music", dir) }

// writeFolder copies one embedded folder.
func writeFolder(from, dir string) error {
	entries, err := files.ReadDir(from)
	if err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	for _, entry := range entries {
		content, err := files.ReadFile(path.Join(from, entry.Name()))
		if err != nil {
			return fmt.Errorf("prompts: %w", err)
		}
		if err := write(dir, strings.TrimSuffix(entry.Name(), extension)+installed, decode(content)); err != nil {
			return err
		}
	}
	return nil
}

// write makes one file under a temporary name first, since a running Asterisk may be playing
// the file of before.
func write(dir, name string, content []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // Asterisk reads it as another user
		return fmt.Errorf("prompts: %w", err)
	}
	name = filepath.Join(dir, name)
	//nolint:gosec // Asterisk reads it as another user.
	if err := os.WriteFile(name+".part", content, 0o644); err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	if err := os.Rename(name+".part", name); err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	return nil
}
