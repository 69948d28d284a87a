package live

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/width"

	"hotline/call"
	"hotline/web"
)

// Frame draws the state as lines of at most cols columns, at most rows of them. Queues
// come first: whoever looks up for a second wants to know how many wait and how long.
func Frame(l web.Live, lang string, cols, rows int) []string {
	w := catalogue(lang)
	out := []string{header(l, w), ""}
	out = append(out, queueLines(l, w)...)
	out = append(out, "")
	left := rows - len(out)
	agents, calls := agentLines(l, w), callLines(l, w)
	// Agents and calls share what is left; the shorter list gives its rest to the other.
	half := max(4, left/2)
	roomAgents := max(half, left-len(calls)-1)
	out = append(out, clip(agents, roomAgents, w)...)
	out = append(out, "")
	out = append(out, clip(calls, max(3, rows-len(out)), w)...)
	for i, line := range out {
		out[i] = fit(line, cols)
	}
	return out[:min(len(out), rows)]
}

func header(l web.Live, w words) string {
	health := w.allWell
	if !l.Health.OK {
		var bad []string
		for _, p := range l.Health.Parts {
			if !p.OK {
				bad = append(bad, p.Name+": "+p.Detail)
			}
		}
		health = "! " + strings.Join(bad, "; ")
	}
	return fmt.Sprintf("%s  %s  %s", clean(l.Site), l.At.Format(time.TimeOnly), clean(health))
}

func queueLines(l web.Live, w words) []string {
	out := []string{row(w.queues, w.waiting, w.longest, w.ready, w.busy, w.offered, w.answered, w.abandoned, w.level)}
	for _, q := range l.Queues {
		level := "-"
		if q.ServiceLevel != nil {
			level = fmt.Sprintf("%.1f%% (%d/%ds)", *q.ServiceLevel, q.Target, q.Threshold/1000)
		}
		if !q.FiguresFresh {
			level += " " + w.stale
		}
		out = append(out, row(q.Name, fmt.Sprint(q.Waiting), clock(q.LongestWait.Duration()), fmt.Sprint(q.Ready),
			fmt.Sprint(q.Busy), fmt.Sprint(q.Offered), fmt.Sprint(q.Answered), fmt.Sprint(q.Abandoned), level))
	}
	return out
}

func agentLines(l web.Live, w words) []string {
	out := []string{row(w.agents, w.state, w.since, w.caller, w.answered)}
	for _, a := range l.Agents {
		state := w.states[a.State]
		if a.Reason != "" {
			state += " " + a.Reason
		}
		if a.Next != "" {
			state += " (" + w.next + " " + w.states[a.Next] + ")"
		}
		out = append(out, row(a.Name, state, clock(l.At.Sub(a.Since)), a.Number, fmt.Sprint(a.Answered)))
	}
	return out
}

func callLines(l web.Live, w words) []string {
	out := []string{row(w.calls, w.stage, w.since, w.length, w.agent)}
	for _, c := range l.Calls {
		out = append(out, row(c.Number, w.stages[c.Stage], clock(l.At.Sub(c.Since)), clock(l.At.Sub(c.Begin)), string(c.Agent)))
	}
	if len(l.Calls) == 0 {
		out = append(out, w.empty)
	}
	return out
}

// row puts cells into columns: the first is wide, the others narrow.
func row(cells ...string) string {
	var b strings.Builder
	for i, c := range cells {
		size := 11
		switch i {
		case 0:
			size = 18
		case 1:
			size = 14
		}
		b.WriteString(pad(clean(c), size))
	}
	return strings.TrimRight(b.String(), " ")
}

func clip(lines []string, room int, w words) []string {
	if len(lines) <= room {
		return lines
	}
	keep := max(1, room-1)
	return append(lines[:keep:keep], fmt.Sprintf("  "+w.more, len(lines)-keep))
}

// clock shows a length of time as a person reads it off a wall: 1:05, 1:02:03.
func clock(d time.Duration) string {
	s := int(max(0, d) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// clean takes control characters out: a caller's number is a stranger's text and must not
// steer the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// columns is the room a rune takes: Chinese characters take two.
func columns(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

func pad(s string, size int) string {
	s = fit(s, size-1)
	used := 0
	for _, r := range s {
		used += columns(r)
	}
	return s + strings.Repeat(" ", size-used)
}

// fit cuts a line to the room there is.
func fit(s string, cols int) string {
	used := 0
	for i, r := range s {
		used += columns(r)
		if used > cols {
			return s[:i]
		}
	}
	return s
}

// Busy reports whether a state keeps an agent from being rung.
func Busy(s call.AgentState) bool {
	return s == call.Ringing || s == call.Talking || s == call.WrapUp
}
