package configs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hotline/call"
)

// maxPriority bounds the priority of a grade on both sides, as the engine does.
const maxPriority = 9

// namePattern is the name of a level or a skill. It begins with a letter, Chinese too, so
// that it cannot be taken for a number.
var namePattern = regexp.MustCompile(`^\pL[\pL\pN_-]{0,31}$`)

const (
	nameRule  = "must be a name: a letter, then letters, digits, hyphens or underscores, not %q"
	levelRule = "must be a name of levels, or a number from 0 to 9, not %q"
)

func (c *Config) checkRouting(r *rules) {
	r.duration("routing.miss_pause", c.Routing.MissPause, time.Second, time.Hour)
	r.must(c.Routing.SuspendAfter >= 0 && c.Routing.SuspendAfter <= 100, "routing.suspend_after",
		"must be from 0 to 100, not %d", c.Routing.SuspendAfter)
	r.must(c.Routing.CallbackTurn >= 2 && c.Routing.CallbackTurn <= 100, "routing.callback_turn",
		"must be from 2 to 100, not %d", c.Routing.CallbackTurn)
	r.duration("routing.priority_worth", c.Routing.PriorityWorth, time.Second, time.Hour)
	for _, name := range slices.Sorted(maps.Keys(c.Levels)) {
		key, n := joinKey("levels", name), c.Levels[name]
		r.must(namePattern.MatchString(name), key, nameRule, name)
		r.must(n >= 1 && n <= maxLevel, key, "must be from 1 to %d, not %d", maxLevel, n)
	}
}

// level adds a problem unless the value is a level.
func (c *Config) mustLevel(r *rules, key string, l Level) {
	_, known := c.LevelOf(l)
	r.must(known, key, levelRule, l)
}

// checkQueueRouting holds the rules of one queue about who may be rung for its callers.
func (c *Config) checkQueueRouting(r *rules, key string, q Queue, queues map[call.QueueID]bool) {
	r.must(q.Skill == "" || namePattern.MatchString(q.Skill), key+".skill", nameRule, q.Skill)
	c.mustLevel(r, key+".min_level", q.MinLevel)
	if q.Skill == "" {
		const needs = "needs a skill: without one all agents of the queue are alike"
		r.must(c.level(q.MinLevel) == 0, key+".min_level", needs)
		r.must(!q.HighestFirst, key+".highest_first", needs)
		r.must(len(q.Widen) == 0, key+".widen", needs)
	}
	c.checkWiden(r, key+".widen", q.Widen)
	helpers := map[call.QueueID]bool{}
	for i, h := range q.Help {
		item := fmt.Sprintf("%s.help[%d]", key, i)
		r.duration(item+".after", h.After, 0, 24*time.Hour)
		r.must(queues[h.Queue], item+".queue", queueRule, h.Queue)
		r.must(h.Queue != q.ID, item+".queue", "must be another queue, not %q itself", q.ID)
		r.must(!helpers[h.Queue], item+".queue", againRule, h.Queue)
		helpers[h.Queue] = true
		r.must(q.MaxWait == 0 || h.After < q.MaxWait, item+".after",
			"must be below max_wait (%s), or nobody ever gets that help", q.MaxWait)
	}
	c.checkLimits(r, key, q)
}

func (c *Config) checkWiden(r *rules, key string, steps []Widen) {
	for i, w := range steps {
		item := fmt.Sprintf("%s[%d]", key, i)
		r.duration(item+".after", w.After, 0, 24*time.Hour)
		r.must(w.Level != "", item+".level", "must be given: the level that is enough from then on")
		c.mustLevel(r, item+".level", w.Level)
		if i > 0 {
			r.must(w.After > steps[i-1].After, item+".after", "must be later than the step before (%s)", steps[i-1].After)
			r.must(c.level(w.Level) < c.level(steps[i-1].Level), item+".level",
				"must be lower than in the step before (%s)", steps[i-1].Level)
		}
	}
}

func (c *Config) checkLimits(r *rules, key string, q Queue) {
	r.must(q.MaxWaiting >= 0 && q.MaxWaiting <= 100_000, key+".max_waiting",
		"must be from 0 to 100000, not %d", q.MaxWaiting)
	r.duration(key+".empty_after", q.EmptyAfter, 0, 24*time.Hour)
	r.duration(key+".worth", q.Worth, 0, time.Hour)
	r.duration(key+".sticky_for", q.StickyFor, 0, maxPast)
	r.duration(key+".sticky_wait", q.StickyWait, 0, time.Hour)
	r.must(q.StickyWait == 0 || q.StickyFor > 0, key+".sticky_wait", "needs a sticky_for: with 0s no caller is kept")
	r.must(q.MaxWait == 0 || q.StickyWait < q.MaxWait, key+".sticky_wait",
		"must be below max_wait (%s), or a caller leaves before anybody else is rung", q.MaxWait)
	r.duration(key+".resume_place", q.ResumePlace, 0, maxPast)
}

