package recorder_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-audio/audio"
	goaudio "github.com/go-audio/wav"

	"hotline/call"
	"hotline/recorder"
	"hotline/recorder/g711"
)

// The benchmarks join one minute of a call and tell the cost of one second of it. They
// belong side by side in one run; the encoder of go-audio/wav shows why we write our own.
const benchSeconds = 60

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchSeconds, "ns/call-second")
}

// BenchmarkJoin is all that is done for a call that ended: find, join, hash, three syncs
// to the disk, announce, delete.
func BenchmarkJoin(b *testing.B) {
	spool, folder := b.TempDir(), b.TempDir()
	rec, err := recorder.New(recorder.Options{
		Spool: spool, Store: folder,
		Record: func(context.Context, call.Event) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	rx, tx := sound(benchSeconds*second, 1), sound(benchSeconds*second, 2)
	old := time.Now().Add(-time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for suffix, content := range map[string][]byte{"-rx.alaw": rx, "-tx.alaw": tx} {
			path := filepath.Join(spool, string(id)+suffix)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				b.Fatal(err)
			}
			if err := os.Chtimes(path, old, old); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		if swept, err := rec.Sweep(b.Context()); err != nil || swept.Rescued != 1 {
			b.Fatal(swept, err)
		}
	}
	perSecond(b)
}

// BenchmarkGoAudio writes the same sound with the encoder of go-audio/wav, as its examples
// do: decode, fill its buffer, write. No hash, no sync, nothing found or deleted.
func BenchmarkGoAudio(b *testing.B) {
	rx, tx := sound(benchSeconds*second, 1), sound(benchSeconds*second, 2)
	table := g711.ALaw.Table()
	path := filepath.Join(b.TempDir(), "c.wav")
	b.ReportAllocs()
	for b.Loop() {
		file, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		e := goaudio.NewEncoder(file, second, 16, 2, 1)
		buf := &audio.IntBuffer{Format: &audio.Format{NumChannels: 2, SampleRate: second}, SourceBitDepth: 16}
		for from := 0; from < len(rx); from += second {
			buf.Data = buf.Data[:0]
			for i := from; i < from+second; i++ {
				buf.Data = append(buf.Data, int(table[rx[i]]), int(table[tx[i]]))
			}
			if err := e.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
}

// BenchmarkVerify reads a stored file again.
func BenchmarkVerify(b *testing.B) {
	path := filepath.Join(b.TempDir(), "c.wav")
	content := wave(sound(benchSeconds*second, 1), sound(benchSeconds*second, 2))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := recorder.Verify(path); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
}
