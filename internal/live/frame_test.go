package live

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/call"
	"hotline/web"
)

// update writes the pictures anew; look at them before they are committed.
var update = flag.Bool("update", false, "write testdata")

var at = time.Date(2026, 3, 2, 14, 5, 9, 0, time.FixedZone("CST", 8*3600))

func ago(d time.Duration) time.Time { return at.Add(-d) }

func healthy() web.Health {
	return web.Health{OK: true, Parts: []web.Part{{Name: "asterisk", OK: true}, {Name: "redis", OK: true}}}
}

// busyHour is a hotline with something of everything.
func busyHour() web.Live {
	return web.Live{
		At: at, Site: "市投诉中心", Health: healthy(),
		Queues: []web.LiveQueue{
			{
				ID: "complaints", Name: "投诉受理", Waiting: 3, LongestWait: 65_000, Ready: 0, Busy: 4, Target: 85,
				Threshold: 15_000, Offered: 1207, Answered: 1001, Abandoned: 203, ServiceLevel: new(85.71),
				Formula: "hotline", FiguresFresh: true,
			},
			{ID: "senior", Name: "senior", Ready: 1, Target: 90, Threshold: 20_000, Formula: "hotline", FiguresFresh: true},
		},
		Agents: []web.LiveAgent{
			{ID: "a1", Name: "王芳", State: call.Talking, Since: ago(3725 * time.Second), Number: "013800138000", Answered: 88},
			{ID: "a2", Name: "李强", State: call.Ringing, Since: ago(2 * time.Second), Number: "13900139000", Answered: 7},
			{ID: "a3", Name: "a1003", State: call.WrapUp, Since: ago(12 * time.Second), Next: call.Break, Answered: 12},
			{ID: "a4", Name: "a1004", State: call.Break, Since: ago(10 * time.Minute), Reason: "培训", Answered: 5},
			{ID: "a5", Name: "a1005", State: call.Ready, Since: ago(time.Second)},
			{ID: "a6", Name: "a1006", State: call.Offline}, // not seen since the start
		},
		Calls: []web.LiveCall{
			{
				Number: "013800138000", Stage: "talking", Since: ago(3725 * time.Second), Begin: ago(3730 * time.Second),
				Agent: "a1",
			},
			{Number: "13900139000", Stage: "waiting", Since: ago(65 * time.Second), Begin: ago(70 * time.Second)},
			{Number: "", Stage: "greeting", Since: ago(time.Second), Begin: ago(time.Second)},
			{Number: "13700137000", Stage: "leaving", Since: ago(0), Begin: ago(20 * time.Second)},
		},
	}
}

func fortyAgents() web.Live {
	l := busyHour()
	l.Agents = nil
	for i := range 40 {
		l.Agents = append(l.Agents, web.LiveAgent{Name: fmt.Sprintf("a%d", 1001+i), State: call.Ready, Since: ago(0)})
	}
	return l
}

func quietNight() web.Live {
	return web.Live{
		At: at, Site: "hotline", Health: healthy(),
		Queues: []web.LiveQueue{
			{ID: "q", Name: "complaints", Target: 85, Threshold: 15_000, Formula: "hotline", FiguresFresh: true},
		},
		Agents: []web.LiveAgent{}, Calls: []web.LiveCall{},
	}
}

func failing() web.Live {
	l := busyHour()
	l.Health = web.Health{Parts: []web.Part{
		{Name: "asterisk", Detail: "not connected"}, {Name: "ledger", OK: true}, {Name: "redis", Detail: "refused"},
	}}
	for i := range l.Queues {
		l.Queues[i].FiguresFresh = false
	}
	return l
}

