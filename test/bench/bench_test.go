// Package bench measures the hotline beside Asterisk's own app_queue: on one Asterisk, in
// one run, with the same phones and the same recording, in turns. What counts is what the
// phones saw. The figures are printed as tables and kept as JSON in the folder that
// HOTLINE_BENCH_OUT names.
//
//	go test ./test/bench -bench . -benchtime=1x -run '^$' -timeout 30m
//
// Nothing here passes or fails by a time: a machine that is busy with other things says
// nothing about the hotline. A run in which the phones were the bottleneck says so.
package bench

import (
	"fmt"
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
	idleTime   = 10 * time.Second
)

// BenchmarkIdleToInvite has three callers waiting for each agent and measures how long an
// agent's phone stays silent after a talk. It also measures the connections under this load.
func BenchmarkIdleToInvite(b *testing.B) {
	const agents = 10
	h := open(b, agents, manners(ring))
	for b.Loop() {
		turns := make([]turn, 0, len(order))
		perSide := map[side]*figures{theirs: {}, ours: {}}
		for _, s := range order {
			t, f := h.turn(s, func() { h.crowd(s, 4*agents, crowdTime) })
			turns = append(turns, t)
			perSide[s].add(f)
		}
		r := h.newReport("idle-to-invite", fmt.Sprintf(
			"agent idle -> next INVITE, callers waiting: %d agents, %d callers, talk 1.5-3.5 s, turns of %v",
			agents, 4*agents, crowdTime), turns)
		r.Tables = append([]*table{idleTable(perSide)}, connectionTables(perSide, " under this load")...)
		r.publish(b)
		b.ReportMetric(spreadOf(perSide[ours].idle).P99, "p99-ms")
		b.ReportMetric(spreadOf(perSide[theirs].idle).P99, "app_queue-p99-ms")
	}
}

// BenchmarkCutThrough has an idle agent for every caller and measures how long both are
// deaf after the agent has picked up.
func BenchmarkCutThrough(b *testing.B) {
	const agents, every, talk = 10, 250 * time.Millisecond, time.Second
	h := open(b, agents, manners(ring))
	for b.Loop() {
		turns := make([]turn, 0, len(order))
		perSide := map[side]*figures{theirs: {}, ours: {}}
		for _, s := range order {
			t, f := h.turn(s, func() { h.stream(s, every, talk, streamTime) })
			turns = append(turns, t)
			perSide[s].add(f)
		}
		r := h.newReport("cut-through", fmt.Sprintf(
			"agent answers -> both hear each other: %d agents, a caller every %v, talk %v, turns of %v",
			agents, every, talk, streamTime), turns)
		r.Tables = connectionTables(perSide, "")
		r.publish(b)
		b.ReportMetric(spreadOf(perSide[ours].bothHear()).P99, "p99-ms")
		b.ReportMetric(spreadOf(perSide[theirs].bothHear()).P99, "app_queue-p99-ms")
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
			h.begin(s)
			h.quiet(warmUp)
			before := h.read()
			h.quiet(idleTime)
			idle := between(before, h.read())
			t, _ := h.measure(s, func() { h.stream(s, every, talk, stormTime) })
			t.IdleCPU = map[string]float64{}
			for name, used := range idle.CPU {
				t.IdleCPU[name] = round(1000 * used / idle.Seconds)
			}
			h.end(s)
			turns = append(turns, t)
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

// turn makes a side ready, measures it under a load and waits for its end.
func (h *house) turn(s side, load func()) (turn, figures) {
	h.Helper()
	h.begin(s)
	t, f := h.measure(s, load)
	h.end(s)
	return t, f
}

// measure runs a load and gathers what the phones saw of it.
func (h *house) measure(s side, load func()) (turn, figures) {
	h.Helper()
	before := h.read()
	load()
	h.until("all phones are idle", func() bool { return h.sim.Media().Streams == 0 })
	after := h.read()
	records := []phonesim.Record{}
	for _, r := range h.sim.Ledger() {
		if !r.Invite.Before(before.at) {
			records = append(records, r)
		}
	}
	t := turn{Side: s, Conditions: between(before, after), MemoryMB: h.memoryOf()}
	f := figures{}
	within := span{before.at.Add(warmUp), after.at.Add(-coolDown)}
	f.idle, t.Doubles, t.Stuck = idleTimes(records, within)
	f.connections, t.Deaf = connections(records, within)
	for _, r := range records {
		if r.Role == phonesim.RoleCaller {
			t.Calls++
			if r.Result != phonesim.ResultAnswered && r.Result != phonesim.ResultAbandoned {
				t.Failed++
			}
		}
	}
	for _, d := range f.idle {
		t.Idle = append(t.Idle, milliseconds(d))
	}
	for _, c := range f.connections {
		t.Caller = append(t.Caller, milliseconds(c.caller))
		t.Agent = append(t.Agent, milliseconds(c.agent))
	}
	return t, f
}
