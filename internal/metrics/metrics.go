// Package metrics shows a running hotline to Prometheus.
package metrics

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hotline/acd"
	"hotline/acd/redisstore"
	"hotline/ari"
	"hotline/call"
	"hotline/callflow"
	"hotline/people"
	"hotline/recorder"
	"hotline/reports/sqlstore"
	"hotline/web"
)

// ScrapeMax bounds the wait for the engine's state at a scrape.
const ScrapeMax = 2 * time.Second

// Readings are what all parts say of themselves at one scrape.
type Readings struct {
	ARI      ari.Stats
	Ledger   sqlstore.WriterStats
	Recorder recorder.Stats
	Figures  redisstore.Status
	Mirror   redisstore.MirrorStatus
	Engine   *acd.Snapshot // nil when the engine did not answer in time
	Overload uint64        // commands that the engine's mailbox turned away
	Calls    []callflow.Status
	Health   web.Health
	SignIns  people.Stats
}

// Handler shows the process to Prometheus: what read gives at each scrape, which may take
// ScrapeMax, and the tallies. Labels name queues, states and parts, never calls, numbers or
// agents: those are in the reports, and each value of a label is a time series for ever.
func Handler(read func(context.Context) Readings, t *Tallies) http.Handler {
	all := prometheus.NewRegistry()
	all.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&gauges{read}, t,
	)
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 2 * ScrapeMax})
}

// gauges reads the parts at each scrape, so that nothing is counted twice.
type gauges struct {
	read func(context.Context) Readings
}

// Describe sends nothing: what there is depends on the queues, so the collector is unchecked.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect sends every value. When the engine does not answer in time, what comes from it is
// missing, which Prometheus shows as a hole, and the rest is there.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), ScrapeMax)
	defer cancel()
	r := g.read(ctx)
	for _, m := range values() {
		to <- prometheus.MustNewConstMetric(
			prometheus.NewDesc(m.name, m.help, nil, nil), m.kind, m.of(&r))
	}
	for outcome, n := range r.ARI.Commands {
		to <- labelled("hotline_ari_commands_total", "Commands to Asterisk, by how they ended.",
			prometheus.CounterValue, "outcome", string(outcome), float64(n))
	}
	for _, p := range r.Health.Parts {
		to <- labelled("hotline_part_healthy", "1 when a part works, as in /healthz.",
			prometheus.GaugeValue, "part", p.Name, truth(p.OK))
	}
	if r.Engine != nil {
		collectQueues(to, &r)
	}
	collectStages(to, &r)
}

func labelled(
	name, help string, kind prometheus.ValueType, label, value string, n float64,
) prometheus.Metric {
	return prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, []string{label}, nil), kind, n, value)
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// collectQueues sends what the engine knows: who waits, and what the agents do.
func collectQueues(to chan<- prometheus.Metric, r *Readings) {
	gauge := func(name, help, label, value string, n float64) {
		to <- labelled(name, help, prometheus.GaugeValue, label, value, n)
	}
	for _, q := range r.Engine.Queues {
		id := string(q.ID)
		wait := time.Duration(0)
		if !q.Longest.IsZero() {
			wait = r.Engine.At.Sub(q.Longest)
		}
		gauge("hotline_queue_waiting", "Callers who are not answered yet.", "queue", id, float64(len(q.Callers)))
		gauge("hotline_queue_longest_wait_seconds", "Wait of the caller who waits longest.", "queue", id, wait.Seconds())
		gauge("hotline_queue_idle_agents", "Agents who would be rung at once.", "queue", id, float64(q.Idle))
		gauge("hotline_queue_callbacks", "Callers who wait to be called back.", "queue", id, float64(len(q.Callbacks)))
	}
	states := map[call.AgentState]int{
		call.Offline: 0, call.Ready: 0, call.Ringing: 0, call.Talking: 0, call.Hold: 0, call.WrapUp: 0, call.Break: 0,
	}
	for _, g := range r.Engine.Agents {
		states[g.State]++
	}
	for s, n := range states {
		gauge("hotline_agents", "Agents, by state.", "state", string(s), float64(n))
	}
	counter := func(name, help string, n uint64) {
		to <- prometheus.MustNewConstMetric(
			prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, float64(n))
	}
	counter("hotline_acd_refused_total", "Commands that came twice or in the wrong order.", r.Engine.Stats.Refused)
	counter("hotline_acd_forced_legs_total", "Legs whose end was not confirmed in time.", r.Engine.Stats.ForcedLegs)
	counter("hotline_acd_forced_talks_total", "Talks whose end was not confirmed in time.", r.Engine.Stats.ForcedTalks)
}

// collectStages sends how many calls are at which stage.
func collectStages(to chan<- prometheus.Metric, r *Readings) {
	stages := map[callflow.Stage]int{
		callflow.Greeting: 0, callflow.Waiting: 0, callflow.Dialling: 0, callflow.Talking: 0, callflow.Offering: 0,
		callflow.Speaking: 0, callflow.Rating: 0, callflow.Leaving: 0,
	}
	for _, c := range r.Calls {
		stages[c.Stage]++
	}
	for s, n := range stages {
		to <- labelled("hotline_calls", "Running calls, by stage.", prometheus.GaugeValue, "stage", string(s), float64(n))
	}
}