// maxPast is how long an earlier call may count. The controller reads as much of the ledger
// at its start.
const maxPast = 24 * time.Hour

func (c *Config) checkGrades(r *rules) {
	ids, numbers := map[string]bool{}, map[string]string{}
	for i, g := range c.Grades {
		key := fmt.Sprintf("grades[%d]", i)
		r.word(key+".id", g.ID)
		r.must(!ids[g.ID], key+".id", againRule, g.ID)
		ids[g.ID] = true
		// The name goes into a SIP header of the agent's leg.
		r.must(!strings.ContainsFunc(g.Name, unicode.IsControl) && utf8.RuneCountInString(g.Name) <= 32, key+".name",
			"must be at most 32 characters in one line, not %q", g.Name)
		c.mustLevel(r, key+".level", g.Level)
		r.must(g.Priority >= -maxPriority && g.Priority <= maxPriority, key+".priority",
			"must be from %d to %d, not %d", -maxPriority, maxPriority, g.Priority)
		r.must(len(g.Numbers) > 0 || g.NumbersFile != "", key+".numbers", "must hold a number, or numbers_file name a file")
		for j, written := range g.Numbers {
			checkNumber(r, fmt.Sprintf("%s.numbers[%d]", key, j), g.ID, written, numbers)
		}
		for _, written := range g.Listed {
			checkNumber(r, key+".numbers_file", g.ID, written, numbers)
		}
	}
}

func checkNumber(r *rules, key, grade, written string, seen map[string]string) {
	n, ok := gradedNumber(written)
	r.must(ok, key, "must be up to 20 digits, with * at the end for all numbers that begin so, not %q", written)
	if !ok {
		return
	}
	other, again := seen[n]
	r.must(!again, key, "must be given once, not again: %q stands in the grade %q", written, other)
	seen[n] = grade
}

// checkReach refuses what would let callers wait for ever although agents are there: a
// level that nobody has who may be rung for them.
func (c *Config) checkReach(r *rules) {
	for i, q := range c.Queues {
		if q.Skill == "" {
			continue
		}
		want := c.level(q.MinLevel)
		if !c.reached(q, want) {
			r.must(false, fmt.Sprintf("queues[%d].min_level", i),
				"must be a level that an agent has in %q, or the queue must widen or have help: nobody has %d", q.Skill, want)
			continue
		}
		for j, g := range c.Grades {
			level := max(want, c.level(g.Level))
			r.must(c.reached(q, level), fmt.Sprintf("grades[%d].level", j),
				"must be a level that an agent has in %q, or queue %q must widen or have help: nobody has %d",
				q.Skill, q.ID, level)
		}
	}
}

// reached says whether some agent is ever enough for callers of the queue who want a level.
func (c *Config) reached(q Queue, level int) bool {
	for _, w := range q.Widen {
		level = min(level, c.level(w.Level))
	}
	if level == 0 || c.served(q, level) {
		return true
	}
	for _, h := range q.Help {
		for _, other := range c.Queues {
			if other.ID == h.Queue && c.served(other, level) {
				return true
			}
		}
	}
	return false
}

// served says whether an agent of the queue has at least that level in its skill.
func (c *Config) served(q Queue, level int) bool {
	if q.Skill == "" {
		return false
	}
	for _, a := range c.Agents {
		if l, has := a.Skills[q.Skill]; has && c.level(l) >= level {
			return true
		}
	}
	return false
}

// checkSkills holds an agent's skills against the queues that ask for them.
func (c *Config) checkSkills(r *rules, key string, a Agent, skills map[string]bool) {
	r.must(len(a.Queues)+len(a.Skills) > 0, key+".queues", "must name at least one queue, or skills one skill")
	for _, skill := range slices.Sorted(maps.Keys(a.Skills)) {
		item := joinKey(key+".skills", skill)
		r.must(skills[skill], item, "must be the skill of one of the queues, not %q", skill)
		c.mustLevel(r, item, a.Skills[skill])
	}
}

func (c *Config) skills() map[string]bool {
	skills := map[string]bool{}
	for _, q := range c.Queues {
		if q.Skill != "" {
			skills[q.Skill] = true
		}
	}
	return skills
}
