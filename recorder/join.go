package recorder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"hotline/call"
	"hotline/recorder/mixmonitor"
	"hotline/recorder/store"
	"hotline/recorder/wav"
)

// Attempts at one recording; the pause doubles after each. Then the sweep begins anew.
const (
	attempts   = 5
	firstPause = time.Second
)

// format is the shape of every recording.
var format = wav.Format{Rate: mixmonitor.Rate, Channels: 2}

// errGrown means that Asterisk appended to the files while they were being joined.
var errGrown = errors.New("recorder: files grew while they were joined")

// errConflict means that half a pair is left which the stored recording does not hold.
var errConflict = errors.New("recorder: stored recording does not hold the rest of its pair")

// join works on what the watch hands over until ctx ends.
func (r *Recorder) join(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-r.work:
			if ctx.Err() == nil {
				r.finish(ctx, t, r.make(ctx, t))
			}
		}
	}
}

// finish forgets a take that is done, or sees to its next attempt.
func (r *Recorder) finish(ctx context.Context, t take, err error) {
	now := time.Now()
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.takes, t.id)
		return
	}
	t.tries++
	r.count.retries.Add(1)
	r.log.Error("recording is not stored", "call", t.id, "attempt", t.tries, "error", err)
	t.phase, t.since, t.due = ready, now, now.Add(firstPause<<(t.tries-1))
	if t.tries >= attempts {
		t = r.tell(ctx, t, NotStored)
		t.phase = parked
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.takes[t.id] = &t
}

// make makes the recording of one call: store, announce, and only then delete the pair.
func (r *Recorder) make(ctx context.Context, t take) error {
	pair, err := r.look(ctx, t, true)
	if errors.Is(err, store.ErrName) {
		return r.announceFault(ctx, t.id, NoRecording, nil) // no file can have that name
	}
	if err != nil {
		return err
	}
	if !pair.Exists() {
		return r.makeOfStored(ctx, t)
	}
	name, err := store.Name(pair.Call, day(pair))
	if err != nil {
		return err
	}
	if !pair.Whole() {
		switch held, err := r.holds(name, pair); {
		case errors.Is(err, errConflict):
			return r.setAside(ctx, t, pair, err)
		case err != nil:
			return err
		case held:
			return r.spool.Remove(pair)
		}
	}
	rec, err := r.write(t, pair, name)
	if err != nil {
		return err
	}
	if err := r.announce(ctx, t, rec, r.judge(rec, pair)); err != nil {
		return err
	}
	if err := r.unchanged(pair); err != nil {
		return err
	}
	return r.spool.Remove(pair)
}

// day is the folder of the recording in the store. It is made of the pair alone, so that
// the sweep, which does not know the call, gives the same name.
func day(p mixmonitor.Pair) string {
	if store.IsDay(p.Folder) {
		return p.Folder
	}
	return store.Day(p.Began())
}

// announce records the recording and beside it the fault, if there is one.
func (r *Recorder) announce(ctx context.Context, t take, rec call.Recording, f Fault) error {
	err := r.record(ctx, call.Event{Kind: call.Recorded, Call: t.id, Recording: &rec})
	if err == nil && f != "" {
		err = r.announceFault(ctx, t.id, f, &rec)
	}
	if err != nil {
		return fmt.Errorf("recorder: announce: %w", err)
	}
	r.count.joined.Add(1)
	if rec.Rescued {
		r.count.rescued.Add(1)
	}
	r.log.Info("recording stored", "call", t.id, "path", rec.Path, "length", rec.Length.Duration(),
		"missing", rec.Missing.Duration(), "rescued", rec.Rescued)
	return nil
}

