package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hotline/call"
)

// Recordings are the files of recordings.
type Recordings interface {
	// Open opens the file of a recording by its path in the ledger. The error wraps
	// fs.ErrNotExist when the file is gone.
	Open(path string) (io.ReadSeekCloser, error)
}

// RecordingInfo is one recording.
type RecordingInfo struct {
	ID      string      `json:"id" doc:"录音标识"`
	Call    call.ID     `json:"call" doc:"呼叫标识"`
	Begin   time.Time   `json:"begin" doc:"First sample. 开始时间"`
	Length  call.Millis `json:"length_ms" doc:"By the number of samples. 时长"`
	Missing call.Millis `json:"missing_ms" doc:"Time of the call without samples; 0 when whole. 缺失"`
	Bytes   int64       `json:"bytes" doc:"Size of the file. 文件大小"`
	SHA256  string      `json:"sha256" doc:"Of the whole file, in hex. 校验值"`
	Rescued bool        `json:"rescued" doc:"Joined after a fault, not by the end of the call."`
}

// idLength is how much of the hash of a file stands in its id: enough that ids cannot be
// tried, whatever is known of the call's.
const idLength = 24

// recordingsOf lists the recordings of a call.
func recordingsOf(events []call.Event) []RecordingInfo {
	out := []RecordingInfo{}
	for _, e := range events {
		if e.Kind == call.Recorded && e.Recording != nil {
			out = append(out, infoOf(e))
		}
	}
	return out
}

func infoOf(e call.Event) RecordingInfo {
	r := e.Recording
	return RecordingInfo{
		ID: string(e.Call) + "~" + r.SHA256[:min(idLength, len(r.SHA256))], Call: e.Call, Begin: r.Begin, Length: r.Length,
		Missing: r.Missing, Bytes: r.Bytes, SHA256: r.SHA256, Rescued: r.Rescued,
	}
}

const exampleRecording = exampleCall + "~9f86d081884c7d659f86d081"

func (s *Server) registerRecordings() {
	gone := map[int]any{http.StatusNotFound: nil}
	part := &huma.Response{Description: "The part that was asked for", Content: map[string]*huma.MediaType{
		"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	add(s, operation{
		id: "getRecording", method: http.MethodGet, path: "/api/v1/recordings/{recording}", tag: recordingTag,
		right: RecordingPlay, summary: "What is known of a recording", chinese: "录音信息", errors: gone,
		answer: RecordingInfo{
			ID: exampleRecording, Call: exampleCall, Begin: exampleTime(), Length: 61_000, Bytes: 976_044,
			SHA256: strings.Repeat("9f86d081884c7d65", 4),
		},
	}, s.getRecording)
	s.addPlain(operation{
		id: "getRecordingAudio", method: http.MethodGet, path: "/api/v1/recordings/{recording}/audio", tag: recordingTag,
		right: RecordingPlay, audited: true, summary: "Hear a recording", chinese: "播放录音",
		about: "A stereo WAV: left the caller, right what he hears. Takes Range; each request is written to the audit log.",
		media: "audio/wav", answer: "", errors: map[int]any{
			http.StatusNotFound: nil, http.StatusPartialContent: part, http.StatusRequestedRangeNotSatisfiable: nil,
		},
	}, []*huma.Param{
		{
			Name: "recording", In: "path", Required: true, Description: "Id of the recording. 录音标识",
			Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{exampleRecording}},
		},
		{
			Name: "Range", In: "header", Description: "Which bytes are wanted (RFC 9110). 范围",
			Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{"bytes=0-1023"}},
		},
	}, s.getAudio)
}

type recordingPath struct {
	Recording string `path:"recording" maxLength:"192" doc:"Id of the recording. 录音标识" example:"hl1-1772438400.12~9f86d081884c7d659f86d081"` //nolint:lll // a tag is one line
}

type recordingOutput struct{ Body RecordingInfo }

func (s *Server) getRecording(ctx context.Context, in *recordingPath) (*recordingOutput, error) {
	e, err := s.recording(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	return &recordingOutput{infoOf(e)}, nil
}

// recording finds the event of a recording that the asker may hear.
func (s *Server) recording(ctx context.Context, id string) (call.Event, error) {
	none := Problem{
		Status: http.StatusNotFound, Field: "recording", Detail: "there is no such recording that you may hear",
	}
	of, sum, ok := strings.Cut(id, "~")
	if !ok || len(sum) != idLength {
		return call.Event{}, none
	}
	events, err := s.o.History.Story(ctx, call.ID(of))
	if err != nil {
		return call.Event{}, fmt.Errorf("recording: %w", err)
	}
	if !s.reaches(askerOf(ctx), RecordingPlay, events) {
		return call.Event{}, none
	}
	for _, e := range events {
		if e.Kind == call.Recorded && e.Recording != nil && infoOf(e).ID == id {
			return e, nil
		}
	}
	return call.Event{}, none
}

// getAudio sends the file, or the part of it that is asked for.
func (s *Server) getAudio(w http.ResponseWriter, r *http.Request) {
	e, err := s.recording(r.Context(), r.PathValue("recording"))
	if err != nil {
		writeProblem(w, s.problem(err))
		return
	}
	file, err := s.o.Recordings.Open(e.Recording.Path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			s.log.Error("ALARM: recording is gone", "call", e.Call, "sha256", e.Recording.SHA256)
			err = Problem{Status: http.StatusNotFound, Field: "recording", Detail: "the file of this recording is gone"}
		}
		writeProblem(w, s.problem(err))
		return
	}
	defer func() {
		if err := file.Close(); err != nil {
			s.log.Warn("close recording", "error", err)
		}
	}()
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("ETag", `"`+e.Recording.SHA256+`"`)
	out := &patient{ResponseWriter: w, control: http.NewResponseController(w)}
	http.ServeContent(out, r, "", e.Recording.Begin, file)
}
