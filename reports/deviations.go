package reports

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"hotline/call"
)

// Deviance says which agents deviate. The zero value stands for more than 30 % and at least
// 20 talks.
type Deviance struct {
	Percent float64 // by more than which the talk time of an agent differs from his team's
	Talks   int64   // fewer say nothing about an agent
}

// complete fills in defaults.
func (d Deviance) complete() Deviance {
	if d.Percent == 0 {
		d.Percent = 30
	}
	if d.Talks == 0 {
		d.Talks = 20
	}
	return d
}

// Deviation is an agent whose average talk time differs from that of his team (差异人员).
type Deviation struct {
	Agent   call.AgentID
	Team    string
	ATT     Mean    // of the agent
	TeamATT Mean    // of all agents of the team, himself included
	Percent float64 // above 0: he talks longer than his team
}

// deviations compares the agents of a report with their teams; who is in none is compared
// with all others in none. The order is that of the size of the difference.
func deviations(agents map[call.AgentID]Mean, teams map[call.AgentID]string, d Deviance) []Deviation {
	d = d.complete()
	whole := map[string]Mean{}
	for a, m := range agents {
		team := whole[teams[a]]
		whole[teams[a]] = Mean{team.Sum + m.Sum, team.Count + m.Count}
	}
	var found []Deviation
	for _, a := range slices.Sorted(maps.Keys(agents)) {
		own, ok := agents[a].Value()
		team, known := whole[teams[a]].Value()
		if !ok || !known || team == 0 || agents[a].Count < d.Talks {
			continue
		}
		if p := 100 * (own/team - 1); math.Abs(p) > d.Percent {
			found = append(found, Deviation{a, teams[a], agents[a], whole[teams[a]], p})
		}
	}
	slices.SortStableFunc(found, func(a, b Deviation) int {
		return -cmp.Compare(math.Abs(a.Percent), math.Abs(b.Percent))
	})
	return found
}

func (r *Report) deviationsTable(l Lang) table {
	t := table{
		part: DeviationsPart,
		keys: []string{"agent", "team", "talks", "att_ms", "team_talks", "team_att_ms", "difference_pct"},
		heads: []string{
			l.pick("座席", "agent"), l.pick("班组", "team"), l.pick("通话", "talks"), l.pick("平均通话(秒)", "ATT s"),
			l.pick("班组通话", "team's talks"), l.pick("班组平均通话(秒)", "team's ATT s"), l.pick("偏差%", "difference %"),
		},
	}
	var rows [][]cell
	for _, d := range r.Deviations {
		rows = append(rows, []cell{
			text(string(d.Agent)), text(d.Team), count(d.ATT.Count), mean(d.ATT), count(d.TeamATT.Count),
			mean(d.TeamATT),
			{kind: percentCell, f: d.Percent, ok: true},
		})
	}
	t.rows = listed(rows)
	return t
}
