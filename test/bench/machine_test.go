package bench

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/internal/phonesim"
	"hotline/internal/phonesim/media"
)

// tickTime is the unit of CPU time in /proc, the same on every Linux that Go runs on.
const tickTime = 10 * time.Millisecond

// A run in which the phones or the neighbours were at their limit says nothing about the
// switch. B4 of the method.
const (
	generatorMax = 0.70  // of a core
	lateMax      = 0.005 // of the phones' ticks of 5 ms
	othersMax    = 0.15  // of the machine, by processes that are no part of the run
	stallMax     = 20 * time.Millisecond
)

// processes are those under test, in the order of the tables.
var processes = []string{"asterisk", "hotline", "redis"}

// reading is what the machine counts at one moment.
type reading struct {
	at       time.Time
	cpu      map[string]time.Duration // by process, user and system
	self     time.Duration            // the phones, which are this process
	busy     time.Duration            // everything that ran on the machine
	overrun  uint64                   // datagrams that the kernel dropped
	load     float64                  // of the last minute
	sip      phonesim.Signalling
	media    media.Stats
	warnings int // in the hotline's log
}

func (h *house) read() reading {
	h.Helper()
	r := reading{
		at: time.Now(), cpu: map[string]time.Duration{}, self: cpuOf(h, "self"), busy: busyTime(h),
		overrun: overruns(h), load: loadOf(h), sip: h.sim.Signalling(), media: h.sim.Media(), warnings: h.program.warnings(),
	}
	for name, pid := range h.pids() {
		r.cpu[name] = cpuOf(h, strconv.Itoa(pid))
	}
	return r
}

// pids are the processes under test that run now.
func (h *house) pids() map[string]int {
	all := map[string]int{"asterisk": h.asterisk.PID(), "redis": h.redis.PID()}
	if pid := h.program.pid(); pid != 0 {
		all["hotline"] = pid
	}
	return all
}

// cpuOf is user and system time of a process with all its threads, ended ones included.
func cpuOf(tb testing.TB, pid string) time.Duration {
	tb.Helper()
	text := readProc(tb, pid+"/stat")
	// The name may hold anything, but no second ") ".
	_, rest, _ := strings.Cut(text, ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		tb.Fatalf("/proc/%s/stat has %d fields", pid, len(fields))
	}
	return ticks(tb, fields[11]) + ticks(tb, fields[12])
}

// busyTime is the time all cores spent on anything.
func busyTime(tb testing.TB) time.Duration {
	tb.Helper()
	line, _, _ := strings.Cut(readProc(tb, "stat"), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal
	if len(fields) < 9 {
		tb.Fatalf("/proc/stat: %q", line)
	}
	busy := time.Duration(0)
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		busy += ticks(tb, fields[i])
	}
	return busy
}

// overruns counts datagrams for which a socket had no room, on the whole machine.
func overruns(tb testing.TB) uint64 {
	tb.Helper()
	var names []string
	for line := range strings.Lines(readProc(tb, "net/snmp")) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] != "Udp:":
		case names == nil:
			names = fields
		default:
			for i, name := range names {
				if name == "RcvbufErrors" {
					return uint64(number(tb, fields[i]))
				}
			}
		}
	}
	tb.Fatal("/proc/net/snmp does not count lost datagrams")
	return 0
}

func loadOf(tb testing.TB) float64 {
	tb.Helper()
	first, _, _ := strings.Cut(readProc(tb, "loadavg"), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return load
}

// memory is the resident memory of each process now, in MB.
func (h *house) memory() map[string]float64 {
	h.Helper()
	all := map[string]float64{}
	for name, pid := range h.pids() {
		for line := range strings.Lines(readProc(h, strconv.Itoa(pid)+"/status")) {
			if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
				all[name] = round(float64(number(h, fields[1])) / 1000)
			}
		}
	}
	return all
}