// The pictures are as the files in testdata show them.
func TestFrame(t *testing.T) {
	for _, c := range []struct {
		name, lang string
		live       web.Live
		cols, rows int
	}{
		{"busy-wide-zh", "zh-CN", busyHour(), 130, 40},
		{"busy-wide-en", "en", busyHour(), 130, 40},
		{"busy-80x24-zh", "zh-CN", busyHour(), 80, 18},
		{"busy-80x24-en", "en", busyHour(), 80, 18},
		{"busy-narrow-en", "en", busyHour(), 50, 18},
		{"quiet-en", "en", quietNight(), 80, 24},
		{"quiet-zh", "zh-CN", quietNight(), 80, 24},
		{"forty-agents-zh", "zh-CN", fortyAgents(), 130, 34},
		{"forty-agents-en", "en", fortyAgents(), 80, 18},
		{"failing-en", "en", failing(), 100, 24},
		{"failing-zh", "zh-CN", failing(), 100, 24},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(Frame(c.live, c.lang, c.cols, c.rows), "\n") + "\n"
			file := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever the state and however small the terminal, a picture stays within its bounds and
// holds nothing that steers a terminal.
func TestFrameStaysInItsBounds(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[2J\x1b[31m", "\x9b2J", "13800138000\r\n", "\u202eevil", "\x00\x07", "王芳王芳王芳王芳王芳王芳王芳王芳王芳", "e\u0301e\u0301",
	}))
	rapid.Check(t, func(r *rapid.T) {
		l := busyHour()
		l.Site = text.Draw(r, "site")
		l.Calls[0].Number, l.Agents[0].Number = text.Draw(r, "caller"), text.Draw(r, "agent's caller")
		l.Agents[1].Name, l.Agents[1].Reason = text.Draw(r, "name"), text.Draw(r, "reason")
		l.Queues[0].Name = text.Draw(r, "queue")
		l.Calls = l.Calls[:rapid.IntRange(0, len(l.Calls)).Draw(r, "calls")]
		l.Health.OK, l.Health.Parts[0].OK = false, false
		l.Health.Parts[0].Detail = text.Draw(r, "detail")
		cols, rows := rapid.IntRange(0, 150).Draw(r, "cols"), rapid.IntRange(-5, 50).Draw(r, "rows")
		lines := Frame(l, rapid.SampledFrom([]string{"en", "zh-CN"}).Draw(r, "lang"), cols, rows)
		if len(lines) > max(0, rows) {
			r.Errorf("%d lines, room for %d", len(lines), rows)
		}
		for _, line := range lines {
			if n := measure(line); n > cols {
				r.Errorf("%d columns, room for %d: %q", n, cols, line)
			}
			for _, c := range line {
				if !unicode.IsPrint(c) {
					r.Errorf("%q reaches the terminal: %q", c, line)
				}
			}
		}
	})
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0:00", 0: "0:00", 59_999 * time.Millisecond: "0:59", 65 * time.Second: "1:05",
		3599 * time.Second: "59:59", time.Hour: "1:00:00", 100*time.Hour + 2*time.Second: "100:00:02",
	} {
		if got := clock(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// Every state and stage has a word in every language.
func TestWordsAreComplete(t *testing.T) {
	for _, lang := range []string{"en", "zh-CN"} {
		w := catalogue(lang)
		for _, s := range []call.AgentState{
			call.Offline, call.Ready, call.Ringing, call.Talking, call.Hold, call.WrapUp, call.Break,
		} {
			if w.states[s] == "" {
				t.Errorf("%s: state %q has no word", lang, s)
			}
		}
		for _, s := range []string{"greeting", "waiting", "dialling", "talking", "message", "survey", "leaving"} {
			if w.stages[s] == "" {
				t.Errorf("%s: stage %q has no word", lang, s)
			}
		}
	}
}

// S5: a key account shows by its grade, and a junior who has it by a plain mark.
func TestS5LiveViewMarksTheJunior(t *testing.T) {
	l := busyHour()
	l.Calls[0].GradeName, l.Calls[0].Below = "大用户", true
	l.Calls[1].GradeName = "专线用户"
	frame := strings.Join(Frame(l, "zh-CN", 130, 40), "\n")
	for _, want := range []string{"\n! 大用户 013800138000  ", "\n专线用户 13900139000  "} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is not in the picture:\n%s", want, frame)
		}
	}
}

// S16: a hold, a consultation and everybody who is in a call are seen.
func TestS16LiveViewShowsHoldAndConsultation(t *testing.T) {
	l := busyHour()
	l.Agents[0].State, l.Calls[0].Held = call.Hold, true
	l.Calls[0].Parties = []web.LiveParty{{Agent: "a1", Up: true, With: true}}
	l.Calls[1].Agent, l.Calls[1].Held, l.Calls[1].Consulting = "a2", true, "number:110"
	l.Calls[1].Parties = []web.LiveParty{{Agent: "a2", Up: true}, {Number: "110"}}
	frame := strings.Join(Frame(l, "zh-CN", 130, 40), "\n")
	for _, want := range []string{
		"王芳                持线 ", "持线        1:02:05     1:02:10     a1\n",
		"咨询        1:05        1:10        a2, 110 (振铃)",
	} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is not in the picture:\n%s", want, frame)
		}
	}
}
