package recorder_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/mixmonitor"
	"hotline/recorder/store"
)

// second is the samples of one second.
const second = mixmonitor.Rate

func TestS22WholeCallIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		rx, tx := sound(60*second, 1), sound(60*second, 2)
		g.rec.Begin(id, epoch)
		g.pair(id, rx, tx)
		g.rec.End(id, epoch, epoch.Add(time.Minute))
		e := g.next()
		rec, report := g.recorded(e)
		if e.At.Sub(epoch) > time.Second {
			t.Errorf("a pair that is whole was stored after %s", e.At.Sub(epoch))
		}

		want := call.Recording{
			Path: stored, SHA256: report.SHA256, Bytes: 44 + 60*4*second, Begin: epoch, Length: 60_000, Rate: second,
		}
		if diff := cmp.Diff(want, rec); diff != "" {
			t.Error(diff)
		}
		g.none(5 * time.Minute)
		if all := files(t, g.store); len(all) != 1 || !bytes.Equal(all[stored], wave(rx, tx)) {
			t.Error("the stored file is not the pair, left = caller, right = what he hears")
		}
		if left := files(t, g.spool); len(left) > 0 {
			t.Errorf("the pair was not deleted: %d files", len(left))
		}
		if s := g.rec.Stats(); s != (recorder.Stats{Joined: 1}) {
			t.Errorf("stats: %+v", s)
		}
	})
}

// TestS22LastBlockIsWaitedFor brings the last block of the files after the end, as
// Asterisk does, and on a machine that writes in other blocks.
func TestS22LastBlockIsWaitedFor(t *testing.T) {
	const open = 2 * mixmonitor.Buffer // what is on the disk while the file is open
	for _, c := range []struct {
		early int           // samples that are there at the end of the call
		late  time.Duration // when the others come
		end   time.Duration // of the call; 0 = not seen
	}{
		{open, 50 * time.Millisecond, 10 * time.Second},
		{open, time.Second, 10 * time.Second},
		{open, 4 * time.Second, 10 * time.Second},
		{open, 4 * time.Second, 0},
		{0, 4 * time.Second, 10 * time.Second},
		{19 * mixmonitor.Block, 4 * time.Second, 10 * time.Second}, // between the last two writes
		{70_000, time.Second, 10 * time.Second},
		{70_000, time.Second, 0},
		{10*second - 160, 100 * time.Millisecond, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, nil)
			g.run()
			rx, tx := sound(10*second, 1), sound(10*second, 2)
			end := epoch.Add(c.end)
			if c.end == 0 {
				end = time.Time{}
			}
			g.pair(id, rx[:c.early], tx[:c.early])
			g.rec.End(id, epoch, end)
			g.none(c.late)
			g.put("2000/01/01/"+string(id)+"-rx.alaw", rx)
			g.none(100 * time.Millisecond)
			g.put("2000/01/01/"+string(id)+"-tx.alaw", tx)
			g.recorded(g.next())
			if got := files(t, g.store)[stored]; !bytes.Equal(got, wave(rx, tx)) {
				t.Errorf("%+v: %d bytes stored", c, len(got))
			}
			g.none(time.Minute)
		})
	}
}

// TestS22CallWithoutRecordingRaisesAlarm is the alarm while the call goes on, and the one
// after its end.
func TestS22CallWithoutRecordingRaisesAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		g.rec.Begin(id, epoch)
		e := g.next()
		g.fault(e, recorder.NotStarted)
		if at := e.At.Sub(epoch); at < time.Second || at > 2*time.Second || e.Call != id {
			t.Errorf("told of call %s after %s", e.Call, at)
		}
		g.none(time.Minute) // once, not every second
		g.rec.End(id, epoch, time.Now())
		e = g.next()
		g.fault(e, recorder.NoRecording)
		if e.Recording != nil {
			t.Errorf("a recording: %+v", e.Recording)
		}
		g.none(5 * time.Minute)
		if s := g.rec.Stats(); s != (recorder.Stats{Faults: 2}) {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestS22HalfAPairRaisesAlarmWhileTheCallGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		g.put("2000/01/01/"+string(id)+"-rx.alaw", nil)
		g.rec.Begin(id, epoch)
		g.fault(g.next(), recorder.NotStarted)
	})
}

