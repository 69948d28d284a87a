package recorder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-audio/audio"
	goaudio "github.com/go-audio/wav"

	"hotline/call"
	"hotline/internal/g711"
	"hotline/recorder"
	"hotline/recorder/mixmonitor"
	"hotline/recorder/store"
	"hotline/recorder/wav"
)

// The benchmarks join one minute of a call and tell the cost of one second of it. They
// belong side by side in one run; the encoder of go-audio/wav shows why we write our own.
const benchSeconds = 60

// perSecond tells the time and, because other work on the machine and the disk do not
// count in it, the processor's time.
func perSecond(b *testing.B, cpu time.Duration) {
	per := float64(b.N) * benchSeconds
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/per, "ns/call-second")
	b.ReportMetric(float64(cpu.Nanoseconds())/per, "cpu-ns/call-second")
}

// used is the processor time of this process until now.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWrite decodes the pair into a wave file and no more: what BenchmarkGoAudio does.
func BenchmarkWrite(b *testing.B) {
	dir := store.Dir(b.TempDir())
	rx, tx := sound(benchSeconds*second, 1), sound(benchSeconds*second, 2)
	for suffix, content := range map[string][]byte{"-rx.alaw": rx, "-tx.alaw": tx} {
		if err := os.WriteFile(filepath.Join(string(dir), string(id)+suffix), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	spool := mixmonitor.NewSpool(dir)
	pair, err := spool.Find(id, epoch)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	start := used(b)
	for b.Loop() {
		file, err := dir.Create("c.wav")
		if err != nil {
			b.Fatal(err)
		}
		source, err := spool.Open(pair)
		if err != nil {
			b.Fatal(err)
		}
		w, err := wav.NewWriter(file, wav.Format{Rate: second, Channels: 2}, pair.Frames())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := source.WriteTo(w); err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(w.Close(), source.Close(), file.Close()); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, used(b)-start)
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
	var cpu time.Duration
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
		start := used(b)
		if swept, err := rec.Sweep(b.Context()); err != nil || swept.Rescued != 1 {
			b.Fatal(swept, err)
		}
		cpu += used(b) - start
	}
	perSecond(b, cpu)
}

// BenchmarkGoAudio writes the same sound with the encoder of go-audio/wav, as its examples
// do: decode, fill its buffer, write. No hash, no sync, nothing found or deleted.
func BenchmarkGoAudio(b *testing.B) {
	rx, tx := sound(benchSeconds*second, 1), sound(benchSeconds*second, 2)
	table := g711.ALaw.Table()
	path := filepath.Join(b.TempDir(), "c.wav")
	b.ReportAllocs()
	start := used(b)
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
	perSecond(b, used(b)-start)
}

// BenchmarkVerify reads a stored file again.
func BenchmarkVerify(b *testing.B) {
	path := filepath.Join(b.TempDir(), "c.wav")
	content := wave(sound(benchSeconds*second, 1), sound(benchSeconds*second, 2))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	start := used(b)
	for b.Loop() {
		if _, err := recorder.Verify(path); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, used(b)-start)
}
