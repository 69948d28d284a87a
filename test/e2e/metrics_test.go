package e2e

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"hotline/call"
	"hotline/internal/phonesim"
	"hotline/test/house"
)

// TestMetricsAgreeWithTheLedger: what Prometheus reads after some calls is what the ledger
// holds, its names keep Prometheus's conventions, no label holds a number or a call, and who has
// no token reads nothing.
func TestMetricsAgreeWithTheLedger(t *testing.T) {
	d := openOffice(t, 2, nil)
	talks := d.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second})
	d.Over(talks)
	events := d.Settle()
	status, text := d.ask(http.MethodGet, "/metrics", "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	want := map[call.Kind]float64{}
	for _, e := range events {
		want[e.Kind]++
	}
	got := read(t, text)
	for name, n := range map[string]float64{
		"hotline_queue_offered_total": want[call.Queued], "hotline_calls_ended_total": want[call.Ended],
		"hotline_recordings_total": want[call.Recorded], "hotline_ledger_events_total": float64(len(events)),
		"hotline_queue_answer_wait_seconds": want[call.Answered], "hotline_talk_seconds": want[call.TalkEnded],
		"hotline_agents": 2, "hotline_calls": 0, "hotline_queue_waiting": 0, "hotline_ari_connected": 1,
		"hotline_recording_faults_total": 0, "hotline_ledger_events_lost_total": 0, "hotline_acd_overloads_total": 0,
	} {
		if sum, there := got[name]; !there || sum != n {
			t.Errorf("%s adds up to %v (there: %v), want %v", name, sum, there, n)
		}
	}
	problems, err := promlint.New(bytes.NewReader([]byte(text))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if bytes.Contains([]byte(text), []byte(house.Number(0))) {
		t.Error("a caller's number stands in the metrics")
	}
	resp, err := http.Get("http://" + d.App.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

// read adds each metric up over its labels; of a histogram it is the count.
func read(t *testing.T, text string) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			sums[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sums
}
