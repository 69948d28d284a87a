package sim

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// BenchmarkCalls tells how many calls a second of CPU plays, from the dial to the figures. A
// bubble of virtual time belongs to a test, so each weather is one.
func BenchmarkCalls(b *testing.B) {
	for _, w := range []struct {
		name string
		of   func(dice) weather
	}{{"calm", calm}, {"usual", usual}, {"storm", storm}, {"storm and busy agents", busyAgents(storm)}} {
		b.Run(w.name, func(b *testing.B) {
			const calls = 200
			played, begun := 0, cpu(b)
			for seed := uint64(1); played < b.N; seed++ {
				play := func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { newWorld(t, seed, w.of).play(calls) })
				}
				if !testing.RunTests(func(_, _ string) (bool, error) { return true, nil },
					[]testing.InternalTest{{Name: w.name, F: play}}) {
					b.Fatalf("seed %d failed", seed)
				}
				played += calls
			}
			b.ReportMetric(float64(played)/(cpu(b)-begun).Seconds(), "calls/cpu-s")
		})
	}
}

// cpu is what this process has used of it.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatalf("CPU time: %v", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