// value is one number without labels.
type value struct {
	name, help string
	kind       prometheus.ValueType
	of         func(*Readings) float64
}

const (
	total = prometheus.CounterValue
	now   = prometheus.GaugeValue
)

// values are the numbers of the parts that need no label.
func values() []value {
	return slices.Concat(streamValues(), ledgerValues(), recordingValues(), figureValues(), signInValues())
}

func streamValues() []value {
	return []value{
		{
			"hotline_ari_connected", "1 while the event stream of Asterisk is set up.", now,
			func(r *Readings) float64 { return truth(r.ARI.Connected) },
		},
		{
			"hotline_ari_queue_depth", "Events of Asterisk that wait to be handled.", now,
			func(r *Readings) float64 { return float64(r.ARI.Queued) },
		},
		{
			"hotline_ari_events_total", "Events received from Asterisk.", total,
			func(r *Readings) float64 { return float64(r.ARI.Events) },
		},
		{
			"hotline_ari_events_unknown_total", "Events of a type that is not known, passed over.", total,
			func(r *Readings) float64 { return float64(r.ARI.Unknown) },
		},
		{
			"hotline_ari_events_lost_total", "Events dropped for want of room; each is made up for by a new look.", total,
			func(r *Readings) float64 { return float64(r.ARI.Lost) },
		},
		{
			"hotline_ari_reconnects_total", "Connections to Asterisk after the first.", total,
			func(r *Readings) float64 { return float64(r.ARI.Reconnects) },
		},
	}
}

func ledgerValues() []value {
	return []value{
		{
			"hotline_ledger_queue_depth", "Events that are not in the ledger yet.", now,
			func(r *Readings) float64 { return float64(r.Ledger.Depth) },
		},
		{
			"hotline_ledger_spooled_events", "Of those, events that wait on the disk: the ledger does not answer.", now,
			func(r *Readings) float64 { return float64(r.Ledger.Spooled) },
		},
		{
			"hotline_ledger_events_total", "Events written to the ledger.", total,
			func(r *Readings) float64 { return float64(r.Ledger.Stored) },
		},
		{
			"hotline_ledger_events_lost_total", "Events that are lost: the ledger was away for too long.", total,
			func(r *Readings) float64 { return float64(r.Ledger.Lost) },
		},
		{
			"hotline_ledger_events_refused_total", "Events that break a rule of the ledger.", total,
			func(r *Readings) float64 { return float64(r.Ledger.Refused) },
		},
		{
			"hotline_ledger_failures_total", "Attempts to write to the ledger that failed and are repeated.", total,
			func(r *Readings) float64 { return float64(r.Ledger.Failures) },
		},
		{
			"hotline_ledger_batches_total", "Transactions of the ledger.", total,
			func(r *Readings) float64 { return float64(r.Ledger.Batches) },
		},
	}
}

func signInValues() []value {
	return []value{
		{
			"hotline_sign_ins_throttled_total", "Sign-ins turned away because of wrong ones before.", total,
			func(r *Readings) float64 { return float64(r.SignIns.Throttled) },
		},
		{
			"hotline_sign_ins_busy_total", "Sign-ins turned away because too many waited.", total,
			func(r *Readings) float64 { return float64(r.SignIns.Busy) },
		},
	}
}

func recordingValues() []value {
	return []value{
		{
			"hotline_recordings_live", "Calls that are being recorded.", now,
			func(r *Readings) float64 { return float64(r.Recorder.Live) },
		},
		{
			"hotline_recordings_waiting", "Calls that are over and whose recording is not stored yet.", now,
			func(r *Readings) float64 { return float64(r.Recorder.Waiting) },
		},
		{
			"hotline_recordings_total", "Recordings stored.", total,
			func(r *Readings) float64 { return float64(r.Recorder.Joined) },
		},
		{
			"hotline_recording_faults_total", "Recordings that are missing, short or wrong.", total,
			func(r *Readings) float64 { return float64(r.Recorder.Faults) },
		},
		{
			"hotline_recording_retries_total", "Attempts to store a recording that failed and are repeated.", total,
			func(r *Readings) float64 { return float64(r.Recorder.Retries) },
		},
	}
}

func figureValues() []value {
	return []value{
		{
			"hotline_acd_overloads_total", "Commands that the engine's full mailbox turned away.", total,
			func(r *Readings) float64 { return float64(r.Overload) },
		},
		{
			"hotline_figures_lag_seconds", "For how long events wait to be counted in Redis.", now,
			func(r *Readings) float64 { return r.Figures.Lag.Seconds() },
		},
		{
			"hotline_figures_rebuilds_total", "Times the figures in Redis were begun anew.", total,
			func(r *Readings) float64 { return float64(r.Figures.Rebuilds) },
		},
		{
			"hotline_figures_faults_total", "Rounds of counting that failed and are repeated.", total,
			func(r *Readings) float64 { return float64(r.Figures.Faults) },
		},
		{
			"hotline_mirror_faults_total", "Writes of the live state to Redis that failed.", total,
			func(r *Readings) float64 { return float64(r.Mirror.Faults) },
		},
		{
			"hotline_figures_unmapped_total", "Events that have no place in the figures.", total,
			func(r *Readings) float64 { return float64(r.Figures.Unmapped) },
		},
	}
}
