package acd

import (
	"cmp"
	"slices"

	"hotline/call"
)

// build makes queues and agents of a config that has no faults.
func (e *Engine) build(cfg Config) {
	for i, c := range cfg.Queues {
		q := &queue{Queue: c, index: i}
		q.timer = newDeadline(q)
		e.queues = append(e.queues, q)
		e.queueByID[c.ID] = q
	}
	for _, q := range e.queues {
		e.addStages(q)
	}
	bySkill := map[Skill][]*queue{}
	for _, q := range e.queues {
		if q.Skill != "" {
			bySkill[q.Skill] = append(bySkill[q.Skill], q)
		}
	}
	for _, c := range cfg.Agents {
		a := &agent{id: c.ID, state: call.Offline, live: e.cfg.CallbackTurn - 1}
		a.timer = newDeadline(a)
		e.seat(a, c, bySkill)
		e.agents = append(e.agents, a)
		e.agentByID[c.ID] = a
	}
	e.addTiers()
}

// addStages puts what waiting changes in the order of time, so that a caller only has to
// know how far he is.
func (e *Engine) addStages(q *queue) {
	for _, w := range q.Widen {
		q.stages = append(q.stages, stage{after: w.After, level: w.Level})
	}
	for _, h := range q.Help {
		helper := e.queueByID[h.Queue]
		helper.helps = append(helper.helps, q)
		q.stages = append(q.stages, stage{after: h.After, helper: helper})
	}
	slices.SortStableFunc(q.stages, func(a, b stage) int { return cmp.Compare(a.after, b.after) })
}

// seat gives an agent his place in each queue he serves, by name or by skill.
func (e *Engine) seat(a *agent, c Agent, bySkill map[Skill][]*queue) {
	var served []*queue
	for _, id := range c.Queues {
		served = append(served, e.queueByID[id])
	}
	for skill := range c.Skills {
		served = append(served, bySkill[skill]...)
	}
	served = sorted(served)
	for _, q := range served {
		a.seats = append(a.seats, &seat{agent: a, queue: q, level: c.Skills[q.Skill], index: outside})
	}
	staffs := slices.Clone(served)
	for _, q := range served {
		staffs = append(staffs, q.helps...)
	}
	a.staffs = slices.DeleteFunc(sorted(staffs), func(q *queue) bool { return q.EmptyAfter == 0 })
}

// sorted puts queues in the order of the config, each once: the order in which a map gives
// the skills must not show.
func sorted(queues []*queue) []*queue {
	slices.SortFunc(queues, func(a, b *queue) int { return cmp.Compare(a.index, b.index) })
	return slices.Compact(queues)
}

// addTiers gives each queue a line and a set of idle agents for each level of its agents.
func (e *Engine) addTiers() {
	for _, a := range e.agents {
		for _, s := range a.seats {
			s.queue.levels = append(s.queue.levels, s.level)
		}
	}
	for _, q := range e.queues {
		slices.Sort(q.levels)
		q.levels = slices.Compact(q.levels)
		q.idle = make([]ordered[*seat], len(q.levels))
		q.lines = make([]ordered[*stand], len(q.levels)+1)
		q.backs = make([]ordered[*stand], len(q.levels)+1)
	}
	for _, a := range e.agents {
		for _, s := range a.seats {
			s.tier = s.queue.tier(s.level)
		}
	}
}
