package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"hotline/call"
)

// Tallies count events of this process for Prometheus. They begin at 0 with each start, as
// counters of Prometheus do; the figures of the site are those of the ledger.
type Tallies struct {
	offered *prometheus.CounterVec   // by queue
	left    *prometheus.CounterVec   // by queue and outcome
	wait    *prometheus.HistogramVec // of the answered, by queue
	offers  *prometheus.CounterVec   // that were not answered, by outcome
	talk    prometheus.Histogram
	ended   *prometheus.CounterVec // by class
	faults  *prometheus.CounterVec // of recordings, by reason
}

// NewTallies makes counters whose waits are told apart at the limit of the service level.
func NewTallies(within call.Millis) *Tallies {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	limit := within.Duration().Seconds()
	return &Tallies{
		offered: counter("hotline_queue_offered_total", "Callers who entered a queue.", "queue"),
		left:    counter("hotline_queue_left_total", "Callers who left a queue without an answer.", "queue", "outcome"),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hotline_queue_answer_wait_seconds", Help: "Wait of the answered, from queue entry to the agent's answer.",
			Buckets: []float64{limit / 15, limit / 5, limit / 3, limit * 2 / 3, limit, 2 * limit, 4 * limit, 12 * limit},
		}, []string{"queue"}),
		offers: counter("hotline_offers_unanswered_total", "Phones rung in vain, by how that ended.", "outcome"),
		talk: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hotline_talk_seconds", Help: "Talks, from the agent's answer to his end, holds included.",
			Buckets: []float64{10, 30, 60, 120, 180, 300, 600, 1200, 3600},
		}),
		ended: counter("hotline_calls_ended_total", "Calls that are over, by class of ending.", "class"),
		faults: counter("hotline_recording_alarms_total",
			"Alarms of recordings, by reason. A word of the call may be missing.", "reason"),
	}
}

// Note counts one event. Whose leg is a consultation waited in no queue.
func (t *Tallies) Note(ev call.Event) {
	waits := ev.Direction == call.Inbound
	switch ev.Kind {
	case call.Queued:
		if waits {
			t.offered.WithLabelValues(string(ev.Queue)).Inc()
		}
	case call.Answered:
		if waits {
			t.wait.WithLabelValues(string(ev.Queue)).Observe(ev.Wait.Duration().Seconds())
		}
	case call.LeftQueue:
		if waits {
			t.left.WithLabelValues(string(ev.Queue), string(ev.Outcome)).Inc()
		}
	case call.OfferEnded:
		t.offers.WithLabelValues(string(ev.Outcome)).Inc()
	case call.TalkEnded:
		t.talk.Observe(ev.Talk.Duration().Seconds())
	case call.Ended:
		t.ended.WithLabelValues(string(ev.Ending.Class)).Inc()
	case call.RecordingFault:
		t.faults.WithLabelValues(ev.Reason).Inc()
	default: // the others are counted by the parts that make them
	}
}

// Describe tells Prometheus what there is.
func (t *Tallies) Describe(to chan<- *prometheus.Desc) {
	for _, c := range t.all() {
		c.Describe(to)
	}
}

// Collect sends the counts.
func (t *Tallies) Collect(to chan<- prometheus.Metric) {
	for _, c := range t.all() {
		c.Collect(to)
	}
}

func (t *Tallies) all() []prometheus.Collector {
	return []prometheus.Collector{t.offered, t.left, t.wait, t.offers, t.talk, t.ended, t.faults}
}
