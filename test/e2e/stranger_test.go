package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
	"hotline/reports/sqlstore"
	"hotline/test/house"
)

// Codes of the two strangers.
const (
	callerCode = 1234
	agentCode  = 4321
)

// TestS22StrangersPhones: two baresip of Debian know nothing of us but what
// `hotline demo --no-phones --json` prints. One registers as an agent, the other one calls;
// they hear each other, the call is recorded whole and stands in the report.
func TestS22StrangersPhones(t *testing.T) {
	hotline := program(t)
	d := startDemo(t, hotline, temporary(t), "--no-phones", "--agents", "2")
	agent := d.access.Agents[0]
	if agent.User != "a1001" || agent.Extension != "1001" || agent.Simulated {
		t.Fatalf("the first agent is %+v", agent)
	}
	account := fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60",
		agent.User, d.access.Registrar, agent.User, agent.Password)
	answering := startSoftphone(t, agentCode, account, "")
	eventually(t, 20*time.Second, "the agent is ready", func() bool { return d.state(agent.User) == call.Ready })
	if s := d.state(d.access.Agents[1].User); s != call.Offline {
		t.Errorf("the second agent is %s without a phone", s)
	}
	calling := startSoftphone(t, callerCode, `"Some One" <sip:13800138000@127.0.0.1>;regint=0`,
		"/dial sip:"+d.access.Line+"@"+d.access.Trunk)

	way := []call.AgentState{call.Ready}
	follow := func() call.AgentState {
		s := d.state(agent.User)
		if s != way[len(way)-1] {
			way = append(way, s)
		}
		return s
	}
	// The greeting comes first.
	eventually(t, time.Minute, "they have talked for 3 s", func() bool {
		const enough = int(3 * time.Second / house.Window)
		return follow() == call.Talking && calling.hears()[agentCode] >= enough && answering.hears()[callerCode] >= enough
	})
	calling.leave()
	eventually(t, 20*time.Second, "the agent is ready again", func() bool { return follow() == call.Ready })
	// A phone that answers by itself rings too short to be seen every time.
	way = slices.DeleteFunc(way, func(s call.AgentState) bool { return s == call.Ringing })
	want := []call.AgentState{call.Ready, call.Talking, call.WrapUp, call.Ready}
	if diff := cmp.Diff(want, way); diff != "" {
		t.Errorf("the agent's states (-want +got):\n%s", diff)
	}
	config := d.settings()
	d.compareOutside(hotline, config)
	d.compareRecorded(hotline, config)
	answering.leave()
	eventually(t, 20*time.Second, "the agent is signed out", func() bool { return follow() == call.Offline })
	d.end(syscall.SIGINT)
}

// settings writes a hotline.yaml that names the demo's stores.
func (d *demoRun) settings() string {
	d.t.Helper()
	dir := d.t.TempDir()
	file := filepath.Join(dir, "hotline.yaml")
	text := fmt.Sprintf("asterisk: {password_file: secret}\nledger: {path: %q}\nrecordings: {dir: %q}\n"+
		"lines: [{number: %q, queue: complaints}]\nqueues: [{id: complaints}]\n",
		d.access.Ledger, d.access.Recordings, d.access.Line)
	for name, content := range map[string]string{file: text, filepath.Join(dir, "secret"): "not-used-here-at-all\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	return file
}

// compareOutside holds the report of the command line against the one call.
func (d *demoRun) compareOutside(hotline, config string) {
	d.t.Helper()
	// Two days, as the call may have crossed midnight.
	now := time.Now().In(time.FixedZone("Asia/Shanghai", 8*3600))
	r := finish(d.t, hotline, "report", "--config", config, "--format", "json",
		"--from", now.Add(-5*time.Minute).Format(time.DateOnly), "--to", now.Format(time.DateOnly))
	var report struct {
		Figures []map[string]any `json:"figures"`
	}
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.code != 0 || len(report.Figures) == 0 {
		d.t.Fatalf("report: exit code %d, %v, %s%s", r.code, err, r.out, r.errOut)
	}
	total := report.Figures[len(report.Figures)-1]
	for name, want := range map[string]float64{"offered": 1, "answered": 1, "answered_in_t": 1, "abandoned": 0} {
		if total[name] != want {
			d.t.Errorf("report: %s is %v, want %v", name, total[name], want)
		}
	}
	if q := d.live().Queues[0]; q.Offered != 1 || q.Answered != 1 || q.Waiting != 0 {
		d.t.Errorf("live: %+v", q)
	}
}

// compareRecorded finds the recording by the caller's number and listens to both channels.
func (d *demoRun) compareRecorded(hotline, config string) {
	d.t.Helper()
	var r result
	eventually(d.t, 20*time.Second, "the call is recorded", func() bool {
		r = finish(d.t, hotline, "recordings", "--config", config, "--verify", "--json",
			"--number", "13800138000", "--agent", "a1001")
		return r.out != "" || r.code != 0
	})
	var rec sqlstore.Recorded
	if err := json.Unmarshal([]byte(r.out), &rec); err != nil || r.code != 0 {
		d.t.Fatalf("recordings: exit code %d, %v, %s%s", r.code, err, r.out, r.errOut)
	}
	// A phone needs a moment to open its sound file after the answer, and Asterisk records
	// from the first packet.
	const edge = 500 * time.Millisecond
	if rec.Recording.Missing.Duration() > edge || rec.Recording.Rescued || rec.Line != d.access.Line {
		d.t.Errorf("the recording is %+v", rec)
	}
	path := filepath.Join(d.access.Recordings, filepath.FromSlash(rec.Recording.Path))
	sound, length := house.Codes(d.t, path)
	left, right := sound[0][callerCode], sound[1][agentCode]
	if left.First > edge || length-left.Last > edge || int(length/house.Window)-left.Windows > int(edge/house.Window) {
		d.t.Errorf("of %v the caller is heard from %v to %v in %d windows", length, left.First, left.Last, left.Windows)
	}
	if talk := right.Last - right.First; right.Windows < 150 || length-right.Last > edge ||
		int(talk/house.Window)-right.Windows > int(edge/house.Window) {
		d.t.Errorf("of %v the agent is heard from %v to %v in %d windows", length, right.First, right.Last, right.Windows)
	}
	if len(sound[0]) != 1 || len(sound[1]) != 1 {
		d.t.Errorf("codes on the left %v and on the right %v, want one each", sound[0], sound[1])
	}
	if right.First < 2*time.Second {
		d.t.Errorf("the agent is heard after %v: where is the greeting?", right.First)
	}
	// How full the disk of this machine is, is no matter of the demo.
	if said := strings.ReplaceAll(d.said(), `ERROR msg="space for recordings"`, ""); strings.Contains(said, "ERROR") {
		d.t.Errorf("the demo complains:\n%s", d.said())
	}
}