func readProc(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile("/proc/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

func number(tb testing.TB, text string) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// ticks is a time as /proc writes it.
func ticks(tb testing.TB, text string) time.Duration {
	tb.Helper()
	return time.Duration(number(tb, text)) * tickTime
}

// conditions tell under which circumstances a turn was measured.
type conditions struct {
	Seconds   float64             `json:"seconds"`
	CPU       map[string]float64  `json:"cpu_s"`         // seconds by process
	Generator float64             `json:"generator_cpu"` // cores that the phones used
	Others    float64             `json:"others_cpu"`    // cores that foreign processes used
	Load      [2]float64          `json:"load1"`         // before and after
	LateTicks float64             `json:"late_ticks"`    // share
	Stall     float64             `json:"stall_ms"`      // longest wait of this process for a core
	Skipped   uint64              `json:"skipped_frames"`
	Overruns  uint64              `json:"udp_overruns"`
	Warnings  int                 `json:"hotline_warnings"`
	SIP       phonesim.Signalling `json:"sip"`
	Invalid   []string            `json:"invalid,omitempty"`   // the generator was at its limit
	Disturbed []string            `json:"disturbed,omitempty"` // the neighbours were
}

// watchStalls measures until its result is called how long this process, a neighbour of
// those under test, had to wait for a core at most: as much, and more where several wait in
// turn, may be in any time measured meanwhile.
func watchStalls(ctx context.Context) (longest func() time.Duration) {
	const every = 5 * time.Millisecond
	quit, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		timer := time.NewTimer(every)
		defer timer.Stop()
		most := time.Duration(0)
		for due := time.Now().Add(every); ; {
			select {
			case <-ctx.Done():
				return
			case <-quit:
				worst <- most
				return
			case <-timer.C:
			}
			now := time.Now()
			most = max(most, now.Sub(due))
			due = now.Add(every)
			timer.Reset(every)
		}
	}()
	return func() time.Duration {
		close(quit)
		return <-worst
	}
}

// between compares two readings.
func between(a, b reading, stall time.Duration) conditions {
	took := b.at.Sub(a.at).Seconds()
	c := conditions{
		Seconds: round(took), Stall: milliseconds(stall), CPU: map[string]float64{}, Load: [2]float64{a.load, b.load},
		Generator: round((b.self - a.self).Seconds() / took),
		Skipped:   b.media.SkippedFrames - a.media.SkippedFrames,
		Overruns:  b.overrun - a.overrun, Warnings: b.warnings - a.warnings,
		SIP: phonesim.Signalling{
			Received: b.sip.Received - a.sip.Received, Sent: b.sip.Sent - a.sip.Sent, Repeated: b.sip.Repeated - a.sip.Repeated,
		},
	}
	if ticks := b.media.Ticks - a.media.Ticks; ticks > 0 {
		c.LateTicks = float64(b.media.LateTicks-a.media.LateTicks) / float64(ticks)
	}
	others := b.busy - a.busy - (b.self - a.self)
	for name := range b.cpu {
		used := b.cpu[name] - a.cpu[name]
		c.CPU[name] = used.Seconds()
		others -= used
	}
	c.Others = round(max(others, 0).Seconds() / took)
	c.judge()
	return c
}

// judge says what makes the turn worthless.
func (c *conditions) judge() {
	invalid := func(format string, args ...any) { c.Invalid = append(c.Invalid, fmt.Sprintf(format, args...)) }
	if c.Generator > generatorMax {
		invalid("the phones used %.0f %% of a core", 100*c.Generator)
	}
	if c.LateTicks > lateMax {
		invalid("%.1f %% of the phones' ticks were late", 100*c.LateTicks)
	}
	if c.Skipped > 0 {
		invalid("the phones left out %d frames", c.Skipped)
	}
	if c.SIP.Repeated > 0 {
		invalid("%d SIP messages were repeated", c.SIP.Repeated)
	}
	if c.Overruns > 0 {
		invalid("the kernel dropped %d datagrams", c.Overruns)
	}
	if c.Stall > milliseconds(stallMax) {
		c.Disturbed = append(c.Disturbed, fmt.Sprintf("a process had to wait %.0f ms for a core", c.Stall))
	}
	if limit := othersMax * float64(runtime.NumCPU()); c.Others > limit {
		c.Disturbed = append(c.Disturbed, fmt.Sprintf("foreign processes used %.0f %% of a core", 100*c.Others))
	}
}

func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

// round keeps three decimals.
func round(x float64) float64 { return math.Round(1000*x) / 1000 }
