// Package bench measures the hotline beside Asterisk's own app_queue: on one Asterisk, in
// one run, with the same phones and the same recording, in turns. What counts is what the
// phones saw. The figures are printed as tables and kept as JSON in the folder that
// HOTLINE_BENCH_OUT names.
//
//	go test ./test/bench -bench . -benchtime=1x -run '^$' -timeout 30m
//
// Nothing here passes or fails by a time: a machine that is busy with other things says
// nothing about the hotline. A run in which the phones could not keep up says that it is
// invalid, and one beside which other programs worked says so, too.
package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/internal/phonesim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Lengths of one turn of each benchmark, and what is cut off its begin, where queues and
// caches fill, and its end, so that nothing measured is cut in two.
const (
	crowdTime  = 60 * time.Second
	streamTime = 40 * time.Second
	stormTime  = 20 * time.Second
	warmUp     = 5 * time.Second
	coolDown   = 3 * time.Second
	restTime   = 10 * time.Second
)

// BenchmarkIdleToInvite has three callers waiting for each agent and measures how long an
// agent's phone stays silent after a talk. It also measures the connections under this load.
func BenchmarkIdleToInvite(b *testing.B) {
	const agents = 10
	h := open(b, agents, manners(ring))
	for b.Loop() {
		turns, seen := h.compare(func(s side) { h.crowd(s, 4*agents, crowdTime) })
		r := h.newReport("idle-to-invite", fmt.Sprintf(
			"agent idle -> next INVITE, callers waiting: %d agents, %d callers, talk 1.5-3.5 s, turns of %v",
			agents, 4*agents, crowdTime), turns)
		r.Tables = append([]*table{idleTable(seen)}, connectionTables(seen, " under this load")...)
		r.publish(b)
		b.ReportMetric(spreadOf(seen[ours].idle).P99, "p99-ms")
		b.ReportMetric(spreadOf(seen[theirs].idle).P99, "app_queue-p99-ms")
	}
}

// BenchmarkCutThrough has an idle agent for every caller and measures how long both are
// deaf after the agent has picked up.
func BenchmarkCutThrough(b *testing.B) {
	const agents, every, talk = 10, 250 * time.Millisecond, time.Second
	h := open(b, agents, manners(ring))
	for b.Loop() {
		turns, seen := h.compare(func(s side) { h.stream(s, every, talk, streamTime) })
		r := h.newReport("cut-through", fmt.Sprintf(
			"agent answers -> both hear each other: %d agents, a caller every %v, talk %v, turns of %v",
			agents, every, talk, streamTime), turns)
		r.Tables = connectionTables(seen, "")
		r.publish(b)
		b.ReportMetric(spreadOf(seen[ours].bothHear()).P99, "p99-ms")
		b.ReportMetric(spreadOf(seen[theirs].bothHear()).P99, "app_queue-p99-ms")
	}
}

// BenchmarkSetupCPU sends 20 callers a second who talk for one second each and measures
// what a call costs in each process: set-up, one second of recorded talk, and the end.
func BenchmarkSetupCPU(b *testing.B) {
	const agents, every, talk = 50, 50 * time.Millisecond, time.Second
	h := open(b, agents, manners(0))
	for b.Loop() {
		turns := make([]turn, 0, len(order))
		for _, s := range order {
			turns = append(turns, h.cost(s, func() { h.stream(s, every, talk, stormTime) }))
		}
		r := h.newReport("setup-cpu", fmt.Sprintf(
			"CPU of one call, set-up, %v of recorded talk and end, at %v calls/s: %d agents, turns of %v",
			talk, float64(time.Second)/float64(every), agents, stormTime), turns)
		r.Tables = []*table{cpuTable(turns), memoryTable(turns)}
		r.publish(b)
		rows := r.Tables[0].Rows
		b.ReportMetric(rows[1].Values[len(processes)], "cpu-ms/call")
		b.ReportMetric(rows[0].Values[len(processes)], "app_queue-cpu-ms/call")
	}
}

// compare measures both sides in turns.
func (h *house) compare(load func(side)) ([]turn, map[side]*figures) {
	h.Helper()
	turns, seen := make([]turn, 0, len(order)), map[side]*figures{theirs: {}, ours: {}}
	for _, s := range order {
		h.begin(s)
		t, f := h.measure(s, func() { load(s) })
		h.end(s)
		turns = append(turns, t)
		seen[s].add(f)
	}
	return turns, seen
}

// cost measures one side at rest and then under a load.
func (h *house) cost(s side, load func()) turn {
	h.Helper()
	h.begin(s)
	h.quiet(warmUp)
	before := h.read()
	h.quiet(restTime)
	rest := between(before, h.read(), 0)
	t, _ := h.measure(s, load)
	t.Rest = map[string]float64{}
	for name, used := range rest.CPU {
		t.Rest[name] = round(1000 * used / rest.Seconds)
	}
	h.end(s)
	return t
}

// measure runs a load and gathers what the phones saw of it.
func (h *house) measure(s side, load func()) (turn, figures) {
	h.Helper()
	before, longest := h.read(), watchStalls(h.Context())
	load()
	h.until("all phones are idle", h.idle)
	stall, after := longest(), h.read()
	records := slices.DeleteFunc(h.sim.Ledger(), func(r phonesim.Record) bool { return r.Invite.Before(before.at) })
	t, f := gather(records, span{before.at.Add(warmUp), after.at.Add(-coolDown)})
	t.Side, t.Conditions, t.MemoryMB = s, between(before, after, stall), h.memory()
	return t, f
}