// write makes the file. Nothing stands under its name unless all of it does.
func (r *Recorder) write(t take, pair mixmonitor.Pair, name string) (rec call.Recording, err error) {
	source, err := r.spool.Open(pair)
	if err != nil {
		return rec, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	part, err := r.store.Create(name)
	if err != nil {
		return rec, err
	}
	sum := sha256.New()
	err = writeWAV(io.MultiWriter(part, sum), source, pair.Frames())
	if err == nil {
		err = r.unchanged(pair)
	}
	if err == nil {
		err = part.Commit()
	}
	if err != nil {
		return rec, errors.Join(err, part.Abort())
	}
	length := mixmonitor.Duration(pair.Frames())
	begin := t.begin
	if begin.IsZero() {
		begin = pair.Began()
	}
	return call.Recording{
		Path:    name,
		SHA256:  hex.EncodeToString(sum.Sum(nil)),
		Bytes:   wav.HeaderSize + pair.Frames()*int64(format.FrameSize()),
		Begin:   call.Stamp(begin),
		Length:  call.MillisOf(length),
		Missing: t.missing(length),
		Rate:    mixmonitor.Rate,
		Padded:  call.MillisOf(mixmonitor.Duration(pair.Frames() - pair.Shorter())),
		Rescued: t.rescued,
	}, nil
}

func writeWAV(w io.Writer, source io.WriterTo, frames int64) error {
	out, err := wav.NewWriter(w, format, frames)
	if err != nil {
		return err
	}
	if _, err := source.WriteTo(out); err != nil {
		return err
	}
	return out.Close()
}

// unchanged sees whether the pair is still as it was.
func (r *Recorder) unchanged(pair mixmonitor.Pair) error {
	now, err := r.spool.Look(pair)
	if err == nil && now.Sizes() != pair.Sizes() {
		err = fmt.Errorf("%w: from %v to %v bytes", errGrown, pair.Sizes(), now.Sizes())
	}
	return err
}

// makeOfStored deals with a call that has no pair. Either its recording was made before
// its end was told, by the sweep, and is held against its times now; or there is none.
func (r *Recorder) makeOfStored(ctx context.Context, t take) error {
	name, err := r.store.Find(t.id, t.near())
	if errors.Is(err, fs.ErrNotExist) {
		return r.announceFault(ctx, t.id, NoRecording, nil)
	}
	if err != nil {
		return err
	}
	report, err := r.verify(name)
	if err != nil {
		return err
	}
	rec := call.Recording{
		Path:    name,
		SHA256:  report.SHA256,
		Bytes:   report.Bytes,
		Begin:   call.Stamp(t.near()),
		Length:  report.Length,
		Missing: t.missing(report.Length.Duration()),
		Rate:    report.Rate,
		Rescued: true,
	}
	var f Fault
	if rec.Missing.Duration() >= r.opts.Missing {
		f = MissingAudio
	}
	return r.announce(ctx, t, rec, f)
}

// holds says whether the recording of that name already holds the one file that is left
// of a pair: then the deletion of the pair was interrupted, and to join what is left would
// replace a whole recording by half of one. A recording that differs is errConflict.
func (r *Recorder) holds(name string, left mixmonitor.Pair) (held bool, err error) {
	file, err := r.store.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	stored, err := wav.NewReader(file)
	if errors.Is(err, wav.ErrFormat) || errors.Is(err, wav.ErrSize) {
		return false, fmt.Errorf("%w: %w", errConflict, err)
	}
	if err != nil {
		return false, err
	}
	source, err := r.spool.Open(left)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	channel := 2 // bytes before the sample in a frame
	if left.Parts[mixmonitor.Caller].Exists() {
		channel = 0
	}
	if _, err := source.WriteTo(&comparer{stored: stored, channel: channel}); err != nil {
		return false, err
	}
	return true, nil
}

// setAside keeps half a pair that the stored recording does not hold: neither may replace
// the other, so a person has to look.
func (r *Recorder) setAside(ctx context.Context, t take, pair mixmonitor.Pair, reason error) error {
	r.log.Error("half a pair is set aside", "call", t.id, "reason", reason)
	if err := r.announceFault(ctx, t.id, Conflict, nil); err != nil {
		return err
	}
	return r.spool.SetAside(pair)
}

// comparer takes frames and holds one channel of them against a stored recording.
type comparer struct {
	stored  io.Reader
	channel int
	buf     []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	c.buf = append(c.buf[:0], p...)
	_, err := io.ReadFull(c.stored, c.buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, wav.ErrSize) {
		return 0, fmt.Errorf("%w: it is shorter", errConflict)
	}
	if err != nil {
		return 0, err
	}
	for i := c.channel; i < len(p); i += format.FrameSize() {
		if !bytes.Equal(p[i:i+2], c.buf[i:i+2]) {
			return 0, fmt.Errorf("%w: at byte %d of the block", errConflict, i)
		}
	}
	return len(p), nil
}
