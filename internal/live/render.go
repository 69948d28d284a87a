package live

import (
	"fmt"
	"strings"
	"time"

	"hotline/web"
)

// Frame draws the state as lines of at most cols columns, at most rows of them. Queues
// come first: whoever looks up for a second wants to know how many wait and how long.
func Frame(l web.Live, lang string, cols, rows int) []string {
	w := catalogue(lang)
	out := []string{header(l, w), ""}
	out = append(out, clip(queueTable(l, w).lines(cols), max(2, rows/2), w)...)
	out = append(out, "")
	left := rows - len(out)
	agents, calls := agentTable(l, w).lines(cols), callTable(l, w).lines(cols)
	if len(l.Calls) == 0 {
		calls = append(calls, w.empty)
	}
	// Agents and calls share what is left; the shorter list gives its rest to the other.
	half := max(4, left/2)
	roomAgents := max(half, left-len(calls)-1)
	out = append(out, clip(agents, roomAgents, w)...)
	out = append(out, "")
	out = append(out, clip(calls, max(3, rows-len(out)), w)...)
	for i, line := range out {
		out[i] = fit(line, cols)
	}
	return out[:max(0, min(len(out), rows))]
}

func header(l web.Live, w words) string {
	var bad []string
	for _, p := range l.Health.Parts {
		if !p.OK {
			bad = append(bad, p.Name+": "+p.Detail)
		}
	}
	for _, q := range l.Queues {
		if !q.FiguresFresh {
			bad = append(bad, w.stale)
			break
		}
	}
	health := w.allWell
	if len(bad) > 0 || !l.Health.OK {
		health = "! " + strings.Join(bad, "; ")
	}
	return clean(fmt.Sprintf("%s  %s  %s", l.Site, l.At.Format(time.TimeOnly), health))
}

// queueTable names the formula beside the service level, because two formulas give two
// figures for the same calls.
func queueTable(l web.Live, w words) table {
	formula := w.level
	if len(l.Queues) > 0 && l.Queues[0].Formula != "" {
		formula += " (" + l.Queues[0].Formula + ")"
	}
	t := table{{w.queues, w.waiting, w.longest, w.ready, w.busy, w.offered, w.answered, w.abandoned, formula}}
	for _, q := range l.Queues {
		level := "-"
		if q.ServiceLevel != nil {
			level = fmt.Sprintf("%.1f%%", *q.ServiceLevel)
		}
		level += fmt.Sprintf(" (%d/%ds)", q.Target, q.Threshold/1000)
		waiting := fmt.Sprint(q.Waiting)
		if q.Callbacks > 0 {
			waiting += fmt.Sprintf(" (+%d %s)", q.Callbacks, w.back)
		}
		t = append(t, []string{
			q.Name, waiting, clock(q.LongestWait.Duration()), fmt.Sprint(q.Ready),
			fmt.Sprint(q.Busy), fmt.Sprint(q.Offered), fmt.Sprint(q.Answered), fmt.Sprint(q.Abandoned), level,
		})
	}
	return t
}

func agentTable(l web.Live, w words) table {
	t := table{{w.agents, w.state, w.since, w.caller, w.answered}}
	for _, a := range l.Agents {
		state := w.states[a.State]
		if a.Reason != "" {
			state += " " + a.Reason
		}
		if a.Next != "" {
			state += " (" + w.next + " " + w.states[a.Next] + ")"
		}
		t = append(t, []string{a.Name, state, since(l.At, a.Since), a.Number, fmt.Sprint(a.Answered)})
	}
	return t
}

func callTable(l web.Live, w words) table {
	t := table{{w.calls, w.stage, w.since, w.length, w.agent}}
	for _, c := range l.Calls {
		number := c.Number
		if number == "" {
			number = w.withheld
		}
		if c.GradeName != "" {
			number = c.GradeName + " " + number
		}
		if c.Below {
			number = "! " + number // in this column it is read first, and it is never cut off
		}
		stage := w.stages[c.Stage]
		switch {
		case c.Consulting != "":
			stage = w.asks
		case c.Held:
			stage = w.held
		}
		t = append(t, []string{
			number, stage, clock(l.At.Sub(c.Since)), clock(l.At.Sub(c.Begin)), parties(c, w),
		})
	}
	return t
}

// parties are all who are in a call beside its caller, the one who answers for it first.
func parties(c web.LiveCall, w words) string {
	out := []string{string(c.Agent)}
	for _, p := range c.Parties {
		name := string(p.Agent) + p.Number
		switch {
		case name == string(c.Agent):
			continue
		case !p.Up:
			name += " (" + w.rings + ")"
		}
		out = append(out, name)
	}
	return strings.TrimPrefix(strings.Join(out, ", "), ", ")
}

func clip(lines []string, room int, w words) []string {
	if len(lines) <= room {
		return lines
	}
	keep := max(1, room-1)
	return append(lines[:keep:keep], fmt.Sprintf("  "+w.more, len(lines)-keep))
}

// since is how long something lasts, nothing when it never began: an agent who has not
// signed in since the start is offline for nobody knows how long.
func since(now, begin time.Time) string {
	if begin.IsZero() {
		return "-"
	}
	return clock(now.Sub(begin))
}

// clock shows a length of time as a person reads it off a wall: 1:05, 1:02:03.
func clock(d time.Duration) string {
	s := int(max(0, d) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