// TestS22StoppedRecordingRaisesAlarm lets a call's files grow, rest, and grow again.
func TestS22StoppedRecordingRaisesAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		g.rec.Begin(id, epoch)
		block := mixmonitor.Buffer
		grow := func(blocks int) {
			for range blocks {
				g.pair(id, sound(block, 1), sound(block, 2))
				block += mixmonitor.Buffer
				g.none(4096 * time.Millisecond)
			}
		}
		grow(10)
		stopped := time.Now()
		e := g.next()
		g.fault(e, recorder.NotGrowing)
		if after := e.At.Sub(stopped); after < 5*time.Second || after > 20*time.Second {
			t.Errorf("told after %s", after)
		}
		g.none(time.Minute)
		grow(10) // goes on, then only one of the two does
		for range 5 {
			block += mixmonitor.Buffer
			g.put("2000/01/01/"+string(id)+"-rx.alaw", sound(block, 1))
			<-time.After(4096 * time.Millisecond)
		}
		if s := g.rec.Stats(); s.Faults != 2 {
			t.Errorf("one file rests for 20 s and the other grows: %+v", s)
		}
		g.fault(g.next(), recorder.NotGrowing)
		g.none(time.Minute)
		if s := g.rec.Stats(); s.Live != 1 || s.Faults != 2 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestS22MissingSecondRaisesAlarm(t *testing.T) {
	for _, c := range []struct {
		name    string
		rx, tx  int // samples
		call    time.Duration
		missing call.Millis
		padded  call.Millis
		fault   recorder.Fault
	}{
		{"whole", 10 * second, 10 * second, 10 * time.Second, 0, 0, ""},
		{"longer than the call", 11 * second, 11 * second, 10 * time.Second, 0, 0, ""},
		{"a little short", 10*second - second + 8, 10*second - second + 8, 10 * time.Second, 999, 0, ""},
		{"a second short", 9 * second, 9 * second, 10 * time.Second, 1000, 0, recorder.MissingAudio},
		{"one channel a little short", 10 * second, 9*second + 8, 10 * time.Second, 0, 999, ""},
		{"one channel a second short", 10 * second, 9 * second, 10 * time.Second, 0, 1000, recorder.ShortChannel},
		{"caller empty", 0, 10 * second, 10 * time.Second, 0, 10_000, recorder.NoCaller},
		{"caller absent", -1, 10 * second, 10 * time.Second, 0, 10_000, recorder.NoCaller},
		{"heard empty", 10 * second, 0, 10 * time.Second, 0, 10_000, recorder.NoHeard},
		{"heard absent", 10 * second, -1, 10 * time.Second, 0, 10_000, recorder.NoHeard},
		{"caller absent in a short call", -1, 100, 12 * time.Millisecond, 0, 12, recorder.NoCaller},
		{"heard absent in a short call", 100, -1, 12 * time.Millisecond, 0, 12, recorder.NoHeard},
		{"both empty", 0, 0, 10 * time.Second, 10_000, 0, recorder.MissingAudio},
		{"both empty in a short call", 0, 0, 500 * time.Millisecond, 500, 0, ""},
		{"end not seen", 9 * second, 9 * second, -1, 0, 0, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, nil)
			g.run()
			if c.rx >= 0 {
				g.put("2000/01/01/"+string(id)+"-rx.alaw", sound(c.rx, 1))
			}
			if c.tx >= 0 {
				g.put("2000/01/01/"+string(id)+"-tx.alaw", sound(c.tx, 2))
			}
			end := epoch.Add(c.call)
			if c.call < 0 {
				end = time.Time{}
			}
			g.rec.End(id, epoch, end)
			rec, _ := g.recorded(g.next())
			if rec.Missing != c.missing || rec.Padded != c.padded {
				t.Errorf("%s: missing %d, padded %d", c.name, rec.Missing, rec.Padded)
			}
			if c.fault != "" {
				e := g.next()
				g.fault(e, c.fault)
				if e.Recording == nil || *e.Recording != rec {
					t.Errorf("%s: the fault is about %+v", c.name, e.Recording)
				}
			}
			g.none(3 * time.Minute)
			want := wave(sound(max(c.rx, 0), 1), sound(max(c.tx, 0), 2))
			if got := files(t, g.store)[stored]; !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes stored, want %d", c.name, len(got), len(want))
			}
		})
	}
}

func TestULawAndOtherFolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		for i, folder := range []string{"", "1999/12/31/", "2000/01/02/", "trunk/7/"} {
			c := call.ID("call-" + string(rune('a'+i)))
			g.put(folder+string(c)+"-rx.ulaw", []byte{0x80, 0x00, 0xff})
			g.put(folder+string(c)+"-tx.ulaw", []byte{0x00, 0x80, 0xff})
			g.rec.End(c, epoch, time.Time{})
			rec, report := g.recorded(g.next())
			if report.Frames != 3 || report.Channels[0].Peak != 32124 {
				t.Errorf("%s: %+v", c, report)
			}
			day := strings.TrimSuffix(folder, "/")
			if !store.IsDay(day) {
				day = "2000/01/01" // the pair says no day, its age does
				if i == 0 {
					day = "1999/12/31" // it was last written to as the year began
				}
			}
			if i != 3 && rec.Path != day+"/"+string(c)+".wav" {
				t.Errorf("%s stored as %s", c, rec.Path)
			}
		}
	})
}

// TestFileThatIsNeverClosed goes on growing after its call; the alarm comes once, and when
// it rests at last the recording is made.
func TestFileThatIsNeverClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		g.rec.End(id, epoch, epoch.Add(time.Second))
		size := 0
		for {
			size += mixmonitor.Buffer
			g.pair(id, sound(size, 1), sound(size, 2))
			if size == 10*mixmonitor.Buffer {
				break
			}
			select {
			case <-g.came:
				g.fault(g.events[0], recorder.NeverClosed)
				g.events = nil
			case <-time.After(4096 * time.Millisecond):
			}
		}
		e := g.next()
		rec, report := g.recorded(e)
		if !rec.Rescued || report.Frames != int64(size) {
			t.Errorf("recorded %+v", rec)
		}
		g.none(5 * time.Minute)
		if s := g.rec.Stats(); s != (recorder.Stats{Joined: 1, Rescued: 1, Faults: 1}) {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestPathAttacksReachNoFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		outside := filepath.Join(filepath.Dir(g.spool), "x-rx.alaw")
		if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range []call.ID{"../x", "../../x", "a\x00b", "", call.ID(strings.Repeat("x", 100_000))} {
			g.rec.Begin(c, epoch)
			g.fault(g.next(), recorder.NotStarted)
			g.rec.End(c, epoch, epoch.Add(time.Second))
			g.fault(g.next(), recorder.NoRecording)
		}
		g.none(5 * time.Minute)
		if len(files(t, g.store)) != 0 {
			t.Error("something was stored")
		}
		if _, err := os.Stat(outside); err != nil {
			t.Error(err)
		}
	})
}

func TestManyCallsEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *recorder.Options) { o.Workers, o.Backlog = 3, 4 })
		g.run()
		const calls = 200
		for i := range calls {
			c := call.ID("pbx-946684800." + string(rune('A'+i/26)) + string(rune('a'+i%26)))
			g.rec.Begin(c, epoch)
			g.pair(c, sound(100+i, uint32(i)), sound(100+i, uint32(i+calls)))
			g.rec.End(c, epoch, epoch)
			g.rec.End(c, epoch, epoch) // said twice
		}
		seen := make(map[call.ID]bool)
		for range calls {
			e := g.next()
			rec, report := g.recorded(e)
			if seen[e.Call] || report.Frames < 100 {
				t.Errorf("%s: %+v", e.Call, rec)
			}
			seen[e.Call] = true
		}
		g.none(5 * time.Minute)
		s := g.rec.Stats()
		if s.Joined != calls || s.Waiting != 0 || s.Deferred == 0 || len(files(t, g.spool)) != 0 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestTooManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *recorder.Options) { o.Limit = 1 })
		g.pair("b", sound(100, 1), sound(100, 2))
		g.rec.Begin("a", epoch)
		g.rec.Begin("b", epoch)
		g.rec.End("b", epoch, epoch)
		if s := g.rec.Stats(); s != (recorder.Stats{Live: 1, Dropped: 2}) {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestS22RecordingFollowsTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.run()
		away := errors.New("ledger away")
		tries := 0
		g.refuse = func(call.Event) error {
			if tries++; tries < 20 {
				return away
			}
			return nil
		}
		rx, tx := sound(second, 1), sound(second, 2)
		g.pair(id, rx, tx)
		g.rec.End(id, epoch, epoch.Add(time.Second))
		g.none(time.Minute)
		if n := len(files(t, g.spool)); n != 2 {
			t.Errorf("%d files of the pair are left before it was announced", n)
		}
		rec, _ := g.recorded(g.next())
		if !rec.Rescued || tries != 20 {
			t.Errorf("after %d tries: %+v", tries, rec)
		}
		g.none(5 * time.Minute)
		if len(files(t, g.spool)) != 0 {
			t.Error("the pair was not deleted")
		}
	})
}
